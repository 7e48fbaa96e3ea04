import { explore, explainFailure } from "@mpreg/sim";

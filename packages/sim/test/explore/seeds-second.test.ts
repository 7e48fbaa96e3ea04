/** Generated worlds under all checkers: the other half. (Two files, so that two processors share them.) */
import { testSeeds } from "../support/seeds.js";

testSeeds(1, 2);

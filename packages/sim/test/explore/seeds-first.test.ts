/** Generated worlds under all checkers: the first half of the groups of seeds. */
import { testSeeds } from "../support/seeds.js";

testSeeds(0, 2);

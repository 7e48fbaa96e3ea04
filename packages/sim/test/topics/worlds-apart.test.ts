/** Worlds of topics in which some nodes never get links to some others: the same checks, over neighbours. */
import { planTopicsApart } from "../../src/index.js";
import { testTopics, testWorlds } from "../support/topic-seeds.js";

testTopics(0, 2, planTopicsApart);

// another link to the neighbour took the place of one that was broken: what had been on its way kept the window for ever
testWorlds([47], planTopicsApart);

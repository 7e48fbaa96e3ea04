/** Worlds of topics in which some nodes never get links to some others: the same checks, over neighbours. */
import { planTopicsApart } from "../../src/index.js";
import { testTopics, testWorlds } from "../support/topic-seeds.js";

testTopics(0, 2, planTopicsApart);

// another link to the neighbour took the place of one that was broken: what had been on its way kept the window for ever
testWorlds([47], planTopicsApart);

// a node left while its first messages for another one waited for a link that was never to open: nobody told that one of them
testWorlds([149, 262], planTopicsApart);

// a dial that was to fail was awaited for seconds with each message, until the oldest were dropped
testWorlds([242], planTopicsApart);

// two neighbours of which neither had a way were asked in turn, a thousand times a second; and the numbers got to another process
testWorlds([227], planTopicsApart);

// another link of the neighbour to the node took the place of one that was stalled: what had been on its way kept the window for ever
testWorlds([14], planTopicsApart);

// what is missing before the first message of a subscription is told before its `subscribe` resolves
testWorlds([144], planTopicsApart);

// a node died, left over a broken link, or was started anew, while its first messages for another one were on their way
testWorlds([502, 509, 535, 536, 782], planTopicsApart);

// before nodes had told to whom they have links, a neighbour was asked that had no way either, and dropped what it got: that is no fault of who counts
testWorlds([777, 795], planTopicsApart);

// a node was asked for its backlog that had taken the asker for lost: what it had sent before was told once more
testWorlds([508, 902], planTopicsApart);

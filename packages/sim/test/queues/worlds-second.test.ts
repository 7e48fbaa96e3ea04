/** Worlds of queues under all checks: the other tens of them; and those that have failed once. */
import { testQueueWorlds, testQueues } from "../support/queue-seeds.js";

testQueues(1, 2);

// what was received, or released, while a purge was on its way to the disk left rows behind
testQueueWorlds([117, 123, 173]);

/** Worlds of queues under all checks: the other tens of them; and those that have failed once. */
import { testQueues } from "../support/queue-seeds.js";

testQueues(1, 2);

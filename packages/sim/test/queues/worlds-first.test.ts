/** Worlds of queues under all checks: every other ten of them, so that two processors share them. */
import { testQueues } from "../support/queue-seeds.js";

testQueues(0, 2);

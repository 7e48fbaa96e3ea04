/** Worlds of queues whose dead letters are moved back while nodes go down, and queues are purged and deleted; some are on another node than their queue. */
import { planLetterQueues } from "../../src/index.js";
import { testQueueWorlds, testQueues } from "../support/queue-seeds.js";

testQueues(0, 1, planLetterQueues, 50);
// queues in memory are gone with their node in the end; letters come late; a queue that nobody has subscribed to is handed on to
testQueueWorlds([97, 257, 831], planLetterQueues);

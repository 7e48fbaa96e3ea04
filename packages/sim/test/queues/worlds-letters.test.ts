/** Worlds of queues whose dead letters are moved back while nodes go down, and queues are purged and deleted; some are on another node than their queue. */
import { planLetterQueues } from "../../src/index.js";
import { testQueueWorlds, testQueues } from "../support/queue-seeds.js";

testQueues(0, 1, planLetterQueues, 50);
testQueueWorlds([97, 805], planLetterQueues); // queues in memory are gone with their node in the end

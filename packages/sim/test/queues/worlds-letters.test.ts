/** Worlds of queues whose dead letters are moved back while nodes go down, and queues are purged and deleted; some are on another node than their queue. */
import { planLetterQueues } from "../../src/index.js";
import { testQueues } from "../support/queue-seeds.js";

testQueues(0, 1, planLetterQueues, 50);

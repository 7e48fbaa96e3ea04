/** Worlds of queues in which more is done: batches, messages that wait for others, that somebody waits for, that a node keeps while the owner of their queue is away. */
import { planMoreQueues } from "../../src/index.js";
import { testQueues } from "../support/queue-seeds.js";

testQueues(0, 1, planMoreQueues);

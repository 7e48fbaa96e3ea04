/** Worlds of queues that schedules and topics feed, and functions work off, also for who sends and waits. */
import { planFedQueues } from "../../src/index.js";
import { testQueues } from "../support/queue-seeds.js";

testQueues(0, 1, planFedQueues, 50);

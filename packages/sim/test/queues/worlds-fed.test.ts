/** Worlds of queues that schedules and topics feed, and functions work off, also for who sends and waits. */
import { planFedQueues } from "../../src/index.js";
import { testQueueWorlds, testQueues } from "../support/queue-seeds.js";

testQueues(0, 1, planFedQueues, 50);
testQueueWorlds([250, 815], planFedQueues); // a step of the wall clock had a queue take again what topics had told

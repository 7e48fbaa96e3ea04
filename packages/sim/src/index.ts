/** A simulated world for mpreg: nodes, clients and a network with faults, from one seed. */
export { simulate } from "./simulate.js";
export { settle } from "./check/settle.js";
export { SimulationError } from "./simulation-error.js";

// The parts of a world.
export { type NodeDefinition, World, type WorldOptions } from "./world.js";
export type { FunctionDefinition, NodeMakeup, SimulatedNode } from "./node/node.js";
export type { NodeLimits } from "./node/options.js";
export type { SimulatedClient } from "./client/client.js";
export type { NetworkOptions } from "./network/index.js";
export type { DiskFaults, SimulatedDisk } from "./disk/disk.js";
export type { Faults, Told } from "./faults/faults.js";
export type { SeededRandom } from "./capabilities/random.js";
export type { Observation, Observer, Violation } from "./observation.js";
export type { Trace } from "./trace.js";
export type { CreateMachine, Machine } from "./node/machine.js";

// Generated worlds.
export { type Exploration, type ExploreOptions, explainFailure, explore } from "./explore/explore.js";
export { type RunOptions, type Verdict, runPlan, runSeed } from "./explore/run-seed.js";
export { shrink } from "./explore/shrink.js";
export { type Fault, type FaultKind, applyFaults, scheduleFaults } from "./faults/schedule.js";
export type { Plan } from "./workload/plan.js";
export { planWorld } from "./workload/plan-world.js";

// Chaotic worlds.
export type { ConnectClient, ReconnectingClient } from "./chaos/asks.js";
export { planChaos } from "./chaos/plan-chaos.js";
export type { ChaosPlan } from "./chaos/plan.js";
export { type ChaosOptions, type ChaosVerdict, runChaos } from "./chaos/run-chaos.js";

// Worlds of topics.
export type {
  ConnectTopicsClient,
  TopicsClient,
  TopicsClientHost,
  TopicsMessage,
  TopicsSubscribeOptions,
  TopicsSubscription,
} from "./topics/participants.js";
export { planTopics, planTopicsApart } from "./topics/plan-topics.js";
export type { PlannedPublish, PlannedSubscription, TopicsPlan } from "./topics/plan.js";
export { type TopicsRunOptions, type TopicsVerdict, runTopics } from "./topics/run-topics.js";

// Worlds of queues.
export type { ConnectQueuesClient, QueuesClient, QueuesValue } from "./queues/client.js";
export { planFedQueues } from "./queues/plan-fed.js";
export { planLetterQueues } from "./queues/plan-letters.js";
export { planMoreQueues } from "./queues/plan-more.js";
export { planQueues } from "./queues/plan-queues.js";
export type {
  ClockStep,
  DiskFault,
  Habits,
  PlannedConsumer,
  PlannedFeed,
  PlannedQueue,
  PlannedQueueFunction,
  PlannedSchedule,
  PlannedSend,
  PlannedWork,
  QueuesPlan,
} from "./queues/plan.js";
export { type QueuesRunOptions, type QueuesVerdict, runQueues } from "./queues/run-queues.js";

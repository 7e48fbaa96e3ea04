/**
 * Run queues: one world of queues, from its forming to its quiet, under all checks.
 *
 *     form ─▶ create ─▶ sends, consumers and faults ─▶ heal ─▶ quiet (─▶ revive) ─▶ drain ─▶ verdict ─▶ delete ─▶ empty
 *
 * (X1) The same seed gives the same verdict, trace hash included.
 * (X2) Once all is healed and nothing more is asked, every ask has ended, and every queue gives all that it has.
 * (X3) When all queues are deleted nothing of them is left in any store and any table.
 */
import type { AnyHandler } from "@mpreg/core/handlers";
import { queueTables } from "@mpreg/core/queues";
import { SeededRandom } from "../capabilities/random.js";
import { EmptyTables } from "../check/empty-tables.js";
import { pendingNothing } from "../check/settle.js";
import { applyFaults } from "../faults/schedule.js";
import type { SimulatedNode } from "../node/node.js";
import type { Violation } from "../observation.js";
import { SimulationError } from "../simulation-error.js";
import { World, type WorldOptions } from "../world.js";
import { checkHistory } from "./check-history.js";
import type { ConnectQueuesClient } from "./client.js";
import { workFunction } from "./fed.js";
import { applyClockSteps, applyDiskFaults, restartFailed, startAgain } from "./hits.js";
import { History, type Tell } from "./history.js";
import { Participants } from "./participants.js";
import type { QueuesPlan } from "./plan.js";

export interface QueuesRunOptions extends Partial<Omit<WorldOptions, "seed" | "nodes">> {
  readonly connect: ConnectQueuesClient;
}

export interface QueuesVerdict {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly lines: readonly string[];
  /** Messages that queues have taken, were given out, and were acknowledged. */
  readonly sent: number;
  readonly delivered: number;
  readonly acknowledged: number;
  /** Messages that a node has kept for their queue. */
  readonly spooled: number;
  readonly simulatedMs: number;
}

const formingMsMax = 20_000;
const answerMsMax = 30_000;
/** Until both sides of a link that broke in silence have noticed it (`topics/run-topics.ts`). */
const silenceMsMax = 21_000;
const quietMsMax = 60_000;
/** As long as a node waits at most until it hands on again what it keeps for a queue, and longer. */
const drainMsMax = 120_000;
/** Longer than it takes to ask what has become of a message. */
const resultWithinMs = 5_000;
/** Longer than ids and keys are remembered in any of these worlds. */
const rememberedMsMax = 5_000;

/**
 * What a queue has without a message: itself, the sequences it may use, the redrives and results that it tells of, what it has taken of spools and topics, and
 * which of its messages others have waited for in vain.
 */
const ofQueues: ReadonlySet<string> = new Set([
  "queues",
  "queue-sequences",
  "queue-moves",
  "queue-taken",
  "queue-results",
  "queue-undone",
  "queue-feeds",
]);
/** Whose numbers those of a store are, for ever. */
const ofStores: ReadonlySet<string> = new Set(["queue-spool-state"]);

/** Runs a plan under all checks. */
export async function runQueues(plan: QueuesPlan, { connect, ...options }: QueuesRunOptions): Promise<QueuesVerdict> {
  const limits = { redial: { redialMsMin: 20, redialMsMax: 1_000 }, queues: {} };
  const history = new History(plan);
  const nodes = plan.nodes.map((node) => ({ ...node, functions: functionsOf(plan, node.name, history, () => world) }));
  const world: World = new World({ seed: plan.seed, nodes, limits, ...options });
  const tell: Tell = (guarantee, message) => {
    world.violated(guarantee, message);
  };
  world.observers.add((observation) => {
    if (observation.kind === "node-down") history.down(observation.node, world.nowMs);
  });
  await world.until(() => [...world.nodes.values()].every((node) => isLinked(world, node)), {
    withinMs: formingMsMax,
  });
  const participants = new Participants(world, plan.clients, connect, history, tell);
  try {
    for (const queue of plan.queues) await participants.create(queue, answerMsMax);
    schedule(world, plan, participants);
    await participants.pass(() => false, plan.durationMs);
    await quiet(world, plan, participants, tell);
    if (plan.ending !== undefined) await revive(world, plan, participants);
    await drainAll(world, plan, participants, tell);
    await askAgain(history, participants);
    if (world.violations.length === 0) checkHistory(history, tell);
    if (world.violations.length === 0) await leave(world, plan, participants, history, tell);
    participants.close();
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    if (world.violations.length === 0) tell("goes-on", error.message); // else the world was ended
  }
  return verdictOf(world, history);
}

function isLinked({ nodes }: World, node: SimulatedNode): boolean {
  return node.state === "up" && node.size.peers === nodes.size - 1;
}

function functionsOf(
  { seed, functions = [] }: QueuesPlan,
  node: string,
  history: History,
  world: () => World,
): Record<string, AnyHandler> {
  const here = functions.filter(({ nodes }) => nodes.includes(node));
  return Object.fromEntries(
    here.map((each) => {
      const random = new SeededRandom(seed).split(`function ${each.name} of ${node}`);
      return [each.name, workFunction(each, node, random, history, () => world().nowMs)];
    }),
  );
}

function schedule(world: World, plan: QueuesPlan, participants: Participants): void {
  for (const each of plan.sends) {
    world.after(each.atMs, () => {
      participants.send(each);
    });
  }
  plan.consumers.forEach((each, index) => {
    world.after(each.atMs, () => {
      participants.consume(each, world.random(`consumer ${index}`));
    });
  });
  plan.work.forEach((each, index) => {
    world.after(each.atMs, () => {
      participants.work(each, world.random(`work ${index}`));
    });
  });
  for (const each of plan.schedules ?? []) {
    world.after(each.atMs, () => {
      participants.schedule(each);
    });
  }
  for (const each of plan.publishes ?? []) {
    world.after(each.atMs, () => {
      participants.publish(each);
    });
  }
  applyFaults(world, plan.faults);
  applyDiskFaults(world, plan.diskFaults);
  applyClockSteps(world, plan.clockSteps);
}

/** Heals everything and waits until nothing is under way. (X2) */
async function quiet(world: World, plan: QueuesPlan, participants: Participants, tell: Tell): Promise<void> {
  participants.end();
  restartFailed(world, plan.diskFaults);
  world.heal();
  await participants.pass(() => false, silenceMsMax);
  world.heal(); // who was in the middle of it when it was healed
  if (plan.schedules !== undefined) await participants.awaited(participants.endSchedules(), answerMsMax);
  await participants.pass(() => participants.waiting === 0, quietMsMax);
  if (world.violations.length === 0 && participants.waiting > 0) {
    tell("ends", `${participants.waiting} operations have not ended, though all is quiet`);
  }
}

/** What is gone is created again, and dead letters go back. */
async function revive(world: World, { queues, ending }: QueuesPlan, participants: Participants): Promise<void> {
  await createGone(queues, participants);
  const random = world.random("ending");
  const letters = queues.filter(({ name }) => queues.some(({ settings }) => settings.deadLetter === name));
  for (const queue of letters) {
    const isRestarted = ending?.restarts === true;
    if (isRestarted) {
      world.after(random.between(5, 1_000), () => {
        startAgain(world, queue.owner);
      });
    }
    await participants.awaited(
      participants.redriveAll(queue, isRestarted ? random.integer(20, 100) : undefined),
      drainMsMax,
    );
    await participants.pass(() => [...world.nodes.values()].every((node) => isLinked(world, node)), quietMsMax);
  }
}

async function createGone(queues: QueuesPlan["queues"], participants: Participants): Promise<void> {
  for (const queue of queues) {
    const isGone = await participants.awaited(participants.isGone(queue), answerMsMax);
    if (isGone) await participants.createAgain(queue, answerMsMax);
  }
}

/** (X2) */
async function drainAll(world: World, { queues }: QueuesPlan, participants: Participants, tell: Tell): Promise<void> {
  const left = new Set(queues);
  const drain = async (): Promise<void> => {
    // what one is empty of may have come into one that was looked at before it: all are, once all are in two rounds
    let emptyRounds = 0;
    for (let round = 0; emptyRounds < 2 && round < drainMsMax / 100; round++) {
      const kept = keeps(world); // what is on its way may come behind the look at its queue
      for (const queue of queues) {
        if (await participants.drain(queue)) left.delete(queue);
        else left.add(queue);
      }
      emptyRounds = left.size === 0 && !kept ? emptyRounds + 1 : 0;
    }
  };
  await participants.awaited(drain(), drainMsMax).catch(() => undefined);
  if (keeps(world)) tell("drains", "A node keeps messages for a queue that is there, and has room");
  for (const { name } of left) tell("drains", `Queue "${name}" does not give all that it has`);
}

/** What was kept with what was done. */
async function askAgain({ sent }: History, participants: Participants): Promise<void> {
  const asks = sent.filter(
    ({ keepResult, end }) => keepResult && end.kind === "done" && !end.duplicate && !end.spooled,
  );
  const answered = Promise.all(asks.map((message) => participants.result(message, resultWithinMs, true)));
  await participants.awaited(answered, answerMsMax);
}

/** Whether a node has messages for queues that are elsewhere. */
function keeps({ nodes }: World): boolean {
  return [...nodes.values()].some(({ store }) => (store?.range("queue-spool", { limit: 1 }).length ?? 0) > 0);
}

/** (X3) */
async function leave(
  world: World,
  plan: QueuesPlan,
  participants: Participants,
  history: History,
  tell: Tell,
): Promise<void> {
  await participants.pass(() => false, rememberedMsMax);
  // what a full disk did not take of what is only tidied up is tidied up at the next start
  for (const name of history.troubled) startAgain(world, name);
  await participants.pass(() => [...world.nodes.values()].every((node) => isLinked(world, node)), quietMsMax);
  for (const { name, store } of world.nodes.values()) {
    for (const table of queueTables) {
      if (ofQueues.has(table) || ofStores.has(table)) continue;
      const rows = store?.range(table, { limit: 100 }).length ?? 0;
      if (rows > 0)
        tell("nothing-left", `The store of ${name} has ${rows} rows in "${table}", and its queues are empty`);
    }
  }
  await createGone(plan.queues, participants);
  await drainAll(world, plan, participants, tell);
  if (world.violations.length === 0) checkHistory(history, tell); // what was deleted comes back in none of them
  for (const queue of plan.queues) await participants.awaited(participants.delete(queue), answerMsMax);
  await participants.pass(pendingNothing(world, [new EmptyTables()]), quietMsMax);
  for (const message of new EmptyTables().pending(world)) tell("empty-tables", message);
  for (const { name, store } of world.nodes.values()) {
    for (const table of queueTables) {
      if (ofStores.has(table)) continue;
      const rows = store?.range(table, { limit: 100 }).length ?? 0;
      if (rows > 0) tell("nothing-left", `The store of ${name} has ${rows} rows in "${table}", and no queue`);
    }
  }
}

function verdictOf(world: World, { sent, deliveries }: History): QueuesVerdict {
  const acks = deliveries.flatMap(({ settlings }) =>
    settlings.filter(({ what, end }) => what === "ack" && end.kind === "done"),
  );
  return {
    seed: world.seed,
    violations: world.violations,
    traceHash: world.trace.hash,
    lines: world.trace.lines,
    sent: sent.filter(({ end }) => end.kind === "done").length,
    delivered: deliveries.length,
    acknowledged: acks.length,
    spooled: sent.filter(({ end }) => end.kind === "done" && end.spooled && end.id !== "").length,
    simulatedMs: world.nowMs,
  };
}

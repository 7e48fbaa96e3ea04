/**
 * Run topics: one world of topics, from its forming to its quiet, under all checks.
 *
 *     form ─▶ subscriptions, publishes and faults ─▶ heal ─▶ quiet ─▶ one message of each topic ─▶ all leave ─▶ verdict
 *
 * (X1) The same seed gives the same verdict, trace hash included.
 * (X2) Once it is quiet every node knows what all want: one more message of each topic reaches whoever wants it, once.
 * (X3) When all subscriptions are over nothing of them is left in any table of any node.
 */
import { EmptyTables } from "../check/empty-tables.js";
import { FullMesh } from "../check/full-mesh.js";
import { pendingNothing } from "../check/settle.js";
import type { Checker } from "../check/types.js";
import { applyFaults } from "../faults/schedule.js";
import type { Violation } from "../observation.js";
import { SimulationError } from "../simulation-error.js";
import { World, type WorldOptions } from "../world.js";
import { checkDeliveries, wants } from "./check-deliveries.js";
import { type ConnectTopicsClient, Participants, type PublishedMessage } from "./participants.js";
import { plannedTopics } from "./plan-topics.js";
import type { TopicsPlan } from "./plan.js";
import { SameInterest } from "./same-interest.js";

export interface TopicsRunOptions extends Partial<Omit<WorldOptions, "seed" | "nodes">> {
  readonly connect: ConnectTopicsClient;
}

export interface TopicsVerdict {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly lines: readonly string[];
  /** Messages published, heard, and told as missing by count; times that nobody knew how many. */
  readonly published: number;
  readonly heard: number;
  readonly missed: number;
  readonly unknownGaps: number;
  readonly simulatedMs: number;
}

const formingMsMax = 20_000;
/** Longer than it takes to notice that a link is silent, and to find each other again. */
const quietMsMax = 60_000;
/**
 * Until both sides of a link that broke in silence have noticed it: whoever was asked and has answered is looked at again 10 s after it was
 * asked, and then has 10 s to answer (`link.ts`). Clocks differ a little.
 */
const silenceMsMax = 21_000;

/** Longer than a slow consumer takes for one more message. */
const probeMs = 200;

/** Runs a plan under all checks. */
export async function runTopics(plan: TopicsPlan, { connect, ...options }: TopicsRunOptions): Promise<TopicsVerdict> {
  const limits = { redial: { redialMsMin: 20, redialMsMax: 1_000 }, topics: plan.limits };
  const world = new World({ seed: plan.seed, nodes: plan.nodes, limits, ...options });
  for (const [a, b] of plan.apart ?? []) {
    world.network.path(a, b).block();
    world.network.path(b, a).block();
  }
  const tell = (guarantee: string, message: string): void => {
    world.violated(guarantee, message);
  };
  await world.until(() => [...world.nodes.values()].every(({ size }) => size.peers === plan.nodes.length - 1), {
    withinMs: formingMsMax,
  });
  const participants = new Participants(world, plan.clients, connect, tell, plan.faults.length === 0);
  const clientsAt = (_: World, node: string): number =>
    participants.clients.filter((client) => client.node === node).length;
  const settled: Checker[] = [new FullMesh(clientsAt, plan.apart), new SameInterest(participants)];
  const quiet = async (checkers: readonly Checker[], isQuiet: () => boolean): Promise<void> => {
    const isPending = pendingNothing(world, checkers);
    await participants.pass(() => isPending() && isQuiet(), quietMsMax);
    if (world.violations.length > 0) return;
    for (const each of checkers) for (const message of each.pending?.(world) ?? []) tell(each.guarantee, message);
  };
  try {
    plan.subscriptions.forEach((each, index) => {
      world.after(each.atMs, () => {
        participants.subscribe(index, each);
      });
    });
    for (const each of plan.publishes) {
      world.after(each.atMs, () => {
        participants.publish(each);
      });
    }
    applyFaults(world, plan.faults);
    await participants.pass(() => false, plan.durationMs);
    world.heal();
    participants.isHurried = true;
    await participants.pass(() => false, silenceMsMax);
    await quiet(settled, () => isServed(participants));
    await participants.pass(() => false, 10 * probeMs); // what waits for slow consumers is taken
    // of nodes apart one may ask a neighbour that has not told yet that it has no way to the other either: what it sends there is missing, and told
    const isUndisturbed = plan.faults.length === 0 && plan.apart === undefined;
    const isExact = isUndisturbed && plan.limits.routeBufferMessages === undefined;
    checkDeliveries(participants, { isExact, nowMs: world.nowMs }, tell);
    if (world.violations.length === 0) await probe(participants, tell); // (X2)
    for (const each of participants.subscribers) if (!each.isOver) participants.leave(each);
    await quiet([...settled, new EmptyTables(plan.apart !== undefined)], () => true); // (X3)
    for (const client of participants.clients) client.close();
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    tell("goes-on", error.message);
  }
  return verdictOf(world, participants);
}

/** Whether all has left that was published, and every subscription that is left is served by the whole cluster. */
function isServed({ subscribers, published }: Participants): boolean {
  return (
    published.every(({ state }) => state !== "waits") && subscribers.every(({ isOver, isServed }) => isOver || isServed)
  );
}

/** (X2) */
async function probe(participants: Participants, tell: (guarantee: string, message: string) => void): Promise<void> {
  const { subscribers, clients } = participants;
  const probes: PublishedMessage[] = [];
  for (const client of clients.keys()) {
    for (const topic of plannedTopics) {
      probes.push(...participants.publish({ client, atMs: 0, topic, count: 1, bytes: 0, priority: undefined }));
      await participants.pass(() => false, probeMs);
    }
  }
  const heardBy = (message: PublishedMessage): number[] =>
    subscribers.flatMap(({ heard, index }) =>
      heard.some((each) => each.kind === "message" && each.message === message) ? [index] : [],
    );
  for (const message of probes) {
    const heard = heardBy(message);
    const wanting = subscribers.filter((each) => !each.isOver && wants(each, message));
    const groups = new Set(wanting.flatMap(({ plan }) => plan.group ?? []));
    const wanted = wanting.filter(({ plan }) => plan.group === undefined).length + groups.size;
    if (heard.length === wanted) continue;
    const text = `A message of "${message.topic}" at ${message.node ?? "no node"} reaches ${heard.length} subscriptions (${heard.join()})`;
    tell("same-interest", `${text}, not ${wanted}, though all is quiet`);
  }
}

function verdictOf(world: World, { published, subscribers }: Participants): TopicsVerdict {
  const all = subscribers.flatMap(({ heard }) => heard);
  const told = all.flatMap((each) => (each.kind === "missed" ? [each.count] : []));
  return {
    seed: world.seed,
    violations: world.violations,
    traceHash: world.trace.hash,
    lines: world.trace.lines,
    published: published.length,
    heard: all.length - told.length,
    missed: told.filter((count) => count < Infinity).reduce((sum, count) => sum + count, 0),
    unknownGaps: told.filter((count) => count === Infinity).length,
    simulatedMs: world.nowMs,
  };
}

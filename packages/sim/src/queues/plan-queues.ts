/**
 * Plan queues: a whole world of queues from one seed.
 *
 * (P1) Every fourth world has no faults: there nothing may be refused but for a reason of its own.
 * (P2) Each part is drawn from a stream of its own: leaving one out changes none of the others.
 * (P3) Every time that a queue knows is short: a world lives through many of each.
 */
import type { Guarantee, QueueSettings } from "@mpreg/core/queues";
import { SeededRandom } from "../capabilities/random.js";
import { type Fault, type FaultKind, scheduleFaults } from "../faults/schedule.js";
import type {
  ClockStep,
  DiskFault,
  PlannedConsumer,
  PlannedQueue,
  PlannedSend,
  PlannedWork,
  QueuesPlan,
} from "./plan.js";

const names = ["a", "b", "c", "d", "e"];
const subscriptionNames = ["x", "y", "z"];
const groups = ["g1", "g2", "g3"];

/** What consumers of one subscription have in common. */
interface Line {
  readonly queue: PlannedQueue;
  readonly subscription: string | undefined;
}

export function planQueues(seed: number): QueuesPlan {
  const random = new SeededRandom(seed);
  const durationMs = random.between(4_000, 8_000);
  const nodes = names.slice(0, random.integer(3, 5)).map((name, index) => {
    const of = random.split(`node ${name}`); // (P2)
    return { name, peers: names.slice(0, 2).filter((other) => other !== name), store: index === 0 || of.chance(0.7) };
  });
  const known = nodes.map(({ name }) => name);
  const clients = Array.from({ length: random.integer(2, 5) }, (_, index) => {
    const of = random.split(`client ${index}`);
    return { name: `client-${index}`, nodes: of.shuffled(known).slice(0, of.integer(2, 3)) };
  });
  const queues = Array.from({ length: random.integer(2, 4) }, (_, index) =>
    planQueue(random.split(`queue ${index}`), index, nodes),
  ).flat();
  const fed = queues.filter(({ name }) => !isDeadName(name));
  const lines = queues.flatMap((queue): Line[] =>
    queue.subscriptions.length === 0
      ? [{ queue, subscription: undefined }]
      : queue.subscriptions.map((subscription) => ({ queue, subscription })),
  );
  const isCalm = seed % 4 === 0; // (P1)
  return {
    seed,
    nodes,
    clients,
    queues,
    sends: Array.from({ length: random.integer(40, 110) }, (_, index) =>
      planSend(random.split(`send ${index}`), fed, clients.length, durationMs),
    ),
    consumers: lines.flatMap((line, index) =>
      planConsumers(random.split(`consumers ${index}`), line, clients.length, durationMs),
    ),
    work: planWork(random.split("work"), queues, clients.length, durationMs),
    faults: isCalm
      ? []
      : planFaults(
          random.split("faults"),
          known,
          clients.map(({ name }) => name),
          durationMs,
        ),
    diskFaults: isCalm
      ? []
      : planDiskFaults(
          random.split("disks"),
          nodes.filter(({ store }) => store).map(({ name }) => name),
          durationMs,
        ),
    clockSteps: isCalm ? [] : planClockSteps(random.split("clocks"), known, durationMs),
    durationMs,
  };
}

const deadSuffix = "-dead";
const isDeadName = (name: string): boolean => name.endsWith(deadSuffix);

/** A queue, and that of its dead letters before it, on the same node. */
function planQueue(random: SeededRandom, index: number, nodes: QueuesPlan["nodes"]): PlannedQueue[] {
  const withStore = nodes.filter(({ store }) => store);
  const durable = random.chance(0.85);
  const { name: owner } = random.pick(durable ? withStore : nodes);
  const name = `q${index}`;
  const guarantee = random.pick<Guarantee>([
    ...Array<Guarantee>(7).fill({ kind: "at-least-once" }),
    { kind: "broadcast" },
    { kind: "quorum", needed: 2 },
    durable ? { kind: "broadcast" } : { kind: "fire-and-forget" },
  ]);
  const hasSubscriptions = guarantee.kind === "broadcast" || guarantee.kind === "quorum";
  const hasDeadLetters = guarantee.kind !== "fire-and-forget" && random.chance(0.4);
  const maxMs = random.integer(60, 400);
  const settings: Partial<QueueSettings> = {
    durable: guarantee.kind === "fire-and-forget" ? false : durable,
    guarantee,
    order: random.pick(["standard", "fifo", "fifo", "priority"]),
    visibilityMs: random.integer(150, 1_200), // (P3)
    delayMs: random.chance(0.15) ? random.integer(20, 300) : 0,
    keyWindowMs: 3_000,
    ...(random.chance(0.4) && { retry: { baseMs: 50, maxMs, jitter: random.chance(0.5) } }),
    ...(hasDeadLetters && { maxReceives: random.integer(1, 4), deadLetter: `${name}${deadSuffix}` }),
    ...(random.chance(0.4) && {
      dedup: { windowMs: random.integer(800, 3_000), scope: random.pick(["queue", "group"]), byContent: false },
    }),
    ...(random.chance(0.3) && {
      messagesMax: random.integer(5, 40),
      overflow: random.pick(["reject", "reject", "drop-oldest"]),
    }),
    ...(random.chance(0.1) && { ttlMs: random.integer(800, 3_000) }),
    ...(random.chance(0.1) && { rate: { perSecond: random.integer(50, 300), burst: random.integer(1, 20) } }),
  };
  const subscriptions = hasSubscriptions ? subscriptionNames.slice(0, random.integer(2, 3)) : [];
  const queue = { name, owner, settings, subscriptions };
  if (!hasDeadLetters) return [queue];
  const dead = {
    durable: settings.durable === true,
    order: settings.order ?? "standard",
    visibilityMs: 400,
    keyWindowMs: 3_000,
  };
  return [{ name: `${name}${deadSuffix}`, owner, settings: dead, subscriptions: [] }, queue];
}

function planSend(
  random: SeededRandom,
  queues: readonly PlannedQueue[],
  clients: number,
  durationMs: number,
): PlannedSend {
  const { name, settings } = random.pick(queues);
  return {
    client: random.integer(0, clients - 1),
    atMs: random.between(0, durationMs),
    queue: name,
    count: random.chance(0.3) ? random.integer(2, 12) : 1,
    bytes: random.chance(0.1) ? random.integer(500, 4_000) : random.integer(0, 60),
    group: random.chance(settings.order === "fifo" ? 0.9 : 0.3) ? random.pick(groups) : undefined,
    dedup: settings.dedup !== undefined && random.chance(0.5) ? `d${random.integer(1, 4)}` : undefined,
    idempotencyKey: random.chance(0.06) ? `k${random.integer(1, 3)}` : undefined,
    priority: random.chance(0.3) ? random.integer(0, 9) : undefined,
    delayMs: random.chance(0.1) ? random.integer(10, 800) : undefined,
  };
}

function planConsumers(random: SeededRandom, line: Line, clients: number, durationMs: number): PlannedConsumer[] {
  const { queue, subscription } = line;
  const isDead = isDeadName(queue.name);
  const visibilityMs = queue.settings.visibilityMs ?? 400;
  return Array.from({ length: isDead ? random.integer(0, 1) : random.integer(1, 3) }, (_, index) => {
    const of = random.split(`consumer ${index}`);
    const atMs = of.between(0, durationMs * 0.5);
    return {
      client: of.integer(0, clients - 1),
      queue: queue.name,
      subscription,
      atMs,
      forMs: of.chance(0.7) ? durationMs - atMs : of.between(100, durationMs - atMs),
      max: of.chance(0.5) ? 1 : of.integer(2, 10),
      waitMs: of.pick([0, 200, 1_000, 5_000]),
      visibilityMs: of.chance(0.2) ? of.integer(100, 1_500) : undefined,
      takesMs: [0, of.chance(0.3) ? visibilityMs : of.integer(1, 60)],
      habits: {
        release: of.pick([0, 0.1, 0.3]),
        forget: of.pick([0, 0.1, 0.3]),
        extend: of.pick([0, 0.1]),
        late: of.pick([0, 0.1]),
      },
    };
  });
}

function planWork(
  random: SeededRandom,
  queues: readonly PlannedQueue[],
  clients: number,
  durationMs: number,
): PlannedWork[] {
  const work: PlannedWork[] = [];
  for (const { name } of queues) {
    const of = random.split(name);
    const chances: Readonly<Partial<Record<PlannedWork["what"], number>>> = isDeadName(name)
      ? { purge: 0, delete: 0, redrive: 0.7, update: 0, stats: 1 }
      : { purge: 0.15, delete: 0.08, redrive: 0, update: 0.2, stats: 1 };
    for (const [what, chance] of Object.entries(chances) as [PlannedWork["what"], number][]) {
      const times = of.chance(chance) ? (what === "stats" ? 12 : what === "redrive" ? of.integer(1, 4) : 1) : 0;
      for (let time = 0; time < times; time++) {
        work.push({
          client: of.integer(0, clients - 1),
          atMs: of.between(durationMs * 0.1, durationMs),
          queue: name,
          what,
        });
      }
    }
  }
  return work;
}

function planFaults(
  random: SeededRandom,
  nodes: readonly string[],
  clients: readonly string[],
  durationMs: number,
): Fault[] {
  const links: FaultKind[] = ["cut", "cut", "partition", "one-way", "stall", "slow", "slow-reader"];
  const hits: FaultKind[] = ["crash", "crash", "crash", "pause", "close", "drain"];
  const drawn = (label: string, count: number, kinds: readonly FaultKind[]): Fault[] => {
    const options = { nodes, clients, count, fromMs: 300, untilMs: durationMs, kinds };
    return scheduleFaults(random.split(label), options);
  };
  const all = [
    ...drawn("links", random.chance(0.6) ? random.integer(1, 6) : 0, links),
    ...drawn("hits", random.chance(0.7) ? random.integer(1, 4) : 0, hits),
  ];
  return all.sort((a, b) => a.atMs - b.atMs);
}

function planDiskFaults(random: SeededRandom, nodes: readonly string[], durationMs: number): DiskFault[] {
  if (random.chance(0.5)) return [];
  return Array.from({ length: random.integer(1, 3) }, (_, index): DiskFault => {
    const of = random.split(`fault ${index}`);
    const when = { atMs: of.between(0, durationMs), node: of.pick(nodes), forMs: of.between(50, 2_500) };
    switch (of.pick(["full", "full", "slow", "slow", "failing"] as const)) {
      case "full":
        return { ...when, kind: "full", spareBytes: of.integer(0, 4_000) };
      case "slow":
        return { ...when, kind: "slow", syncMs: [of.between(1, 50), of.between(50, 600)] };
      case "failing":
        return {
          ...when,
          kind: "failing",
          appendFailureRatio: of.pick([0, 0.1, 1]),
          syncFailureRatio: of.pick([0.1, 1]),
        };
    }
  });
}

function planClockSteps(random: SeededRandom, nodes: readonly string[], durationMs: number): ClockStep[] {
  if (random.chance(0.7)) return [];
  return Array.from({ length: random.integer(1, 3) }, (_, index) => {
    const of = random.split(`step ${index}`);
    const byMs = of.pick([-3_600_000, -1_000, 1_000, 3_600_000]);
    return { atMs: of.between(0, durationMs), node: of.pick(nodes), byMs };
  });
}

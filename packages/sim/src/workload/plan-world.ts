/**
 * Plan world: a whole generated world from one seed: nodes, resources, limits, network, clients, asks and faults.
 *
 * (W1) Every behaviour is offered somewhere, so that what calls what by name finds it.
 * (W2) A third of the worlds is left undisturbed: there every ask must end exactly as evaluated.
 * (W3) Clocks are wrong and are set in any world: nobody may notice.
 */
import { SeededRandom } from "../capabilities/random.js";
import { scheduleFaults } from "../faults/schedule.js";
import type { NetworkOptions } from "../network/index.js";
import type { NodeLimits } from "../node/options.js";
import { behaviours } from "./functions.js";
import type { Plan, PlannedChange, PlannedClient, PlannedClockStep, PlannedFunction, PlannedNode } from "./plan.js";
import { planAsks } from "./requests.js";
import type { PlannedVandal } from "./vandal.js";

const clockStepMsMax = 24 * 3_600_000;

const allResources = ["gpu", "raw-data", "model-a", "disk"];

export function planWorld(seed: number): Plan {
  const random = new SeededRandom(seed);
  const nodes = planNodes(random.split("nodes"), random.split("clock rates"));
  const names = nodes.map(({ name }) => name);
  const durationMs = random.between(300, 1_500);
  const changes = planChanges(random.split("changes"), names, durationMs);
  const clients = planClients(random.split("clients"), names, durationMs);
  const disturbed = random.chance(0.67); // (W2)
  const { limits, mayEndWith } = planLimits(random.split("limits"));
  const formed = random.chance(0.8);
  const clientNames = clients.map(({ name }) => name);
  return {
    seed,
    nodes,
    clients,
    changes,
    asks: planAsks(random.split("asks"), {
      nodes,
      passing: namesOf(changes, (untilMs) => untilMs !== Infinity),
      late: namesOf(changes, (untilMs) => untilMs === Infinity),
      askers: [...clientNames, ...clientNames, ...names.filter(() => random.chance(0.2))],
      count: random.integer(6, 24),
      durationMs,
      early: !formed,
    }),
    faults: disturbed
      ? scheduleFaults(random.split("faults"), {
          nodes: names,
          clients: clientNames,
          count: random.chance(0.15) ? random.integer(6, 15) : random.integer(1, 6),
          fromMs: 0,
          untilMs: durationMs,
        })
      : [],
    vandals: planVandals(random.split("vandals"), names, durationMs),
    clockSteps: planClockSteps(random.split("clock steps"), names, durationMs), // (W3)
    limits,
    network: planNetwork(random.split("network"), limits),
    formed,
    durationMs,
    // who asks before the nodes know each other may hear that nobody offers what is asked for
    mayEndWith: formed ? mayEndWith : [...mayEndWith, "no-provider", "handler-error"],
  };
}

function planNodes(random: SeededRandom, clockRates: SeededRandom): PlannedNode[] {
  const count = random.chance(0.1) ? random.integer(6, 8) : random.integer(3, 5);
  const names = Array.from({ length: count }, (_, index) => String.fromCharCode(97 + index));
  const functions = new Map<string, PlannedFunction[]>(names.map((name) => [name, []]));
  for (const behaviour of behaviours) {
    const share = random.between(0.2, 0.9);
    const offering = names.filter(() => random.chance(share));
    for (const name of offering.length === 0 ? [random.pick(names)] : offering) {
      // (W1)
      const resources = allResources.filter(() => random.chance(0.15));
      functions.get(name)?.push({ fun: behaviour, behaviour, resources });
    }
  }
  const everybodyKnows = random.next();
  const clocksDrift = clockRates.chance(0.4); // (W3)
  return names.map((name, index) => ({
    name,
    resources: allResources.filter(() => random.chance(0.2)),
    peers: planPeers(random, names, index, everybodyKnows),
    functions: functions.get(name) ?? [],
    clockRate: clocksDrift ? clockRates.between(0.99, 1.01) : 1,
  }));
}

/** All know all, all know the first, or each knows the one before. */
function planPeers(random: SeededRandom, names: readonly string[], index: number, shape: number): string[] {
  if (shape < 0.3) return names.filter((_, other) => other !== index);
  if (shape < 0.4) return [...names]; // itself included
  if (index === 0) return random.chance(0.3) ? [random.pick(names)] : [];
  return [shape < 0.8 ? (names[0] as string) : (names[index - 1] as string)];
}

function planChanges(random: SeededRandom, names: readonly string[], durationMs: number): PlannedChange[] {
  return Array.from({ length: random.integer(0, 4) }, (_, index) => {
    const stays = random.chance(0.4);
    const fromMs = random.between(0, durationMs);
    return {
      node: random.pick(names),
      fun: { fun: stays ? `late-${index}` : `passing-${index % 2}`, behaviour: "mix", resources: [] },
      fromMs,
      untilMs: stays ? Infinity : fromMs + random.between(1, durationMs),
    };
  });
}

function namesOf(changes: readonly PlannedChange[], wanted: (untilMs: number) => boolean): string[] {
  return [...new Set(changes.filter(({ untilMs }) => wanted(untilMs)).map(({ fun }) => fun.fun))];
}

function planClients(random: SeededRandom, names: readonly string[], durationMs: number): PlannedClient[] {
  return Array.from({ length: random.integer(1, 3) }, (_, index) => ({
    name: `client-${index + 1}`,
    node: random.pick(names),
    moves: random.chance(0.4) ? [{ atMs: random.between(0, durationMs), node: random.pick(names) }] : [],
  }));
}

function planVandals(random: SeededRandom, names: readonly string[], durationMs: number): PlannedVandal[] {
  if (random.chance(0.75)) return [];
  return Array.from({ length: random.integer(1, 4) }, () => {
    return { atMs: random.between(0, durationMs), node: random.pick(names), frames: random.integer(1, 15) };
  });
}

function planClockSteps(random: SeededRandom, names: readonly string[], durationMs: number): PlannedClockStep[] {
  if (random.chance(0.6)) return [];
  return Array.from({ length: random.integer(1, 4) }, () => {
    return {
      atMs: random.between(0, durationMs),
      node: random.pick(names),
      byMs: random.between(-1, 1) * clockStepMsMax,
    };
  });
}

function planLimits(random: SeededRandom): { readonly limits: NodeLimits; readonly mayEndWith: readonly string[] } {
  const mayEndWith: string[] = [];
  const narrow = random.chance(0.15);
  if (narrow) mayEndWith.push("overloaded", "handler-error");
  const shortQueue = random.chance(0.12);
  // a link whose queue overflows is ended, with all that runs behind it
  if (shortQueue) mayEndWith.push("overloaded", "handler-error", "deadline", "no-provider", "node-lost");
  const small = random.chance(0.1);
  if (small) mayEndWith.push("too-large", "handler-error");
  const limits: NodeLimits = {
    link: {
      // quick to notice silence, so that a world is over soon
      pingIntervalMs: 300,
      silenceMsMax: 1_000,
      handshakeTimeoutMs: 1_000,
      windowBytes: random.chance(0.3) ? random.integer(500, 20_000) : 16 * 1024 * 1024,
      ...(shortQueue ? { queueBytesMax: random.integer(2_000, 30_000) } : {}),
    },
    wire: small ? { messageBytesMax: random.integer(8_000, 30_000) } : {},
    redial: { redialMsMin: 20, redialMsMax: 400 },
    rpc: {
      timeoutMs: 6_000,
      depthMax: 6,
      ...(small ? { resultBytesMax: random.integer(20_000, 100_000) } : {}),
      ...(narrow ? { executionsMax: random.integer(2, 6), asksPerLinkMax: random.integer(2, 8) } : {}),
    },
  };
  return { limits, mayEndWith };
}

function planNetwork(random: SeededRandom, { link }: NodeLimits): Partial<NetworkOptions> {
  const minMs = random.between(0.05, 3);
  // a short queue never overflows behind a buffer that takes everything
  const shortQueue = link?.queueBytesMax !== undefined;
  const backPressure = random.chance(0.3) || shortQueue;
  return {
    latencyMs: [minMs, minMs * random.between(1, 5)],
    dialTimeoutMs: 800,
    openingMs: 0.8,
    ...(backPressure || random.chance(0.1) ? { bytesPerMs: random.integer(50, shortQueue ? 300 : 5_000) } : {}),
    ...(backPressure ? { sendBufferBytes: random.integer(0, 10_000) } : {}),
  };
}

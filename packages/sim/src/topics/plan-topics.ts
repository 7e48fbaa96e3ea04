/**
 * Plan topics: a whole world of topics from one seed.
 *
 * (P1) Every third world has no faults: there nothing may be missing that no slow consumer has lost.
 * (P2) Each part is drawn from a stream of its own: leaving one out changes none of the others.
 * (P3) All patterns are in normal form, so that what nodes tell each other can be counted.
 */
import type { Overflow, TopicsLimits } from "@mpreg/core/topics";
import type { SeededRandom } from "../capabilities/random.js";
import { SeededRandom as Seeded } from "../capabilities/random.js";
import { planChaosFaults } from "../chaos/faults.js";
import { type Fault, scheduleFaults } from "../faults/schedule.js";
import type { PlannedPublish, PlannedSubscription, TopicsPlan } from "./plan.js";

const nodes = ["a", "b", "c", "d", "e"];

export const plannedTopics: readonly string[] = ["a", "a.b", "a.c", "a.b.c", "d", "d.b"];

const patterns = ["a", "a.*", "a.#", "#", "*.b", "#.c", "d.#", "a.b.#", "d"]; // (P3)

export function planTopics(seed: number): TopicsPlan {
  const random = new Seeded(seed);
  const durationMs = random.between(6_000, 12_000);
  const clients = Array.from({ length: random.integer(3, 6) }, (_, index) => {
    const known = random.split(`client ${index}`); // (P2)
    return { name: `client-${index}`, nodes: known.shuffled(nodes).slice(0, known.integer(2, 4)) };
  });
  const names = clients.map(({ name }) => name);
  const hasPriorities = random.chance(0.15);
  return {
    seed,
    nodes: nodes.map((name) => {
      const others = nodes.filter((other) => other !== name);
      return { name, peers: random.split(`peers ${name}`).shuffled(others).slice(0, 3) };
    }),
    limits: planLimits(random.split("limits")),
    clients,
    subscriptions: Array.from({ length: random.integer(4, 14) }, (_, index) =>
      planSubscription(random.split(`subscription ${index}`), clients.length, durationMs),
    ),
    publishes: Array.from({ length: random.integer(40, 160) }, (_, index) =>
      planPublish(random.split(`publish ${index}`), clients.length, durationMs, hasPriorities),
    ),
    faults: seed % 3 === 0 ? [] : planFaults(random.split("faults"), names, durationMs), // (P1)
    durationMs,
  };
}

/** The same world, in which some nodes never get links to some others; every two of them have a neighbour in common. */
export function planTopicsApart(seed: number): TopicsPlan {
  const random = new Seeded(seed).split("apart");
  const [first, second, third, fourth] = random.shuffled(nodes) as [string, string, string, string];
  const apart: (readonly [string, string])[] = [[first, second]];
  if (random.chance(0.5)) apart.push(random.chance(0.5) ? [third, fourth] : [first, third]);
  return { ...planTopics(seed), apart };
}

function planLimits(random: SeededRandom): Partial<TopicsLimits> {
  if (random.chance(0.5)) return {};
  return {
    routeWindowBytes: random.integer(100, 2_000),
    routeBufferMessages: random.pick([3, 20, 100_000]),
  };
}

function planSubscription(random: SeededRandom, clients: number, durationMs: number): PlannedSubscription {
  const isSlow = random.chance(0.3);
  const atMs = random.chance(0.6) ? random.between(0, 500) : random.between(0, durationMs * 0.8);
  return {
    client: random.integer(0, clients - 1),
    atMs,
    forMs: random.chance(0.3) ? random.between(100, durationMs - atMs) : undefined,
    patterns: random.shuffled(patterns).slice(0, random.integer(1, 3)),
    group: random.chance(0.3) ? random.pick(["first", "second"]) : undefined,
    backlog: random.chance(0.25) ? random.pick(["last", 20, { ageMs: 2_000 }] as const) : undefined,
    overflow: random.pick<Overflow>(["drop-oldest", "drop-oldest", "drop-newest", "block-publisher", "disconnect"]),
    bufferMessages: isSlow ? random.integer(1, 30) : undefined,
    windowBytes: isSlow ? random.integer(1, 500) : undefined,
    takesMs: isSlow ? random.between(1, 150) : 0,
  };
}

function planPublish(
  random: SeededRandom,
  clients: number,
  durationMs: number,
  hasPriorities: boolean,
): PlannedPublish {
  return {
    client: random.integer(0, clients - 1),
    atMs: random.between(300, durationMs),
    topic: random.pick(plannedTopics),
    count: random.chance(0.2) ? random.integer(2, 30) : 1,
    bytes: random.chance(0.1) ? random.integer(1_000, 20_000) : random.integer(0, 60),
    priority: hasPriorities ? random.integer(0, 9) : undefined,
  };
}

function planFaults(random: SeededRandom, clients: readonly string[], durationMs: number): Fault[] {
  const links = scheduleFaults(random.split("links"), {
    nodes,
    clients,
    count: random.integer(0, 6),
    fromMs: 500,
    untilMs: durationMs,
    kinds: ["cut", "one-way", "stall", "slow", "slow-reader"],
  });
  const hits = random.chance(0.6) ? planChaosFaults(random.split("hits"), nodes, clients, durationMs) : [];
  return [...links, ...hits].sort((a, b) => a.atMs - b.atMs);
}

/**
 * Plan chaos: a whole chaotic world from one seed.
 *
 * (P1) Each function is offered by four nodes of the seven at least.
 * (P2) Each node is told of three others: one that starts again knows that it is not alone.
 */
import { SeededRandom } from "../capabilities/random.js";
import { planChaosFaults } from "./faults.js";
import { chaosFunctions, streamFunctions } from "./functions.js";
import type { ChaosClient, ChaosPlan } from "./plan.js";
import { planChaosAsks } from "./requests.js";

const names = ["a", "b", "c", "d", "e", "f", "g"];
const offersMin = 4;
const asksPerSecond = 12;

/** `count`: how many requests. */
export function planChaos(seed: number, count: number): ChaosPlan {
  const random = new SeededRandom(seed);
  const durationMs = (count / asksPerSecond) * 1_000;
  const clients = planClients(random.split("clients"), durationMs);
  const clientNames = clients.map(({ name }) => name);
  return {
    seed,
    nodes: planNodes(random.split("nodes")),
    clients,
    asks: planChaosAsks(random.split("asks"), { count, clients: clients.length, durationMs, nodes: names }),
    faults: planChaosFaults(random.split("faults"), names, clientNames, durationMs),
    durationMs,
  };
}

function planNodes(random: SeededRandom): ChaosPlan["nodes"] {
  const offered = [...chaosFunctions, ...Object.values(streamFunctions)].map((fun) => {
    const offering = new Set(random.shuffled(names).slice(0, random.integer(offersMin, names.length))); // (P1)
    return { fun, offering };
  });
  return names.map((name) => ({
    name,
    peers: random.shuffled(names.filter((other) => other !== name)).slice(0, 3), // (P2)
    functions: offered.flatMap(({ fun, offering }) => (offering.has(name) ? [fun] : [])),
  }));
}

function planClients(random: SeededRandom, durationMs: number): ChaosClient[] {
  return Array.from({ length: random.integer(3, 6) }, (_, index) => ({
    name: `client-${index}`,
    nodes: random.shuffled(names).slice(0, random.integer(3, 5)),
    leavesMs: index > 2 ? random.between(0, durationMs) : undefined,
  }));
}

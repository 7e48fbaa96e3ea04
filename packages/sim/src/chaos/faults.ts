/**
 * Faults of a chaotic world: nodes are killed, frozen, cut off, drained and come back; and links break beside.
 *
 * (F1) At most two nodes are hit at a time, and one that was has time to come back before the next is: of the four nodes
 *      at least that offer a function, one lives.
 * (F2) Each fault is drawn from a stream of its own.
 */
import type { SeededRandom } from "../capabilities/random.js";
import type { Told } from "../faults/faults.js";
import type { Fault } from "../faults/schedule.js";

/** How long a node may take to be one of the cluster again. (F1) */
const recoveryMs = 3_000;

export function planChaosFaults(
  random: SeededRandom,
  nodes: readonly string[],
  clients: readonly string[],
  durationMs: number,
): Fault[] {
  const order = random.shuffled(nodes);
  const half = Math.ceil(order.length / 2);
  const lanes = [order.slice(0, half), order.slice(half)]; // (F1)
  const hits = lanes.flatMap((lane, index) =>
    planLane(random.split(`lane ${index}`), lane, nodes, clients, durationMs),
  );
  const cuts = Array.from({ length: random.integer(0, 12) }, (_, index) => {
    return drawCut(random.split(`cut ${index}`), nodes, clients, durationMs); // (F2)
  });
  return [...hits, ...cuts].sort((a, b) => a.atMs - b.atMs);
}

/** One node after the other is hit. */
function planLane(
  random: SeededRandom,
  lane: readonly string[],
  nodes: readonly string[],
  clients: readonly string[],
  durationMs: number,
): Fault[] {
  const faults: Fault[] = [];
  let atMs = random.between(100, 3_000);
  for (let index = 0; atMs < durationMs; index++) {
    const { fault, forMs } = drawHit(random.split(`hit ${index}`), random.pick(lane), nodes, clients, atMs);
    faults.push(fault);
    atMs += forMs + recoveryMs + random.between(0, 2_000);
  }
  return faults;
}

function drawHit(
  random: SeededRandom,
  node: string,
  nodes: readonly string[],
  clients: readonly string[],
  atMs: number,
): { readonly fault: Fault; readonly forMs: number } {
  const forMs = random.chance(0.5) ? random.between(20, 1_000) : random.between(1_000, 9_000);
  const others = nodes.filter((other) => other !== node);
  const kind = random.pick(["crash", "crash", "pause", "pause", "drain", "close", "cut-off", "one-way"] as const);
  switch (kind) {
    case "crash": {
      const fault = { kind, atMs, node, silent: random.chance(0.4), keepKey: random.chance(0.5), forMs };
      return { fault, forMs };
    }
    case "pause":
    case "close":
      return { fault: { kind, atMs, node, forMs }, forMs };
    case "drain": {
      const graceMs = random.integer(100, 4_000);
      return { fault: { kind, atMs, node, graceMs, forMs }, forMs: graceMs + forMs };
    }
    case "cut-off": {
      // from all other nodes, and sometimes from its clients
      const rest = random.chance(0.5) ? [...others, ...clients] : others;
      const briefMs = Math.min(forMs, 3_000);
      return { fault: { kind: "partition", atMs, groups: [[node], rest], forMs: briefMs }, forMs: briefMs };
    }
    case "one-way": {
      const [from, to] = random.chance(0.5) ? [node, random.pick(others)] : [random.pick(others), node];
      return { fault: { kind, atMs, from, to, forMs }, forMs };
    }
  }
}

function drawCut(
  random: SeededRandom,
  nodes: readonly string[],
  clients: readonly string[],
  durationMs: number,
): Fault {
  const [a = "", other = ""] = random.shuffled(nodes);
  const b = random.chance(0.4) ? random.pick(clients) : other;
  const told = random.pick<Told>(["both", "both", "one", "neither"]);
  return { kind: "cut", atMs: random.between(0, durationMs), a, b, told };
}

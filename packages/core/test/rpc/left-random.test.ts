/** Handlers on four nodes that call each other at random, and end before what they have called: what is left when clients go. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { Mesh } from "../support/mesh.js";
import { type MeshNode, byHand } from "../support/mesh-node.js";
import { seeded } from "../support/random.js";

const names = ["a", "b", "c", "d"];
const long = { timeoutMs: 600_000 };
const depthMax = 5;
const failure = new MpregError("handler-error", "it hurts", { outcome: "applied" });

/** Every node offers `stays-…` and `goes-…`, whose handlers call their own kind, for the client that stays and the one that goes. */
function world(seed: number) {
  const mesh = new Mesh();
  const nodes = mesh.cluster(...names);
  for (const node of nodes) for (const kind of ["stays", "goes"]) node.offer(`${kind}-${node.name}`, byHand);
  mesh.settle();
  const { next } = seeded(seed);
  const chance = (ratio: number): boolean => next() < ratio;
  const oneOf = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)]!;
  const clients = { stays: mesh.client(oneOf(nodes)), goes: mesh.client(oneOf(nodes)) };
  const calls: number[] = [];
  const held = new Set<() => void>();
  /** Handlers of that kind, or of both, that somebody wants to run. */
  const running = (kind = ""): { readonly node: MeshNode; readonly fun: string }[] =>
    nodes.flatMap((node) => {
      const invocations = ["stays", "goes"].flatMap((each) => node.waiting(`${each}-${node.name}`));
      return invocations
        .filter(({ id, fun }) => fun.startsWith(kind) && !node.abortedIds.has(id))
        .map(({ fun }) => ({ node, fun }));
    });

  const call = (): void => {
    const kind = oneOf(["stays", "goes"] as const);
    const id = clients[kind].call(`${kind}-${oneOf(names)}`, [], long);
    if (kind === "goes") calls.push(id);
  };
  const callOn = (): void => {
    const kind = oneOf(["stays", "goes"]);
    const node = oneOf(nodes);
    const parent = node
      .waiting(`${kind}-${node.name}`)
      .find(({ id, depth }) => depth < depthMax && !node.abortedIds.has(id));
    if (parent !== undefined) node.call(`${kind}-${oneOf(names)}`, [], { parent, ...long });
  };
  const end = (): void => {
    const { node, fun } = oneOf(running(oneOf(["stays", "goes"]))) ?? {};
    if (node === undefined || fun === undefined) return;
    if (chance(0.3)) node.fail(fun, failure);
    else node.finish(fun, 1);
  };
  /** Lets nothing through in one direction for a while. */
  const hold = (): void => {
    const [one, other] = [oneOf(nodes), oneOf(nodes)];
    if (one === other || held.size > 0) return;
    const connection = one.connectionTo(other);
    const direction = connection.from(oneOf(connection.ends));
    direction.isHeld = true;
    held.add(() => {
      direction.release();
    });
  };
  const release = (): void => {
    for (const each of held) each();
    held.clear();
  };
  const cancel = (): void => {
    if (calls.length > 0) clients.goes.cancel(oneOf(calls));
  };
  const act = (): void => {
    oneOf([call, callOn, callOn, callOn, end, end, hold, release, ...(chance(0.3) ? [cancel] : [])])();
    if (chance(0.6)) mesh.settle();
  };
  const rest = (): void => {
    release();
    mesh.settle();
  };
  return { mesh, nodes, clients, running, act, rest, chance, oneOf };
}

const seeds = fc.nat(2 ** 31);

test("a client that goes takes with it all that goes on for it, and nothing of another's (S1) (B1)", () => {
  let left = 0;
  fc.assert(
    fc.property(seeds, (seed) => {
      const { mesh, nodes, clients, running, act, rest } = world(seed);
      for (let acts = 0; acts < 60; acts++) act();
      clients.goes.connection!.cut();
      for (let acts = 0; acts < 10; acts++) act(); // while some are held
      rest();
      expect(running("goes")).toEqual([]);
      const aborted = nodes.flatMap((node) => node.aborted.map(({ fun }) => fun));
      expect(aborted.filter((fun) => fun.startsWith("stays"))).toEqual([]);
      left += nodes.reduce((sum, { machine }) => sum + machine.size.left, 0);
      clients.stays.connection!.cut();
      rest();
      mesh.expectQuiet();
    }),
    { numRuns: 60 },
  );
  expect(left).toBeGreaterThan(20); // else it has tried nothing
});

test("whatever comes to its end, nobody keeps anything of it (S1)", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const { mesh, nodes, running, act, rest, chance, oneOf } = world(seed);
      for (let acts = 0; acts < 60; acts++) {
        act();
        if (!chance(0.05)) continue;
        const [one, other] = [oneOf(nodes), oneOf(nodes)];
        if (one !== other) one.connectionTo(other).cut();
        mesh.advance(1_000); // they link again
      }
      rest();
      for (let all = running(); all.length > 0; all = running()) {
        for (const { node, fun } of all.slice(0, 1)) node.finish(fun, 1);
        rest();
      }
      mesh.expectQuiet();
    }),
    { numRuns: 60 },
  );
});

/**
 * Cluster: a world of many alike nodes, and what to ask of them as a whole.
 *
 * Each node offers one function of its own, `f<number>`, beside what every node offers. Tests and benchmarks of
 * membership stand on this; what has to hold is theirs to say.
 */
import type { MembershipOptions, Profile } from "@mpreg/core/membership";
import type { CreateMachine } from "../node/machine.js";
import type { SimulatedNode } from "../node/node.js";
import { SimulationError } from "../simulation-error.js";
import { World } from "../world.js";

export interface ClusterOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Default `lan`. */
  readonly profile?: Profile | undefined;
  /** Share of the gossip and of the probes that is lost. */
  readonly lossRatio?: number | undefined;
  readonly membership?: Partial<MembershipOptions> | undefined;
  /** Every node's clocks run at their own speed. */
  readonly clockRates?: boolean | undefined;
  /** Makes the machines of the nodes; for those that are to misbehave. */
  readonly createMachine?: CreateMachine | undefined;
}

const formingMsMax = 120_000;

export class SimulatedCluster {
  readonly world: World;
  readonly nodes: readonly SimulatedNode[];

  constructor({ seed, nodes, profile, lossRatio = 0, membership, clockRates = false, createMachine }: ClusterOptions) {
    this.world = new World({
      seed,
      patienceMs: 7 * 24 * 3_600_000,
      network: { lossRatio },
      limits: { profile, membership },
      createMachine,
      nodes: Array.from({ length: nodes }, (_, index) => ({
        name: `n${index}`,
        functions: { [`f${index}`]: () => index },
        clockRate: clockRates ? 1 + ((index % 11) - 5) / 1_000 : undefined,
      })),
    });
    this.nodes = [...this.world.nodes.values()];
  }

  /** Nodes that run. */
  get up(): readonly SimulatedNode[] {
    return this.nodes.filter(({ state }) => state === "up");
  }

  /** Lets time pass until all know all; answers after how many ms. */
  async form(): Promise<number> {
    const { nodes } = this;
    const hasAll = ({ size }: SimulatedNode): boolean =>
      size.members === nodes.length && size.announced === nodes.length && size.dialing === 0;
    const formedMs = await this.until(
      () => nodes.every(hasAll),
      formingMsMax,
      () => this.disagreement() ?? "",
    );
    return formedMs + (await this.untilAgreed(formingMsMax));
  }

  /**
   * Lets time pass until every node that is up knows exactly the nodes that are up, and their functions; answers after
   * how many ms. Rejects with a {@link SimulationError} that says who does not, when that takes longer than `withinMs`.
   */
  untilAgreed(withinMs: number): Promise<number> {
    const why = (): string => this.disagreement() ?? "";
    return this.until(() => this.disagreement() === undefined, withinMs, why, 50);
  }

  /** Lets time pass until `condition` holds, asked every `pollMs`; answers after how many ms. */
  async until(
    condition: () => boolean,
    withinMs: number,
    why: () => string = () => "",
    pollMs: number = 5,
  ): Promise<number> {
    const { world } = this;
    const startedMs = world.nowMs;
    while (!condition()) {
      if (world.nowMs - startedMs >= withinMs) {
        throw new SimulationError(`Seed ${world.seed}: not within ${withinMs} ms of simulated time; ${why()}`);
      }
      await world.sleep(pollMs);
    }
    return world.nowMs - startedMs;
  }

  /** What some node believes that is not so; `undefined` when all agree on what is. */
  disagreement(): string | undefined {
    const { up } = this;
    const names = up.map(({ name }) => name).sort();
    const offers = up.flatMap((node) => node.registrations.map(({ fun }) => `${fun} on ${node.name}`)).sort();
    for (const node of up) {
      const seen = node.nodes().map(({ name }) => name);
      const wrong = difference(names, seen.sort());
      if (wrong !== undefined) return `${node.name} ${wrong}`;
      const known = node
        .functions()
        .flatMap(({ name, offers: each }) => each.map((offer) => `${name} on ${offer.node}`));
      const missing = difference(offers, known.sort());
      if (missing !== undefined) return `${node.name} ${missing}`;
    }
    return undefined;
  }

  /** Whether every node that is up, or none of them, can send calls of `fun` somewhere. */
  isOffered(fun: string, offered: boolean): boolean {
    return this.up.every((node) => node.knows(fun) === offered);
  }

  /** Connections that are open at each node. */
  sockets(): number[] {
    return this.up.map(({ size }) => size.links);
  }

  /** How many of the nodes that are up name each of them among those they observe. */
  observers(): number[] {
    const { up } = this;
    const counts = new Map(up.map(({ id }) => [id, 0]));
    for (const node of up) {
      for (const { id, state, linked } of node.nodes()) {
        if (state !== "self" && linked) counts.set(id, (counts.get(id) ?? 0) + 1);
      }
    }
    return [...counts.values()];
  }

  /** Bytes that each node sends per second, on average, while `durationMs` pass. */
  async traffic(durationMs: number): Promise<number> {
    const { counts } = this.world.network;
    const before = counts.bytes;
    await this.world.sleep(durationMs);
    return (counts.bytes - before) / (durationMs / 1_000) / this.nodes.length;
  }
}

/** How `seen` differs from `wanted`; both sorted. */
function difference(wanted: readonly string[], seen: readonly string[]): string | undefined {
  if (wanted.join() === seen.join()) return undefined;
  const missing = wanted.filter((each) => !seen.includes(each));
  const extra = seen.filter((each) => !wanted.includes(each));
  return `does not know ${list(missing)}${extra.length === 0 ? "" : ` and believes in ${list(extra)}`}`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "nothing" : `${items.slice(0, 5).join(", ")}${items.length > 5 ? " …" : ""}`;
}

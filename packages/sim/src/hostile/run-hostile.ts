/**
 * Run hostile: a generated cluster with a member that lies, from one seed, and what has become of it.
 *
 *     form ─▶ lies of a few kinds, mixed, while the others work ─▶ one kind without end ─▶ quiet ─▶ verdict
 *
 * (V1) The same seed gives the same verdict.
 * (V2) Whoever keeps forging, or inventing, is named by whom it has told, and let go.
 */
import { SeededRandom } from "../capabilities/random.js";
import { Unharmed } from "../check/unharmed.js";
import { pendingNothing } from "../check/settle.js";
import { watch } from "../check/types.js";
import { SimulatedCluster } from "../cluster/cluster.js";
import { type CreateMachine, createMachine } from "../node/machine.js";
import type { Violation } from "../observation.js";
import { Liar } from "./liar.js";
import { type Lying, forgeries, invention, lies } from "./lies.js";

/** What came of one seed. */
export interface HostileVerdict {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Kinds of lies that were told. */
  readonly told: ReadonlySet<string>;
  /** Why honest nodes did not believe what the liar told. */
  readonly refusals: readonly string[];
}

const membersMax = 60;
const lyingMs = 15_000;
const newsPerSecondMax = 50;
/** More than a link may bring that is refused; and more than it may bring at all. */
const forgeriesMany = 130;
const inventionsMany = 10 * newsPerSecondMax + forgeriesMany;

/** Runs the generated cluster of `seed`; `others` makes the machines of those that do not lie. */
export async function runHostile(seed: number, others: CreateMachine = createMachine): Promise<HostileVerdict> {
  const world = new HostileWorld(seed, others);
  await world.run();
  return world.verdict;
}

class HostileWorld {
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #liar: Liar;
  readonly #cluster: SimulatedCluster;
  readonly #reconcileMs: number;
  readonly #lying: Lying;
  readonly #told = new Set<string>();
  readonly #refusals: string[] = [];

  constructor(seed: number, others: CreateMachine) {
    this.#seed = seed;
    const random = (this.#random = new SeededRandom(seed).split("hostile"));
    const nodes = random.integer(4, 10);
    this.#liar = new Liar(`n${nodes - 1}`);
    const profile = random.pick(["local", "lan"] as const);
    this.#reconcileMs = profile === "local" ? 5_000 : 30_000;
    this.#cluster = new SimulatedCluster({
      seed,
      nodes,
      profile,
      membership: { membersMax, newsPerSecondMax, fullMeshMax: random.pick([32, 32, 3]) },
      createMachine: this.#liar.machines(others),
    });
    const { world } = this.#cluster;
    const keys = random.split("keys");
    const victims = this.#cluster.nodes.map(({ name }) => name).filter((name) => name !== this.#liar.name);
    const inventKey = (): ReturnType<Lying["inventKey"]> => world.newKey(keys);
    this.#lying = { liar: this.#liar, random: random.split("lies"), victims, inventKey, invented: [] };
  }

  get verdict(): HostileVerdict {
    const { violations } = this.#cluster.world;
    return { seed: this.#seed, violations, told: this.#told, refusals: this.#refusals };
  }

  async run(): Promise<void> {
    const { world } = this.#cluster;
    await this.#cluster.form();
    const honest = new Map(this.#lying.victims.map((name) => [name, world.node(name).id]));
    const unharmed = new Unharmed(honest, membersMax);
    const watching = watch(world, [unharmed]);
    world.observers.add((observation) => {
      if (observation.kind !== "reported" || observation.event.kind !== "news-refused") return;
      if (observation.event.name === this.#liar.name) this.#refusals.push(observation.event.reason);
    });
    await this.#lieAbout();
    await this.#flood();
    await world.until(pendingNothing(world, [unharmed]), { withinMs: 2 * this.#reconcileMs });
    watching.finish();
  }

  /** A few kinds of lies, to anybody, at any time, while the others work. */
  async #lieAbout(): Promise<void> {
    const { world } = this.#cluster;
    const random = this.#random.split("schedule");
    const kinds = random.shuffled(Object.keys(lies)).slice(0, random.integer(3, 8));
    const endMs = world.nowMs + lyingMs;
    while (world.nowMs < endMs) {
      const kind = random.pick(kinds);
      const { links } = this.#liar;
      if (links.length > 0) this.#tell(kind, random.pick(links), random.pick([1, 1, 5, 40]));
      await this.#work(random);
      await world.sleep(random.between(5, 300));
    }
  }

  #tell(kind: string, link: number, times: number): void {
    this.#told.add(kind);
    for (let time = 0; time < times; time++) {
      this.#liar.say(link, (writer) => {
        lies[kind]?.(writer, this.#lying);
      });
    }
  }

  /** A function of one honest node, called by another. */
  async #work(random: SeededRandom): Promise<void> {
    const { world } = this.#cluster;
    const [caller, callee] = random.shuffled(this.#lying.victims) as [string, string];
    try {
      const answer = await world.node(caller).call(`f${callee.slice(1)}`);
      if (`n${String(answer)}` !== callee) world.violated("unharmed", `${String(answer)} answered for ${callee}`);
    } catch (error) {
      world.violated("unharmed", `${caller} could not call ${callee}: ${(error as Error).message}`);
    }
  }

  /** (V2) */
  async #flood(): Promise<void> {
    const { world } = this.#cluster;
    const random = this.#random.split("flood");
    const kind = random.pick([...Object.keys(forgeries), invention]);
    const times = kind === invention ? inventionsMany : forgeriesMany;
    const ended: string[] = [];
    world.observers.add((observation) => {
      if (observation.kind !== "reported" || observation.event.kind !== "link-lost") return;
      const { name, reason } = observation.event;
      if (name === this.#liar.name && reason.code === "refused") ended.push(observation.node);
    });
    const isLinked = (): boolean => this.#liar.links.length > 0;
    if (!(await world.until(isLinked, { withinMs: 2 * this.#reconcileMs }))) return; // nobody listens to it any more
    const refusedBefore = this.#refusals.length;
    for (const link of this.#liar.links) this.#tell(kind, link, times);
    await world.sleep(1_000);
    if (ended.length > 0 && this.#refusals.length > refusedBefore) return;
    world.violated("unharmed", `"${kind}" was told ${times} times, and nobody was named and let go for it`);
  }
}

/**
 * World: nodes, clients and the network between them, on one simulated clock, from one seed.
 *
 * Owns the parts. How time goes on is `progress.ts`; what must hold while it does is `check/`.
 *
 * (W1) The same options and the same calls of the program give the same world: nothing in it depends on real time.
 */
import { SeededRandom } from "./capabilities/random.js";
import { followHandlers } from "./capabilities/platform.js";
import { KeyRing } from "./capabilities/signer.js";
import { SimulatedClient } from "./client/client.js";
import { Clock } from "./clock.js";
import { Faults } from "./faults/faults.js";
import { type Turn, Waits } from "./handlers/waits.js";
import { Network, type NetworkOptions, defaultNetworkOptions } from "./network/index.js";
import { type CreateMachine, createMachine } from "./node/machine.js";
import { type NodeMakeup, type NodeHost, SimulatedNode } from "./node/node.js";
import { type NodeLimits, nodeOptions } from "./node/options.js";
import type { Observation, Observer, Violation } from "./observation.js";
import { Progress } from "./progress.js";
import { SimulationError } from "./simulation-error.js";
import { Trace } from "./trace.js";
import type { Policy, Signer } from "@mpreg/core/base";

/** One node of a world. */
export interface NodeDefinition extends NodeMakeup {
  readonly name: string;
  /** Resources that every function of the node has. */
  readonly resources?: readonly string[] | undefined;
  /** Names of the nodes it is told of; default: the world's first node. */
  readonly peers?: readonly string[] | undefined;
  readonly policy?: Policy | undefined;
  readonly limits?: NodeLimits | undefined;
}

export interface WorldOptions {
  /** Where all randomness comes from: a non-negative integer. */
  readonly seed: number;
  readonly nodes: readonly NodeDefinition[];
  readonly network?: Partial<NetworkOptions> | undefined;
  /** Limits of all nodes; a node's own come first. */
  readonly limits?: NodeLimits | undefined;
  /** Cluster of all nodes; default `"default"`. */
  readonly cluster?: string | undefined;
  /** Records the trace's lines, which cost memory. */
  readonly trace?: boolean | undefined;
  /**
   * Gives handlers that wait for promises of their own more than microtasks (`() => new Promise(setImmediate)`).
   * Their world is only as reproducible as those promises are.
   */
  readonly turn?: Turn | undefined;
  /** Longest simulated time that one wait may take, in ms; default: one hour. */
  readonly patienceMs?: number | undefined;
  /** Makes the machines of the nodes; for tests of the checkers. */
  readonly createMachine?: CreateMachine | undefined;
}

export class World {
  readonly seed: number;
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly clients: Map<string, SimulatedClient> = new Map();
  readonly network: Network;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly violations: Violation[] = [];
  readonly observers: Set<Observer> = new Set();
  readonly #options: WorldOptions;
  readonly #clock = new Clock();
  readonly #random: SeededRandom;
  readonly #waits: Waits;
  readonly #progress: Progress;
  readonly #host: NodeHost;

  constructor(options: WorldOptions) {
    followHandlers();
    this.seed = options.seed;
    this.#options = options;
    this.#random = new SeededRandom(options.seed); // (W1)
    this.#waits = new Waits(options.turn);
    this.#progress = new Progress(this.#clock, this.#waits, options.patienceMs ?? 3_600_000);
    this.trace = new Trace(options.trace === true);
    const networkOptions = { ...defaultNetworkOptions, ...options.network };
    this.network = new Network(this.#clock, this.#random.split("network"), networkOptions);
    this.#host = this.#createHost();
    this.faults = new Faults(this.network, (what) => {
      this.observe({ kind: "disturbed", what });
    });
    this.nodes = new Map(options.nodes.map((definition) => [definition.name, this.#createNode(definition)]));
    if (this.nodes.size < options.nodes.length) throw new SimulationError("Two nodes of the world have the same name");
  }

  /** Simulated time since the start, in ms. */
  get nowMs(): number {
    return this.#clock.nowMs;
  }

  /** A stream of randomness for the program that drives the world. */
  random(label: string): SeededRandom {
    return this.#random.split(`program ${label}`);
  }

  /** A key that no node has. */
  newKey(random: SeededRandom): Signer {
    return this.#host.keys.signer(random.bytes(32));
  }

  /** The node of that name. */
  node(name: string): SimulatedNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new SimulationError(`The world has no node "${name}"`);
    return node;
  }

  /** A new client that is not connected yet. */
  client(name: string = `client-${this.clients.size + 1}`): SimulatedClient {
    if (this.clients.has(name) || this.nodes.has(name)) throw new SimulationError(`"${name}" is taken in the world`);
    const { limits } = this.#options;
    const { link } = nodeOptions({ ...clientIdentity, name }, limits);
    const client = new SimulatedClient(name, link, this.#random.split(`client ${name}`), this.#host);
    this.clients.set(name, client);
    return client;
  }

  /** A new client, connected to `node`. */
  async connect(node: string, name?: string): Promise<SimulatedClient> {
    const client = this.client(name);
    await client.connect(this.node(node).name);
    return client;
  }

  /** Lets simulated time pass. */
  async sleep(durationMs: number): Promise<void> {
    await this.#progress.until(() => false, durationMs);
  }

  /**
   * Lets time pass until `condition` holds; answers whether it does before `withinMs` (default: the world's patience)
   * have passed. Rejects with a {@link SimulationError} when the world cannot go on.
   */
  until(condition: () => boolean, options: { readonly withinMs?: number } = {}): Promise<boolean> {
    return this.#progress.until(condition, options.withinMs);
  }

  /** Ends all disturbances: heals all faults, resumes nodes that are paused, starts those that are down. */
  heal(): void {
    this.faults.heal();
    for (const node of this.nodes.values()) {
      if (node.state === "paused") node.resume();
      else if (node.state === "down") node.restart();
    }
  }

  /** Runs `happen` after `delayMs` of simulated time. */
  after(delayMs: number, happen: () => void): void {
    this.#clock.after(delayMs, happen);
  }

  /** Tells every observer; and whoever reads the trace. */
  observe(observation: Observation): void {
    for (const observer of this.observers) observer(observation, this.nowMs);
    if (observation.kind === "disturbed") this.trace.remark(this.nowMs, "world", () => observation.what);
  }

  violated(guarantee: string, message: string): void {
    this.violations.push({ guarantee, message, atMs: this.nowMs });
    this.trace.remark(this.nowMs, "world", () => `VIOLATION of ${guarantee}: ${message}`);
  }

  #createHost(): NodeHost {
    return {
      network: this.network,
      waits: this.#waits,
      trace: this.trace,
      keys: new KeyRing(),
      createMachine: this.#options.createMachine ?? createMachine,
      observe: (observation) => {
        this.observe(observation);
      },
      violated: (guarantee, message) => {
        this.violated(guarantee, message);
      },
      attend: (failed) => this.#progress.attend(failed),
    };
  }

  #createNode(definition: NodeDefinition): SimulatedNode {
    const { name, resources = [], peers, policy } = definition;
    const first = this.#options.nodes[0]?.name;
    const told = peers ?? (first === undefined || first === name ? [] : [first]);
    const identity = {
      name,
      cluster: this.#options.cluster ?? "default",
      resources,
      peers: told.map((peer) => this.network.urlOf(peer)),
      urls: [this.network.urlOf(name)],
      policy,
    };
    const ofStore = definition.store === true ? { queues: {} } : undefined;
    const options = nodeOptions(identity, ofStore, this.#options.limits, definition.limits);
    return new SimulatedNode(options, definition, this.#random.split(`node ${name}`), this.#host);
  }
}

const clientIdentity = { cluster: "", resources: [], peers: [], urls: [], policy: undefined };

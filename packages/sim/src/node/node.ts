/**
 * Node: a simulated node as its program sees it: functions to register, calls to make; and as an experimenter does: a
 * process that can be paused, crash and start again.
 *
 * (K1) A node that starts again offers what its definition says; what was registered later is its program's business.
 * (K2) It has a new key, and with it a new id, unless it is told to keep its key, or has a store: the key lies beside it.
 * (K3) A node with a store is down until that is open. Where it cannot be opened the node stays down.
 */
import { type Contract, type Implementations, MpregError } from "@mpreg/core";
import {
  type AnyHandler,
  type FunctionRegistry,
  FunctionTable,
  type RegisterOptions,
  type Registration,
  registerEchoes,
} from "@mpreg/core/handlers";
import type { Store } from "@mpreg/core/journal";
import type { FunctionInfo, NodeInfo, NodeInput, NodeOptions, NodeSize } from "@mpreg/core/node";
import {
  type Ask,
  Caller,
  type Calls,
  type Graph,
  type ItemReader,
  type PlainRequest,
  type Settled,
  type SingleCallOptions,
} from "@mpreg/core/rpc";
import type { ResultRef } from "@mpreg/core/wire";
import { askingWith, attended, attendedStream } from "../asking.js";
import type { SeededRandom } from "../capabilities/random.js";
import { semver } from "../capabilities/semver.js";
import { SimulatedDisk } from "../disk/disk.js";
import { LocalClock } from "./local-clock.js";
import { functionsOf, nodesOf } from "./machine.js";
import { openNodeStore } from "./node-store.js";
import { NodeProcess, type ProcessHost } from "./process.js";
import { SimulationError } from "../simulation-error.js";

/** What a node needs from the world. */
export interface NodeHost extends ProcessHost {
  /**
   * Somebody waits for an answer: the world goes on until the function that comes back is called. `failed` is called
   * when the world cannot go on.
   */
  attend(failed: (error: Error) => void): () => void;
}

/** A function of a node: its handler, or the handler and what it is registered with. */
export type FunctionDefinition = AnyHandler | (RegisterOptions & { readonly handler: AnyHandler });

/** What a node is beside its options. */
export interface NodeMakeup {
  /** How fast the clocks of its machine go; default 1, which is right. */
  readonly clockRate?: number | undefined;
  /** What it offers each time it starts, by name. `echo` and `echos` come with every node. */
  readonly functions?: Readonly<Record<string, FunctionDefinition>> | undefined;
  /** Registers more, before it returns: what a module exports for `mpreg start --module`. */
  readonly register?: ((node: SimulatedNode) => void) | undefined;
  /** It has a store on its disk, which outlives its processes; durable queues are in it. Default: none. */
  readonly store?: boolean | undefined;
}

export class SimulatedNode implements Calls, FunctionRegistry {
  readonly name: string;
  readonly url: string;
  readonly #options: NodeOptions;
  readonly #definition: NodeMakeup;
  #functions: FunctionTable;
  readonly #random: SeededRandom;
  readonly #clock: LocalClock;
  readonly #host: NodeHost;
  #process: NodeProcess | undefined;
  #secret: Uint8Array;
  /** What its disk keeps beside the key. */
  #incarnation = 0;
  readonly #open = new Map<number, (settled: Settled) => void>();
  #disk: SimulatedDisk | undefined;
  #store: Store | undefined;
  /** The store is being opened, for the start of this number. (K3) */
  #opening: number | undefined;
  #starts = 0;
  #asks = 0;

  constructor(options: NodeOptions, definition: NodeMakeup, random: SeededRandom, host: NodeHost) {
    this.name = options.name;
    this.url = host.network.urlOf(options.name);
    this.#options = options;
    this.#random = random;
    this.#host = host;
    this.#clock = new LocalClock(host.network.clock, random.split("clock"), definition.clockRate ?? 1);
    this.#secret = random.bytes(32);
    this.#definition = definition;
    this.#functions = this.#createFunctions(() => this.process);
    this.#start();
  }

  /** `down` = crashed, closed, or not started yet. (K3) */
  get state(): "up" | "paused" | "down" {
    if (this.#process === undefined || this.#process.dead) return "down";
    return this.#process.paused ? "paused" : "up";
  }

  /** The id that its key gives it. */
  get id(): string {
    return this.process.machine.id;
  }

  /** The running process. Throws `closed` when the node is down. */
  get process(): NodeProcess {
    if (this.#process === undefined || this.#process.dead)
      throw new MpregError("closed", `Node "${this.name}" is down`);
    return this.#process;
  }

  /** The disk of its machine, made when it is first asked for; what it has outlives the node's processes. */
  get disk(): SimulatedDisk {
    return (this.#disk ??= new SimulatedDisk(this.#host.network.clock, this.#random.split("disk")));
  }

  /** The store of the running process, where it has one. */
  get store(): Store | undefined {
    return this.state === "down" ? undefined : this.#store;
  }

  /** How many entries each of its tables holds. */
  get size(): NodeSize {
    return this.process.machine.size;
  }

  /** Handlers that run. */
  get running(): number {
    return this.process.running;
  }

  /** Offers a function to the whole cluster, until the node goes down. See {@link FunctionRegistry.register}. */
  register(name: string, handler: AnyHandler, options?: RegisterOptions): Registration {
    return this.#functions.register(name, handler, options);
  }

  /** Registers one handler for each function of a contract, or none. See {@link FunctionRegistry.implement}. */
  implement<C extends Contract>(contract: C, handlers: Implementations<C>): Registration[] {
    return this.#functions.implement(contract, handlers);
  }

  /** Withdraws a function from the cluster; answers whether there was one. Calls that run are not disturbed. */
  unregister(name: string): boolean {
    return this.#functions.unregister(name);
  }

  /** What it offers now, with all resources, its own included. */
  get registrations(): readonly { readonly fun: string; readonly resources: readonly string[] }[] {
    return [...this.#functions.values()].map(({ name, resources }) => {
      return { fun: name, resources: [...new Set([...this.#options.resources, ...resources])].sort() };
    });
  }

  /** Is the function registered? */
  offers(name: string): boolean {
    return this.#functions.has(name);
  }

  call<T = unknown>(fun: string, args?: readonly unknown[], options?: SingleCallOptions): Promise<T> {
    return this.#caller.call<T>(fun, args, options);
  }

  graph(): Graph {
    return this.#caller.graph();
  }

  get request(): PlainRequest {
    return this.#caller.request;
  }

  /** The nodes it knows, itself first. */
  nodes(): readonly NodeInfo[] {
    return nodesOf(this.process.machine, this.process.nowMs);
  }

  /** The functions it knows, and who offers them. */
  functions(): readonly FunctionInfo[] {
    return functionsOf(this.process.machine, this.process.nowMs);
  }

  /** Whether it could send a call of the function somewhere. */
  knows(fun: string): boolean {
    return this.process.machine.isOffered(fun);
  }

  /** The process stands still; what reaches it waits. */
  pause(): void {
    this.#host.observe({ kind: "disturbed", what: `${this.name} pauses` });
    this.#process?.pause();
  }

  resume(): void {
    this.#process?.resume();
  }

  /** Somebody sets the wall clock of its machine, forwards or back; nothing but what it shows changes. */
  setWallClock(byMs: number): void {
    this.#host.observe({ kind: "disturbed", what: `the wall clock of ${this.name} is set by ${byMs} ms` });
    this.#clock.setBy(byMs);
  }

  /** The process ends in order: it says goodbye to everybody. */
  close(): void {
    this.#host.observe({ kind: "disturbed", what: `${this.name} closes` });
    this.process.close(() => {
      this.#down();
    });
  }

  /** The process takes itself out of the cluster, finishes what it runs, at the latest after `graceMs`, and closes. */
  drain(graceMs: number): void {
    this.#host.observe({ kind: "disturbed", what: `${this.name} drains` });
    this.process.drain(graceMs, () => {
      this.#down();
    });
  }

  /** The process ends at once. With `silent` the whole machine does: nobody hears of it. */
  crash(options: { readonly silent?: boolean } = {}): void {
    this.#host.observe({ kind: "disturbed", what: `${this.name} crashes` });
    this.#opening = undefined;
    this.#process?.crash(options.silent === true);
    if (options.silent === true) this.#disk?.crash();
    this.#down();
  }

  /** Starts a node that is down, with a new key unless it is to keep its own. (K1, K2) */
  restart(options: { readonly keepKey?: boolean } = {}): void {
    if (this.state !== "down" || this.#opening !== undefined) return;
    if (options.keepKey !== true && this.#definition.store !== true) {
      this.#secret = this.#random.bytes(32);
      this.#incarnation = 0;
    }
    this.#start();
  }

  #start(): void {
    const start = ++this.#starts;
    const random = this.#random.split(`start ${start}`);
    if (this.#definition.store !== true) return this.#run(start, random, undefined);
    this.#opening = start;
    const host = {
      clock: this.#host.network.clock,
      disk: this.disk,
      random: random.split("store"),
      isWanted: () => this.#starts === start && (this.#opening === start || this.state !== "down"),
      enter: (input: NodeInput) => {
        this.process.enter(input);
      },
    };
    openNodeStore(host, (store, why) => {
      this.#opening = undefined;
      if (store !== undefined) return this.#run(start, random, store);
      this.#host.observe({ kind: "disturbed", what: `${this.name} cannot start: ${why}` }); // (K3)
    });
  }

  #run(start: number, random: SeededRandom, store: Store | undefined): void {
    const functions = this.#createFunctions(() => process);
    const options = { ...this.#options, incarnation: this.#incarnation + 1 };
    const remember = (incarnation: number): void => {
      this.#incarnation = incarnation;
    };
    const process = new NodeProcess(options, functions, this.#secret, random, this.#clock, this.#host, remember, store);
    this.#process = process;
    this.#functions = functions;
    this.#store = store;
    this.#host.network.listen(this.name, process);
    // told as the first thing that happens, so that those hear of it who began to watch after the world was made
    const { id } = process.machine;
    this.#host.network.clock.after(0, () => {
      this.#host.observe({ kind: "node-up", node: this.name, id, start });
    });
    process.enter({ kind: "start" });
    this.#registerDefined(functions); // (K1)
  }

  #createFunctions(process: () => NodeProcess): FunctionTable {
    const { name, resources, link } = this.#options;
    return new FunctionTable({
      name,
      semver,
      resources,
      messageBytesMax: link.limits.messageBytesMax,
      checkOpen: () => {
        if (process().dead) throw new MpregError("closed", `Node "${name}" is down`, { node: name });
      },
      registered: (fun) => {
        process().enter({ kind: "register", offer: fun.offer, queueMax: fun.queueMax });
      },
      unregistered: (fun, version) => {
        process().enter({ kind: "unregister", fun, version });
      },
    });
  }

  #registerDefined(table: FunctionTable): void {
    const { functions = {}, register } = this.#definition;
    registerEchoes(table);
    for (const [name, definition] of Object.entries(functions)) {
      if (typeof definition === "function") {
        table.register(name, definition);
        continue;
      }
      const { handler, ...options } = definition;
      table.register(name, handler, options);
    }
    const returned: unknown = register?.(this);
    if (!(returned instanceof Promise)) return;
    throw new SimulationError(`register() of node "${this.name}" is asynchronous: it must have registered all at once`);
  }

  #down(): void {
    this.#disk?.processEnds();
    this.#host.observe({ kind: "node-down", node: this.name });
    this.#host.observe({ kind: "asker-gone", asker: this.name, reason: "the node is down" });
    const open = [...this.#open.values()];
    this.#open.clear();
    const error = new MpregError("not-connected", `Node "${this.name}" is down`, { outcome: "unknown" });
    for (const end of open) end({ kind: "failed", error });
  }

  get #caller(): Caller {
    const start = attended(this.#host, (ask, onEnd, takesStreams) => this.ask(ask, onEnd, takesStreams));
    const openStream = (stream: ResultRef): ItemReader =>
      attendedStream(this.#host, (hold) => this.process.open(stream, { hold }));
    return new Caller({ ...askingWith(start, this.#options.link.limits, this.name), openStream });
  }

  /** Asks for work as the node's own program; answers how to withdraw it. What `call`, `graph` and `request` stand on. */
  ask(ask: Ask, onEnd: (settled: Settled) => void, takesStreams?: boolean): () => void {
    if (this.state === "down") {
      onEnd({ kind: "failed", error: new MpregError("closed", `Node "${this.name}" is down`) });
      return () => undefined;
    }
    const id = ++this.#asks;
    this.#host.observe({ kind: "asked", asker: this.name, node: this.name, id, ask });
    const end = (settled: Settled): void => {
      this.#open.delete(id);
      this.#host.waits.told();
      onEnd(settled);
    };
    this.#open.set(id, end);
    const ended = (settled: Settled): void => {
      this.#host.observe({ kind: "answered", asker: this.name, id, settled });
      end(settled);
    };
    const withdraw = this.process.ask(ask, undefined, ended, takesStreams);
    return () => {
      if (!this.#open.delete(id)) return;
      this.#host.observe({ kind: "withdrawn", asker: this.name, id, answerFollows: false });
      withdraw();
    };
  }
}

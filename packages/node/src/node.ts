/**
 * Node: a running node as its program sees it.
 */
import type { Contract, Handlers } from "@mpreg/core";
import { MpregError } from "@mpreg/core/base";
import type { FunctionInfo, NodeInfo } from "@mpreg/core/node";
import type { Caller, Calls, Graph, PlainRequest, SingleCallOptions } from "@mpreg/core/rpc";
import type { Driver } from "./driver.js";
import { type RegisteredFunction, checkRegistration } from "./handlers/registry.js";
import type { AnyHandler, RegisterOptions, Registration } from "./handlers/types.js";

/** What a node is made of once it runs. */
export interface NodeParts {
  readonly driver: Driver;
  readonly url: string;
  readonly urls: readonly string[];
  /** Ends what is not the driver's: sockets, files. */
  readonly shutDown: () => Promise<void>;
}

/**
 * A node of the mesh. Made by `createNode`.
 *
 * Offers functions to the cluster and can call any function of it.
 */
export class MpregNode implements Calls, AsyncDisposable {
  /** Where clients and other nodes reach it, e.g. `ws://127.0.0.1:9001`. */
  readonly url: string;
  /** All addresses it tells to others. */
  readonly urls: readonly string[];
  readonly #driver: Driver;
  readonly #caller: Caller;
  readonly #shutDown: () => Promise<void>;
  #closing: Promise<void> | undefined;

  constructor({ driver, url, urls, shutDown }: NodeParts) {
    this.#driver = driver;
    this.#caller = driver.caller(undefined);
    this.#shutDown = shutDown;
    this.url = url;
    this.urls = urls;
  }

  /** Fingerprint of the node's key: 32 hexadecimal digits. */
  get id(): string {
    return this.#driver.machine.id;
  }

  get name(): string {
    return this.#driver.machine.name;
  }

  /**
   * Offers a function to the whole cluster, at once.
   *
   * `handler` is any function, sync or async; its arguments are the call's, `kwargs` come as a last object. What it
   * returns must be a value: plain objects, arrays, Map, Set, Date, bigint, typed arrays. `context()` tells it about
   * its call. Throws `already-registered` if the node has a function of that name.
   */
  register(name: string, handler: AnyHandler, options: RegisterOptions = {}): Registration {
    const fun = this.#checked(name, handler, options);
    this.#driver.register(fun);
    const unregister = (): void => {
      // only this registration, not a later one of the same name
      if (this.#driver.functionNamed(name) === fun) this.#driver.unregister(name);
    };
    return { name, resources: fun.resources, unregister, [Symbol.dispose]: unregister };
  }

  /**
   * Registers one handler for each function of a contract; arguments and results pass its schemas on this node.
   *
   * All or nothing: throws `invalid-argument` when a function of the contract has no handler, or a handler no
   * function, and `already-registered` when the node has one of the names.
   */
  implement<C extends Contract>(contract: C, handlers: Handlers<C>): Registration[] {
    for (const name of Object.keys(handlers)) {
      if (Object.hasOwn(contract, name)) continue;
      throw new MpregError("invalid-argument", `implement: the contract has no function "${name}"`);
    }
    const all = Object.entries(contract).map(([name, { input, output, resources }]) => {
      // methods of a class will do, those of every object will not
      const given = Object.hasOwn(handlers, name) || !(name in Object.prototype);
      const handler = given ? (handlers[name] as AnyHandler | undefined) : undefined;
      if (handler === undefined) {
        throw new MpregError("invalid-argument", `implement: the contract's function "${name}" has no handler`);
      }
      const options = { input, output, resources };
      this.#checked(name, handler, options);
      return { name, handler, options };
    });
    return all.map(({ name, handler, options }) => this.register(name, handler, options));
  }

  /** Withdraws a function from the cluster; answers whether there was one. Calls that run are not disturbed. */
  unregister(name: string): boolean {
    if (this.#driver.functionNamed(name) === undefined) return false;
    this.#driver.unregister(name);
    return true;
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

  /** The nodes this one knows of, itself first. */
  nodes(): readonly NodeInfo[] {
    return this.#driver.machine.inspect("nodes") as NodeInfo[];
  }

  /** The functions of the cluster and who offers them. */
  functions(): readonly FunctionInfo[] {
    return this.#driver.machine.inspect("functions") as FunctionInfo[];
  }

  /**
   * Leaves the cluster: says goodbye to all, stops listening, and tells every call of this node that has not ended
   * `closed`. Handlers that run are told through their signal.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#driver.close();
    await this.#shutDown();
  }

  /** What is about to be registered; throws what `register` throws. */
  #checked(name: string, handler: AnyHandler, options: RegisterOptions): RegisteredFunction {
    this.#checkOpen();
    const fun = checkRegistration(name, handler, options, this.#driver.resources);
    if (this.#driver.functionNamed(name) === undefined) return fun;
    const message = `Cannot register "${name}": node "${this.name}" already has a function of that name; unregister it first`;
    throw new MpregError("already-registered", message, { node: this.name });
  }

  #checkOpen(): void {
    if (this.#closing !== undefined)
      throw new MpregError("closed", `Node "${this.name}" is closed`, { node: this.name });
  }
}

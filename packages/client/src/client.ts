/**
 * Client: what a program holds after `connect`.
 */
import type { Contract } from "@mpreg/core";
import { MpregError } from "@mpreg/core/base";
import type { Goodbye } from "@mpreg/core/link";
import type { FunctionInfo, NodeInfo } from "@mpreg/core/node";
import { type Asker, type Asking, Caller, type Calls, type Graph, type PlainRequest } from "@mpreg/core/rpc";
import type { Codec } from "@mpreg/core/values";
import type { WireLimits } from "@mpreg/core/wire";
import type { Connection } from "./connection.js";

export interface ClientParts<C extends Contract | undefined> {
  readonly url: string;
  readonly codec: Codec;
  readonly limits: WireLimits;
  readonly connection: Connection;
  readonly contract: C;
  /** Why the connection is gone; `undefined` while it is there. */
  readonly gone: () => Goodbye | undefined;
}

/**
 * A connection to one node, through which every function of the cluster can be called. Made by `connect`.
 *
 * `C` is the contract of the functions, where `connect` was given one.
 */
export class Client<C extends Contract | undefined = undefined> implements AsyncDisposable {
  readonly url: string;
  /**
   * Calls one function somewhere in the cluster and answers its result; see {@link Calls}.
   *
   * The promise rejects with an `MpregError`. Aborting `options.signal` cancels the call, wherever it runs.
   */
  readonly call: Calls<C>["call"];
  readonly #codec: Codec;
  readonly #connection: Connection;
  readonly #caller: Caller;
  readonly #contract: C;
  readonly #lost: () => Goodbye | undefined;
  #closed = false;

  constructor({ url, codec, limits, connection, contract, gone }: ClientParts<C>) {
    this.#lost = gone;
    this.url = url;
    this.#codec = codec;
    this.#connection = connection;
    this.#contract = contract;
    const asking: Asking = {
      codec,
      limits,
      call: (fields, asker) => this.#goneFor(asker) ?? connection.call(fields, asker),
      request: (fields, asker) => this.#goneFor(asker) ?? connection.request(fields, asker),
      withdraw: (ask) => {
        connection.withdraw(ask);
      },
    };
    this.#caller = new Caller(asking, contract);
    // the type of `call` follows the contract; what it does does not
    this.call = ((fun: string, args?: readonly unknown[], options?: object) =>
      this.#caller.call(fun, args, options)) as Calls<C>["call"];
  }

  /** Starts an empty graph; its `run` sends it. */
  graph(): Graph<C> {
    return this.#caller.graph(this.#contract);
  }

  /** Runs a request in plain form; answers an object of results by step name. */
  get request(): PlainRequest {
    return this.#caller.request;
  }

  /** The nodes of the cluster as the connected node sees them, itself first. */
  nodes(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<readonly NodeInfo[]> {
    return this.#inspect("nodes", options.signal) as Promise<readonly NodeInfo[]>;
  }

  /** The functions of the cluster and who offers them. */
  functions(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<readonly FunctionInfo[]> {
    return this.#inspect("functions", options.signal) as Promise<readonly FunctionInfo[]>;
  }

  /** Ends the connection. Calls under way are told `closed`; what they do elsewhere is cancelled. */
  close(): Promise<void> {
    this.#closed = true;
    this.#connection.close("the client has closed");
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Tells `asker` that there is no connection; `undefined` when there is one. */
  #goneFor(asker: Asker): number | undefined {
    const error = this.#goneError();
    if (error === undefined) return undefined;
    asker.failed(error);
    return 0;
  }

  #inspect(subject: "nodes" | "functions", signal: AbortSignal | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const error = this.#goneError();
      if (error !== undefined) return reject(error);
      if (signal?.aborted === true) return reject(cancelled(signal));
      const onAbort = (): void => {
        this.#connection.withdraw(ask);
        reject(cancelled(signal));
      };
      const ended = (): void => {
        signal?.removeEventListener("abort", onAbort);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      const ask = this.#connection.inspect(subject, {
        answered: (value) => {
          ended();
          resolve(this.#codec.decode(value));
        },
        results: () => {
          ended();
          reject(new MpregError("malformed", "The node has answered with a request's results to something else"));
        },
        failed: (failure) => {
          ended();
          reject(failure);
        },
      });
    });
  }

  #goneError(): MpregError | undefined {
    if (this.#closed) return new MpregError("closed", `The client of ${this.url} is closed`);
    const gone = this.#lost();
    if (gone === undefined) return undefined;
    const message = `The connection to ${this.url} is gone: ${gone.reason}; connect again to go on`;
    return new MpregError("not-connected", message);
  }
}

function cancelled(signal: AbortSignal | undefined): MpregError {
  return new MpregError("cancelled", "The caller cancelled", { cause: signal?.reason });
}

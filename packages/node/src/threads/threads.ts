/** Threads: the functions of one node that run in threads, from their registration to the end of the last thread. */
import type { Contract } from "@mpreg/core/base";
import {
  type FunctionTable,
  type Implementation,
  type ImplementOptions,
  type Implementations,
  type Registration,
  implementationOf,
} from "@mpreg/core/handlers";
import { type ThreadedOptions, resolveThreaded } from "./options.js";
import { type PoolHost, ThreadPool } from "./pool.js";

/** A function of a contract whose handler a file exports, and runs in threads. */
export interface ThreadedImplementation extends ImplementOptions, Pick<ThreadedOptions, "threads" | "export"> {
  readonly handler: URL;
}

/** What `node.implement` takes: one implementation per function of the contract. */
export type NodeImplementations<C extends Contract> = {
  readonly [Name in keyof C]: Implementation<C[Name]> | ThreadedImplementation;
};

export class Threads {
  readonly #functions: FunctionTable;
  readonly #host: PoolHost;
  readonly #pools = new Set<ThreadPool>();

  constructor(functions: FunctionTable, host: PoolHost) {
    this.#functions = functions;
    this.#host = host;
  }

  /** Registers the function whose handler `module` exports. */
  register(name: string, module: URL, given: ThreadedOptions = {}): Registration {
    const { pool, options } = this.#pool(name, module, given);
    const registration = this.#functions.register(name, pool, options);
    this.#open(pool);
    return registration;
  }

  /** Registers the functions of a contract, those in threads and the others, or none. */
  implement<C extends Contract>(contract: C, handlers: NodeImplementations<C>): Registration[] {
    const pools: ThreadPool[] = [];
    const entries = Object.entries(handlers).map(([name, given]: [string, unknown]) => {
      if (!isThreaded(given)) return [name, given];
      const { handler, options } = implementationOf(name, given, ["threads", "export"]);
      const created = this.#pool(name, handler as URL, options);
      pools.push(created.pool);
      return [name, { ...created.options, handler: created.pool }];
    });
    const isPlain = pools.length === 0; // then it may be an instance of a class, whose methods are no entries
    const all = (isPlain ? handlers : Object.fromEntries(entries)) as Implementations<C>;
    const registrations = this.#functions.implement(contract, all);
    for (const pool of pools) this.#open(pool);
    return registrations;
  }

  /** Ends all threads; the node does not wait for their calls any more. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools].map((pool) => pool.close()));
  }

  #pool(name: string, module: URL, given: ThreadedOptions): { pool: ThreadPool; options: ThreadedOptions } {
    const { threads, exportName, options } = resolveThreaded(name, module, given);
    const pool: ThreadPool = new ThreadPool({ fun: name, module, exportName, threads }, this.#host, () => {
      this.#pools.delete(pool);
    });
    return { pool, options };
  }

  #open(pool: ThreadPool): void {
    this.#pools.add(pool);
    pool.open();
  }
}

function isThreaded(given: unknown): boolean {
  return (
    typeof given === "object" && given !== null && (given as Partial<ThreadedImplementation>).handler instanceof URL
  );
}

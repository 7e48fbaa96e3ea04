/** Threads: the functions of one node that run in threads, from their registration to the end of the last thread. */
import type { FunctionTable, Registration } from "@mpreg/core/handlers";
import { type ThreadedOptions, resolveThreaded } from "./options.js";
import { type PoolHost, ThreadPool } from "./pool.js";

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
    const { threads, exportName, options } = resolveThreaded(name, module, given);
    const pool: ThreadPool = new ThreadPool({ fun: name, module, exportName, threads }, this.#host, () => {
      this.#pools.delete(pool);
    });
    const registration = this.#functions.register(name, pool, options);
    this.#pools.add(pool);
    pool.open();
    return registration;
  }

  /** Ends all threads; the node does not wait for their calls any more. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools].map((pool) => pool.close()));
  }
}

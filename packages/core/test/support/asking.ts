/** Asking: a caller's asks, held until a test ends them. */
import { type Asker, type Asking, Caller, type CallFields, type RequestFields } from "../../src/rpc/index.js";
import type { Contract } from "../../src/base/index.js";
import { defaultWireLimits } from "../../src/wire/index.js";
import { codec } from "./requests.js";

/** Carries asks nowhere: tests end them. */
export class Held implements Asking {
  readonly codec = codec;
  readonly limits = defaultWireLimits;
  readonly nodeName: string | undefined;
  tellsEvents = false;
  readonly asks: { readonly fields: CallFields | RequestFields; readonly asker: Asker }[] = [];
  readonly withdrawn: number[] = [];

  constructor(nodeName?: string) {
    this.nodeName = nodeName;
  }

  call(fields: CallFields, asker: Asker): number {
    return this.asks.push({ fields, asker }) - 1;
  }

  request(fields: RequestFields, asker: Asker): number {
    return this.asks.push({ fields, asker }) - 1;
  }

  withdraw(ask: number): void {
    this.withdrawn.push(ask);
  }

  get last(): Asker {
    return this.asks.at(-1)!.asker;
  }
}

/** A caller whose asks are held; `nodeName` is the node it is connected to. */
export function createHeld(options: { readonly nodeName?: string; readonly contract?: Contract } = {}): {
  readonly held: Held;
  readonly caller: Caller;
} {
  const held = new Held(options.nodeName);
  return { held, caller: new Caller(held, options.contract) };
}

/** What the promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("it was resolved");
    },
    (error: unknown) => error,
  );
}

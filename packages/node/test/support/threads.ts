/** Threads: functions of `threads/modules/handlers.ts` on a node, and word of when they run. */
import type { Client } from "@mpreg/client";
import type { CreateNodeOptions, MpregNode, ThreadedOptions } from "@mpreg/node";
import { startPair } from "./cluster.js";
import { eventually } from "./eventually.js";

export const handlerModule: URL = new URL("../threads/modules/handlers.ts", import.meta.url);

export function moduleUrl(name: string): URL {
  return new URL(`../threads/modules/${name}`, import.meta.url);
}

export interface Actors {
  readonly node: MpregNode;
  readonly client: Client;
  /** What has begun in threads, in order. */
  readonly began: readonly string[];
  /** Waits until `count` calls of `what` have begun. */
  hasBegun(what: string, count?: number): Promise<unknown>;
}

/** A node with the function "act", which does in a thread whatever it is told to. */
export async function startActors(given: ThreadedOptions = {}, options: CreateNodeOptions = {}): Promise<Actors> {
  const { node, client } = await startPair(options);
  const began: string[] = [];
  node.register("began", (what: string) => void began.push(what));
  node.register("act", handlerModule, { threads: 1, export: "act", ...given });
  return {
    node,
    client,
    began,
    hasBegun: (what, count = 1) =>
      eventually(`"${what}" has begun ${count} times`, () => began.filter((each) => each === what).length >= count),
  };
}

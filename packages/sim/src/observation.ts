/**
 * Observation: what the world tells those who watch it; checkers judge by nothing else.
 */
import type { MpregError } from "@mpreg/core/base";
import type { Ask, Invocation, Settled } from "@mpreg/core/rpc";
import type { NodeEvent } from "@mpreg/core/node";

export type Observation =
  /** A handler starts, because the node's machine said so. `mayRepeat`: running it twice does no harm. */
  | {
      readonly kind: "started";
      readonly node: string;
      readonly invocation: Invocation;
      readonly mayRepeat: boolean;
    }
  /** A handler that runs was told that nobody waits for it. */
  | { readonly kind: "aborted"; readonly node: string; readonly invocation: Invocation }
  | {
      readonly kind: "ended";
      readonly node: string;
      readonly invocation: Invocation;
      readonly result: Uint8Array | MpregError;
    }
  /** `asker` (a client, or a node's own program) has asked `node`. Ids count up per asker. */
  | { readonly kind: "asked"; readonly asker: string; readonly node: string; readonly id: number; readonly ask: Ask }
  /** The asker no longer wants the answer; `answerFollows` says whether it hears of the end all the same. */
  | { readonly kind: "withdrawn"; readonly asker: string; readonly id: number; readonly answerFollows: boolean }
  | { readonly kind: "answered"; readonly asker: string; readonly id: number; readonly settled: Settled }
  /** The asker has lost its link, or the node it is part of: nothing more will come. */
  | { readonly kind: "asker-gone"; readonly asker: string; readonly reason: string }
  | { readonly kind: "node-up"; readonly node: string; readonly id: string; readonly start: number }
  | { readonly kind: "node-down"; readonly node: string }
  | { readonly kind: "reported"; readonly node: string; readonly event: NodeEvent }
  /** Somebody has disturbed the world. */
  | { readonly kind: "disturbed"; readonly what: string };

/** Something that must not be. */
export interface Violation {
  /** Name of the guarantee. */
  readonly guarantee: string;
  readonly message: string;
  readonly atMs: number;
}

export type Observer = (observation: Observation, nowMs: number) => void;

/** Published: what has become of a message that was published. */
import type { MpregError } from "../base/index.js";

/** What a message has come to at one node, by subscriptions. */
export interface Outcome {
  /** It is on its way to so many. */
  readonly handed: number;
  /** It waits for so many. */
  readonly waiting: number;
  /** It was lost to so many at once: they will be told. */
  readonly lost: number;
}

/** What a message has come to, by subscriptions: those of the node where it was published, or those of all nodes. */
export interface Published extends Outcome {
  readonly kind: "published";
  /** It goes to so many other nodes. */
  readonly nodes: number;
}

/** What became of a publish whose publisher wants to know; the figures are valid until this returns. */
export type PublishSettled = (result: Published | MpregError) => void;

/** What it came to, as it is answered. */
export function figuresOf({ handed, waiting, lost, nodes }: Published): Readonly<Record<string, number>> {
  return { handed, waiting, lost, nodes };
}

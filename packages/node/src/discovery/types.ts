/**
 * What a source of seeds is: seeds are addresses at which another node of the cluster may be found.
 */

/** Tells all seeds that the source knows now; they replace those that it told before. */
export type Seeds = (urls: readonly string[]) => void;

/**
 * Something outside of the cluster that knows seeds.
 *
 * None of its troubles is an error of the node: they are logged, and the source goes on trying. What it tells is only
 * ever dialled; handshake and policy decide who is a member.
 */
export interface Source {
  /** Names the source among those of the node, for people too: `file ./peers.txt`. */
  readonly name: string;
  /** Called once. */
  start(seeds: Seeds): void;
  /** Ends everything it has under way; it tells nothing any more. */
  close(): Promise<void>;
}

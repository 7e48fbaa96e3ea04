/**
 * Addresses: where a client may find a node: those it was given, and those it has learned from the cluster.
 *
 * (D1) What was given is never forgotten; of what was learned, `learnedMax` addresses that were told last are kept.
 * (D2) Whoever was given `wss:` alone never goes to a `ws:` address that it was told: nobody talks it out of TLS.
 */
import type { Random } from "@mpreg/core/base";

/** Addresses that are learned at most. (D1) */
const learnedMax = 64;

export class Addresses {
  readonly #given: readonly string[];
  readonly #needsTls: boolean;
  #learned: readonly string[] = [];
  /** Nodes there have asked to be left. */
  #avoided: ReadonlySet<string> = new Set();

  constructor(given: readonly string[]) {
    this.#given = given;
    this.#needsTls = given.every((url) => new URL(url).protocol === "wss:");
  }

  /** Those it was given. */
  get given(): readonly string[] {
    return this.#given;
  }

  /** All of them. */
  get all(): readonly string[] {
    return [...new Set([...this.#given, ...this.#learned])];
  }

  /** Whether a node may be elsewhere than at `url`. */
  hasOthers(url: string): boolean {
    return this.all.some((each) => each !== url && !this.#avoided.has(each));
  }

  /** The cluster has told where its nodes are; replaces what it told before. What is no WebSocket address is left out. */
  learn(urls: readonly string[]): void {
    this.#learned = [...new Set(urls.filter((url) => this.#isUsable(url)))].slice(0, learnedMax);
    this.#avoided = new Set();
  }

  /** The node at `url` is to be left; `others` may be gone to. */
  leave(url: string, others: readonly string[]): void {
    const usable = others.filter((other) => this.#isUsable(other));
    this.#learned = [...new Set([...usable, ...this.#learned])].slice(0, learnedMax);
    this.#avoided = new Set([...this.#avoided, url]);
  }

  /**
   * In which order to try them after a connection to `lastUrl` was lost: that one first, since it may know most; the others
   * drawn by lot, so that not all clients of a node go to the same one; those to be left last.
   */
  order(lastUrl: string | undefined, random: Random): readonly string[] {
    const drawn = this.all.map((url) => {
      const rank = this.#avoided.has(url) ? 2 : url === lastUrl ? -1 : random.next();
      return { url, rank };
    });
    return drawn.sort((a, b) => a.rank - b.rank).map(({ url }) => url);
  }

  /** (D2) */
  #isUsable(url: string): boolean {
    if (!URL.canParse(url)) return false;
    const { protocol } = new URL(url);
    return protocol === "wss:" || (protocol === "ws:" && !this.#needsTls);
  }
}

/**
 * Pattern matcher: a trie of patterns, and a cache of what it has found, which hears of every change.
 *
 * Values are what they are to `pattern-trie.ts`: small non-negative integers that the owner gives out from 0 on.
 */
import type { Pattern } from "../base/index.js";
import { MatchCache, type MatchCacheLimits, defaultMatchCacheLimits } from "./match-cache.js";
import { type Matched, PatternTrie } from "./pattern-trie.js";

export interface PatternMatcherOptions {
  /** Any number of 32 bits, from a random source where strangers choose patterns or topics; 0 unless told otherwise. */
  readonly seed?: number;
  readonly cache?: MatchCacheLimits;
}

/** What is known of a matcher, counted since it was made. */
export interface MatcherFigures {
  /** Pairs of a pattern and a value. */
  readonly patterns: number;
  readonly nodes: number;
  /** What the tables of patterns take. */
  readonly bytes: number;
  readonly cachedTopics: number;
  readonly cachedBytes: number;
  /** Matches that were answered from the cache, and all. */
  readonly hits: number;
  readonly matches: number;
}

export class PatternMatcher {
  readonly #trie: PatternTrie;
  readonly #cache: MatchCache;
  #hits = 0;
  #matches = 0;

  constructor({ seed = 0, cache = defaultMatchCacheLimits }: PatternMatcherOptions = {}) {
    this.#trie = new PatternTrie({ seed });
    this.#cache = new MatchCache(cache);
  }

  /** Whether there is no pattern. */
  get isEmpty(): boolean {
    return this.#trie.size === 0;
  }

  get figures(): MatcherFigures {
    return {
      patterns: this.#trie.size,
      nodes: this.#trie.nodeCount,
      bytes: this.#trie.bytes,
      cachedTopics: this.#cache.size,
      cachedBytes: this.#cache.bytes,
      hits: this.#hits,
      matches: this.#matches,
    };
  }

  /** Lets `pattern` stand for `value`, too. Answers false when it did already. */
  add(pattern: Pattern, value: number): boolean {
    const isNew = this.#trie.add(pattern, value);
    if (isNew) this.#cache.changed(this.#trie.read(pattern));
    return isNew;
  }

  /** Lets `pattern` not stand for `value` any more. Answers false when it did not. */
  remove(pattern: Pattern, value: number): boolean {
    const wasThere = this.#trie.remove(pattern, value);
    if (wasThere) this.#cache.changed(this.#trie.read(pattern));
    return wasThere;
  }

  /** The values of the patterns that match `topic`, each once, valid until the next match or change. */
  match(topic: string): Matched {
    this.#matches += 1;
    const words = this.#trie.read(topic);
    const kept = this.#cache.find(words);
    if (kept !== undefined) {
      this.#hits += 1;
      return kept;
    }
    const matched = this.#trie.matchWords(words);
    this.#cache.keep(words, matched);
    return matched;
  }

  /** As {@link match}, of a topic that was matched lately and is still known; else `undefined`. */
  find(topic: string): Matched | undefined {
    const kept = this.#cache.find(this.#trie.read(topic));
    if (kept === undefined) return undefined;
    this.#hits += 1;
    this.#matches += 1;
    return kept;
  }
}

/** Structures: data structures that know nothing of the product. */
export { type AbortSource, onAbort } from "./abort-listeners.js";
export { Allowance } from "./allowance.js";
export { Breaker, type BreakerState } from "./breaker.js";
export { Broadcast } from "./broadcast.js";
export { EventQueue, type Missed } from "./event-queue.js";
export { ByteBudget, type Holder } from "./byte-budget.js";
export { Chain, type ChainNode } from "./chain.js";
export { Fifo } from "./fifo.js";
export { hash32 } from "./hash32.js";
export { IdMap } from "./id-map.js";
export { MatchCache, type MatchCacheLimits, defaultMatchCacheLimits } from "./match-cache.js";
export { type MatcherFigures, PatternMatcher, type PatternMatcherOptions } from "./pattern-matcher.js";
export { type Matched, PatternTrie, type PatternTrieOptions, patternValueMax } from "./pattern-trie.js";
export { Scratch } from "./scratch.js";
export { Quantile } from "./quantile.js";
export { RecentSet } from "./recent-set.js";
export { Latency } from "./latency.js";
export { TopicWords } from "./topic-words.js";

/**
 * Pattern trie: which of very many patterns match a topic.
 *
 * What a pattern means is `base/pattern.ts`'s; that the same topics are asked for again and again is `match-cache.ts`'s.
 * A pattern stands for values, small non-negative integers: numbers of subscribers, say, that their owner gives out from 0
 * on and gives again.
 *
 * A node is the beginning of patterns. Of what follows a `#` it knows itself: the values of patterns that end with it, and
 * its children behind it. In normal form those are words that stand for themselves, so a `#` needs no node of its own, and
 * a topic is matched by a walk that holds, for each word, the nodes just reached and those at whose `#` it may still be.
 *
 * (P1) A value is found once for a topic, however many of its patterns match it.
 * (P2) For each word of a topic a node is reached at most once, and looked at behind its `#` at most once: so for
 *      each of them, and for the end, a match looks at no more than twice the nodes that there are, whatever the patterns.
 * (P3) Adding and removing take time in proportion to the pattern's length, however many patterns there are.
 * (P4) Where nothing begins any more there is no node; without patterns there is nothing.
 * (P5) A filter of children may say that there is one where there is none, never the other way round.
 */
import { type Pattern, assert } from "../base/index.js";
import { IntegerSets } from "./integer-sets.js";
import { TopicWords } from "./topic-words.js";
import {
  TrieTable,
  childrenAt,
  findChild,
  nodeSize,
  starAt,
  stampAt,
  tailChildrenAt,
  tailValuesAt,
  valuesAt,
} from "./trie-table.js";
import { WordTable } from "./word-table.js";

/**
 * What was found for a topic: `values[start]` up to but not including `values[end]`, in no particular order. To be read only: what
 * lies there is what the next one who asks is told.
 */
export interface Matched {
  readonly values: ArrayLike<number>;
  readonly start: number;
  readonly end: number;
}

export interface PatternTrieOptions {
  /** Any number of 32 bits, from a random source where strangers choose the patterns; 0 unless told otherwise. */
  readonly seed?: number;
  /** Matches between which what was found is told apart before all marks are wiped; for tests. */
  readonly stampMax?: number;
}

/** Values are below that: the marks of a match have four bytes for each up to the largest. */
export const patternValueMax: number = 2 ** 24;

const starCode = 0x2a;
const hashCode = 0x23;

/** The root is the child of nothing by this word; words that stand for themselves have larger numbers. */
const rootWord = 0;
const starWord = 1;

export class PatternTrie {
  /** Reads topics for `match`, and patterns. */
  readonly #words: TopicWords;
  readonly #wordTable = new WordTable();
  readonly #table: TrieTable;
  readonly #sets = new IntegerSets();
  readonly #stampMax: number;
  #size = 0;

  /** By value: the match in which it was last found. */
  #found: Int32Array = new Int32Array(64);
  #stamp = 0;
  #visited = 0;
  /** The nodes that a walk has reached, will reach with the next word, and may go on behind the `#` of. */
  #reached: Int32Array = new Int32Array(64);
  #next: Int32Array = new Int32Array(64);
  #tails: Int32Array = new Int32Array(64);
  /** Of whom the next word may be a child. */
  #parents: Int32Array = new Int32Array(64);
  readonly #matched: { values: Int32Array; start: number; end: number };

  constructor({ seed = 0, stampMax = 2 ** 31 - 1 }: PatternTrieOptions = {}) {
    this.#words = new TopicWords(seed);
    this.#table = new TrieTable(seed);
    this.#stampMax = stampMax;
    this.#matched = { values: new Int32Array(64), start: 0, end: 0 };
  }

  /** How many pairs of a pattern and a value there are. */
  get size(): number {
    return this.#size;
  }

  get nodeCount(): number {
    return this.#table.size;
  }

  /** How many different words the patterns have. */
  get wordCount(): number {
    return this.#wordTable.size;
  }

  /** What its tables take, and the marks of values; sets of more than one value and the words themselves not counted. */
  get bytes(): number {
    return this.#table.bytes + this.#wordTable.bytes + this.#found.byteLength;
  }

  /** How many nodes the last match has looked at, the same one for different words counting anew. (P2) */
  get visitedCount(): number {
    return this.#visited;
  }

  /** Reads `topic` as `matchWords` wants it, until the next text is read. */
  read(topic: string): TopicWords {
    return this.#words.read(topic);
  }

  /** Lets `pattern` stand for `value`, too. Answers false when it did already. */
  add(pattern: Pattern, value: number): boolean {
    assert(
      Number.isInteger(value) && value >= 0 && value < patternValueMax,
      "a value is an integer from 0 to 2^24 - 1",
    );
    const words = this.#words.read(pattern);
    let node = this.#table.find(0, rootWord);
    if (node === 0) node = this.#table.insert(0, rootWord);
    let isTail = false;
    for (let index = 0; index < words.count; index++) {
      if (words.isOne(index, hashCode)) isTail = true;
      else {
        node = this.#child(words, index, node, isTail);
        isTail = false;
      }
    }
    const { nodes } = this.#table;
    const field = node * nodeSize + (isTail ? tailValuesAt : valuesAt);
    const code = nodes[field] as number;
    if (this.#sets.has(code, value)) return false; // and every node was there, so none is left behind
    nodes[field] = this.#sets.with(code, value);
    this.#size += 1;
    if (value >= this.#found.length) this.#found = grown(this.#found, value + 1);
    return true;
  }

  /** Lets `pattern` not stand for `value` any more. Answers false when it did not. */
  remove(pattern: Pattern, value: number): boolean {
    const words = this.#words.read(pattern);
    const path: number[] = []; // of each node on the way: its parent, its word, itself
    const isTail = words.count > 0 && words.isOne(words.count - 1, hashCode);
    const node = this.#walk(words, path);
    if (node === 0) return false;
    const { nodes } = this.#table;
    const field = node * nodeSize + (isTail ? tailValuesAt : valuesAt);
    const code = nodes[field] as number;
    if (!this.#sets.has(code, value)) return false;
    nodes[field] = this.#sets.without(code, value);
    this.#size -= 1;
    this.#prune(path);
    return true;
  }

  /** The values of the patterns that match `topic`, valid until the next match or change. */
  match(topic: string): Matched {
    return this.matchWords(this.#words.read(topic));
  }

  /** The same of a topic that was {@link read}. */
  matchWords(words: TopicWords): Matched {
    const matched = this.#matched;
    matched.end = 0;
    this.#visited = 0;
    const stamp = this.#nextStamp();
    const root = this.#table.find(0, rootWord);
    if (root === 0) return matched;
    const { nodes } = this.#table;
    const { count, hashes } = words;
    this.#reached[0] = root;
    let reachedCount = 1;
    let tailCount = 0;
    for (let index = 0; index < count; index++) {
      this.#reserve(reachedCount, tailCount);
      const bit = filterBit(hashes[index] as number);
      const reached = this.#reached;
      const next = this.#next;
      const tails = this.#tails;
      const parents = this.#parents;
      let nextCount = 0;
      let parentCount = 0;
      this.#visited += reachedCount;
      for (let i = 0; i < reachedCount; i++) {
        const node = reached[i] as number;
        const at = node * nodeSize;
        if (((nodes[at + tailValuesAt] as number) | (nodes[at + tailChildrenAt] as number)) !== 0) {
          if (this.#enterTail(at, stamp)) tails[tailCount++] = node;
        }
        const star = nodes[at + starAt] as number;
        if (star !== 0) next[nextCount++] = star;
        if (((nodes[at + childrenAt] as number) & bit) !== 0) parents[parentCount++] = node * 2; // (P5)
      }
      this.#visited += tailCount;
      for (let i = 0; i < tailCount; i++) {
        const node = tails[i] as number;
        if (((nodes[node * nodeSize + tailChildrenAt] as number) & bit) !== 0) parents[parentCount++] = node * 2 + 1;
      }
      if (parentCount > 0) nextCount = this.#findChildren(words, index, parentCount, nextCount);
      if (nextCount === 0 && tailCount === 0) return matched;
      this.#next = reached;
      this.#reached = next;
      reachedCount = nextCount;
    }
    this.#visited += reachedCount;
    for (let i = 0; i < reachedCount; i++) {
      const at = (this.#reached[i] as number) * nodeSize;
      if ((nodes[at + tailValuesAt] as number) !== 0) this.#enterTail(at, stamp);
      const values = nodes[at + valuesAt] as number;
      if (values !== 0) this.#collect(values, stamp);
    }
    return matched;
  }

  /**
   * Adds to what is reached next the children by word `index` of those that may have one; answers how many there are then. In
   * a loop of its own, because the accesses to memory do not depend on each other: the processor waits for several at once.
   */
  #findChildren(words: TopicWords, index: number, parentCount: number, nextCount: number): number {
    const word = this.#wordTable.find(words, index);
    if (word === 0) return nextCount;
    const { places, mask, nodes } = this.#table;
    const hash = this.#table.hashOf(word);
    const parents = this.#parents;
    const next = this.#next;
    let count = nextCount;
    for (let i = 0; i < parentCount; i++) {
      const child = findChild(places, mask, nodes, parents[i] as number, word, hash);
      if (child !== 0) next[count++] = child;
    }
    return count;
  }

  /** Room for what one word more can lead to: of each node reached the children by `*` and by the word, of each tail the latter. */
  #reserve(reachedCount: number, tailCount: number): void {
    const tailsMax = tailCount + reachedCount;
    const parentsMax = tailsMax + reachedCount;
    const nextMax = parentsMax + reachedCount;
    if (this.#next.length < nextMax) this.#next = new Int32Array(nextMax * 2);
    if (this.#parents.length < parentsMax) this.#parents = new Int32Array(parentsMax * 2);
    if (this.#tails.length < tailsMax) this.#tails = grown(this.#tails, tailsMax);
  }

  /** Finds what ends with the `#` of the node at `at`. Answers whether the walk may go on behind it, and did not know yet. (P2) */
  #enterTail(at: number, stamp: number): boolean {
    const { nodes } = this.#table;
    if (nodes[at + stampAt] === stamp) return false;
    nodes[at + stampAt] = stamp;
    const values = nodes[at + tailValuesAt] as number;
    if (values !== 0) this.#collect(values, stamp);
    return nodes[at + tailChildrenAt] !== 0;
  }

  /** (P1) */
  #collect(code: number, stamp: number): void {
    const found = this.#found;
    const matched = this.#matched;
    if (code > 0) {
      if (found[code - 1] === stamp) return;
      found[code - 1] = stamp;
      if (matched.end === matched.values.length) matched.values = grown(matched.values, matched.end + 1);
      matched.values[matched.end++] = code - 1;
      return;
    }
    const { values, size } = this.#sets.members(code);
    if (matched.end + size > matched.values.length) matched.values = grown(matched.values, matched.end + size);
    const collected = matched.values;
    let { end } = matched;
    for (let i = 0; i < size; i++) {
      const value = values[i] as number;
      if (found[value] === stamp) continue;
      found[value] = stamp;
      collected[end++] = value;
    }
    matched.end = end;
  }

  #nextStamp(): number {
    if (this.#stamp >= this.#stampMax) {
      this.#stamp = 0;
      this.#found.fill(0);
      this.#table.clearStamps();
    }
    return ++this.#stamp;
  }

  /** The child of `parent` by word `index`, made if it is not there. */
  #child(words: TopicWords, index: number, parent: number, isTail: boolean): number {
    const table = this.#table;
    const at = parent * nodeSize;
    if (words.isOne(index, starCode)) {
      const star = table.nodes[at + starAt] as number;
      if (star !== 0) return star;
      const made = table.insert(parent * 2, starWord);
      table.nodes[at + starAt] = made;
      return made;
    }
    const state = parent * 2 + (isTail ? 1 : 0);
    const known = this.#wordTable.find(words, index);
    const found = known === 0 ? 0 : table.find(state, known);
    if (found !== 0) return found;
    const made = table.insert(state, this.#wordTable.use(words, index));
    const filter = at + (isTail ? tailChildrenAt : childrenAt);
    table.nodes[filter] = (table.nodes[filter] as number) | filterBit(words.hashes[index] as number);
    table.counts[state] = (table.counts[state] as number) + 1;
    return made;
  }

  /** The node of a whole pattern, and in `path` all on the way to it; 0 when there is none. */
  #walk(words: TopicWords, path: number[]): number {
    let parent = 0;
    let word = rootWord;
    let node = this.#table.find(parent, word);
    path.push(parent, word, node);
    let isTail = false;
    for (let index = 0; node !== 0 && index < words.count; index++) {
      if (words.isOne(index, hashCode)) {
        isTail = true;
        continue;
      }
      parent = node * 2 + (isTail ? 1 : 0);
      word = words.isOne(index, starCode) ? starWord : this.#wordTable.find(words, index);
      if (word === 0) return 0;
      node = this.#table.find(parent, word);
      path.push(parent, word, node);
      isTail = false;
    }
    return node;
  }

  /** Frees the nodes at the end of `path` at which no pattern begins any more. (P4) */
  #prune(path: readonly number[]): void {
    const table = this.#table;
    for (let last = path.length - 3; last >= 0; last -= 3) {
      const node = path[last + 2] as number;
      if (this.#isInUse(node)) break;
      table.remove(node);
      if (last > 0) this.#forget(path[last] as number, path[last + 1] as number);
    }
    table.compact();
    if (this.nodeCount === 0) this.#found = new Int32Array(64);
  }

  #isInUse(node: number): boolean {
    const { nodes } = this.#table;
    for (let field = valuesAt; field <= starAt; field++) if (nodes[node * nodeSize + field] !== 0) return true;
    return false;
  }

  /** `state`, a node before or behind its `#`, has lost its child by `word`. */
  #forget(state: number, word: number): void {
    const { nodes, counts } = this.#table;
    const at = (state >> 1) * nodeSize;
    if (word === starWord) {
      nodes[at + starAt] = 0;
      return;
    }
    this.#wordTable.release(word);
    const left = (counts[state] as number) - 1;
    counts[state] = left;
    // which words the others have is not known, so the filter says what it said until none is left (P5)
    if (left === 0) nodes[at + ((state & 1) === 1 ? tailChildrenAt : childrenAt)] = 0;
  }
}

/** The bit of a word in the filters of nodes' children. */
function filterBit(hash: number): number {
  return 1 << (hash >>> 27);
}

function grown(numbers: Int32Array, lengthMin: number): Int32Array {
  const longer = new Int32Array(Math.max(lengthMin, numbers.length * 2));
  longer.set(numbers);
  return longer;
}

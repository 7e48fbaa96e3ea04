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
import { TrieTable, childrenAt, nodeAt, stampAt, tailChildrenAt, tailValuesAt, valuesAt } from "./trie-table.js";
import { WordTable } from "./word-table.js";

/** What was found for a topic: `values[start]` up to but not including `values[end]`, in no particular order. */
export interface Matched {
  readonly values: Int32Array;
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
/** In the filter of a node's children: one of them is `*`. The other 31 bits are those of their words' hashes. */
const starBit = 1 << 31;

export class PatternTrie {
  /** Reads topics for `match`, and patterns. */
  readonly #words: TopicWords;
  readonly #wordTable = new WordTable();
  readonly #table: TrieTable;
  readonly #sets = new IntegerSets();
  readonly #stampMax: number;
  /** By node: how many children it has by a word, and how many behind its `#`. */
  #childCounts: number[] = [0];
  #tailChildCounts: number[] = [0];
  /** Numbers of nodes to be given again. */
  #freeNodes: number[] = [];
  #size = 0;

  /** By value: the match in which it was last found. */
  #found: Int32Array = new Int32Array(64);
  #stamp = 0;
  #visited = 0;
  /** Where in the table the nodes begin that a walk has reached, will reach with the next word, and may go on behind the `#` of. */
  #reached: Int32Array = new Int32Array(64);
  #next: Int32Array = new Int32Array(64);
  #tails: Int32Array = new Int32Array(64);
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
    const table = this.#table;
    table.reserve(words.count + 1);
    let at = table.find(0, rootWord);
    if (at === -1) at = table.insert(0, rootWord, this.#newNode());
    const { slots } = table;
    let isTail = false;
    for (let index = 0; index < words.count; index++) {
      if (words.isOne(index, hashCode)) isTail = true;
      else {
        at = this.#child(words, index, at, isTail);
        isTail = false;
      }
    }
    const field = at + (isTail ? tailValuesAt : valuesAt);
    const code = slots[field] as number;
    if (this.#sets.has(code, value)) return false; // and every node was there, so none is left behind
    slots[field] = this.#sets.with(code, value);
    this.#size += 1;
    if (value >= this.#found.length) this.#found = grown(this.#found, value + 1);
    return true;
  }

  /** Lets `pattern` not stand for `value` any more. Answers false when it did not. */
  remove(pattern: Pattern, value: number): boolean {
    const words = this.#words.read(pattern);
    const path: number[] = []; // parent and word of each node on the way
    const isTail = words.count > 0 && words.isOne(words.count - 1, hashCode);
    const at = this.#walk(words, path);
    if (at === -1) return false;
    const { slots } = this.#table;
    const field = at + (isTail ? tailValuesAt : valuesAt);
    const code = slots[field] as number;
    if (!this.#sets.has(code, value)) return false;
    slots[field] = this.#sets.without(code, value);
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
    const stamp = this.#nextStamp();
    const matched = this.#matched;
    matched.end = 0;
    this.#visited = 0;
    const root = this.#table.find(0, rootWord);
    if (root === -1) return matched;
    const { slots } = this.#table;
    const { count, hashes } = words;
    this.#reached[0] = root;
    let reachedCount = 1;
    let tailCount = 0;
    for (let index = 0; ; index++) {
      const isEnd = index === count;
      const bit = isEnd ? 0 : filterBit(hashes[index] as number);
      let word = -1; // not looked up yet
      let nextCount = 0;
      // each has one child by `*` and one by the word, and each tail, those of this turn among them, one by the word
      if (this.#next.length < reachedCount * 3 + tailCount) {
        this.#next = new Int32Array((reachedCount * 3 + tailCount) * 2);
      }
      if (this.#tails.length < tailCount + reachedCount) this.#tails = grown(this.#tails, tailCount + reachedCount);
      const reached = this.#reached;
      const next = this.#next;
      const tails = this.#tails;
      this.#visited += reachedCount;
      for (let i = 0; i < reachedCount; i++) {
        const at = reached[i] as number;
        const tailValues = slots[at + tailValuesAt] as number;
        const tailChildren = slots[at + tailChildrenAt] as number;
        if ((tailValues | tailChildren) !== 0 && slots[at + stampAt] !== stamp) {
          slots[at + stampAt] = stamp; // (P2)
          if (tailValues !== 0) this.#collect(tailValues, stamp);
          if (tailChildren !== 0) tails[tailCount++] = at;
        }
        if (isEnd) {
          const values = slots[at + valuesAt] as number;
          if (values !== 0) this.#collect(values, stamp);
          continue;
        }
        const children = slots[at + childrenAt] as number;
        if (children < 0) next[nextCount++] = this.#table.find((slots[at + nodeAt] as number) * 2, starWord);
        if ((children & bit) === 0 || word === 0) continue; // (P5)
        if (word === -1) word = this.#wordTable.find(words, index);
        if (word === 0) continue;
        const child = this.#table.find((slots[at + nodeAt] as number) * 2, word);
        if (child !== -1) next[nextCount++] = child;
      }
      if (isEnd) return matched;
      this.#visited += tailCount;
      for (let i = 0; i < tailCount && word !== 0; i++) {
        const at = tails[i] as number;
        if (((slots[at + tailChildrenAt] as number) & bit) === 0) continue; // (P5)
        if (word === -1) word = this.#wordTable.find(words, index);
        if (word === 0) break;
        const child = this.#table.find((slots[at + nodeAt] as number) * 2 + 1, word);
        if (child !== -1) next[nextCount++] = child;
      }
      if (nextCount === 0 && tailCount === 0) return matched;
      this.#next = reached;
      this.#reached = next;
      reachedCount = nextCount;
    }
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

  /** The child of the node at `at` by word `index`, made if it is not there. */
  #child(words: TopicWords, index: number, at: number, isTail: boolean): number {
    const table = this.#table;
    const { slots } = table;
    const node = slots[at + nodeAt] as number;
    const parent = node * 2 + (isTail ? 1 : 0);
    const isStar = words.isOne(index, starCode);
    const known = isStar ? starWord : this.#wordTable.find(words, index);
    const found = known === 0 ? -1 : table.find(parent, known);
    if (found !== -1) return found;
    if (isStar) slots[at + childrenAt] = (slots[at + childrenAt] as number) | starBit;
    else {
      const filter = at + (isTail ? tailChildrenAt : childrenAt);
      slots[filter] = (slots[filter] as number) | filterBit(words.hashes[index] as number);
      (this.#counts(isTail)[node] as number)++;
    }
    return table.insert(parent, isStar ? starWord : this.#wordTable.use(words, index), this.#newNode());
  }

  /** Where the node of a whole pattern begins, with the keys of all nodes on the way; -1 when there is none. */
  #walk(words: TopicWords, path: number[]): number {
    let parent = 0;
    let word = rootWord;
    let at = this.#table.find(parent, word);
    path.push(parent, word);
    let isTail = false;
    for (let index = 0; at !== -1 && index < words.count; index++) {
      if (words.isOne(index, hashCode)) {
        isTail = true;
        continue;
      }
      parent = (this.#table.slots[at + nodeAt] as number) * 2 + (isTail ? 1 : 0);
      word = words.isOne(index, starCode) ? starWord : this.#wordTable.find(words, index);
      if (word === 0) return -1;
      at = this.#table.find(parent, word);
      path.push(parent, word);
      isTail = false;
    }
    return at;
  }

  /** Frees the nodes at the end of `path` at which no pattern begins any more. (P4) */
  #prune(path: readonly number[]): void {
    for (let last = path.length - 2; last >= 0; last -= 2) {
      const table = this.#table;
      const parent = path[last] as number;
      const word = path[last + 1] as number;
      const at = table.find(parent, word);
      const { slots } = table;
      for (let field = valuesAt; field <= tailChildrenAt; field++) if (slots[at + field] !== 0) return;
      this.#freeNodes.push(slots[at + nodeAt] as number);
      table.remove(at);
      if (last === 0) break;
      this.#forget(table.find(path[last - 2] as number, path[last - 1] as number), (parent & 1) === 1, word);
    }
    if (this.nodeCount > 0) return;
    this.#freeNodes = [];
    this.#childCounts = [0];
    this.#tailChildCounts = [0];
    this.#found = new Int32Array(64);
  }

  /** The node at `at` has lost its child by `word`. */
  #forget(at: number, isTail: boolean, word: number): void {
    const { slots } = this.#table;
    if (word === starWord) {
      slots[at + childrenAt] = (slots[at + childrenAt] as number) & ~starBit;
      return;
    }
    this.#wordTable.release(word);
    const counts = this.#counts(isTail);
    const node = slots[at + nodeAt] as number;
    const left = (counts[node] as number) - 1;
    counts[node] = left;
    if (left > 0) return; // which words the others have is not known, so the filter stays as it is (P5)
    if (isTail) slots[at + tailChildrenAt] = 0;
    else slots[at + childrenAt] = (slots[at + childrenAt] as number) & starBit;
  }

  #counts(isTail: boolean): number[] {
    return isTail ? this.#tailChildCounts : this.#childCounts;
  }

  #newNode(): number {
    const node = this.#freeNodes.pop() ?? this.#childCounts.length;
    this.#childCounts[node] = 0;
    this.#tailChildCounts[node] = 0;
    return node;
  }
}

function filterBit(hash: number): number {
  return 1 << ((hash >>> 4) % 31);
}

function grown(numbers: Int32Array, lengthMin: number): Int32Array {
  const longer = new Int32Array(Math.max(lengthMin, numbers.length * 2));
  longer.set(numbers);
  return longer;
}

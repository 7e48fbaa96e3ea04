/**
 * Trie table: the nodes of a trie, each with a number, and found by its parent and its word.
 *
 * With 100,000 patterns a walk waits for memory and for little else. So what it needs to know of a node lies side by side
 * in 32 bytes, nodes that are made together lie together, and one hash table, of 8 bytes a place, holds the children of
 * all nodes: a child that does not exist costs one access to it.
 *
 * (H1) A node keeps its number until it is removed or {@link TrieTable.compact} renumbers all.
 * (H2) At most three quarters of the places of the hash table are taken. Of more than 1,024, and of more than 1,024 numbers,
 *      at least an eighth is in use after `compact`.
 */
import { emptyPlace } from "./probing.js";
import { mixed } from "./topic-words.js";

/** Numbers of 32 bits that are known of a node; those of node `n` begin at `n * nodeSize`. */
export const nodeSize = 8;
const parentAt = 0;
const wordAt = 1;
/** The word of a number that is not a node's. */
const noWord = -1;
/** The rest is the trie's. */
export const valuesAt = 2;
export const tailValuesAt = 3;
export const childrenAt = 4;
export const tailChildrenAt = 5;
export const starAt = 6;
export const stampAt = 7;

const roomMin = 64;
const roomKept = 1_024;

export class TrieTable {
  /** What is known of each node. Node 0 is none. */
  nodes: Int32Array = new Int32Array(roomMin * nodeSize);
  /** Two numbers for each place of the hash table: a hash, and the node or 0. */
  places: Int32Array = new Int32Array(roomMin * 2);
  mask: number = roomMin - 1;
  /** How many children each has by words that stand for themselves: two numbers, before its `#` and behind it. */
  counts: Int32Array = new Int32Array(roomMin * 2);
  /** Numbers that were given out, and those of them to be given again. */
  #numbers = 1;
  #free: number[] = [];
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = mixed(seed ^ 0x1b873593);
  }

  /** How many nodes there are. */
  get size(): number {
    return this.#numbers - 1 - this.#free.length;
  }

  /** What the tables take. */
  get bytes(): number {
    return this.nodes.byteLength + this.counts.byteLength + this.places.byteLength;
  }

  /** What a word adds to the hash of a child. */
  hashOf(word: number): number {
    return mixed(word ^ this.#seed);
  }

  /** The child of `parent` by `word`; 0 when there is none. */
  find(parent: number, word: number): number {
    return findChild(this.places, this.mask, this.nodes, parent, word, this.hashOf(word));
  }

  /** Makes a child that is not there yet, with nothing known of it; answers its number. */
  insert(parent: number, word: number): number {
    if ((this.size + 1) * 4 > (this.mask + 1) * 3) this.#rehash((this.mask + 1) * 2); // (H2)
    const node = this.#free.pop() ?? this.#newNumber();
    const at = node * nodeSize;
    this.nodes.fill(0, at, at + nodeSize);
    this.counts[node * 2] = 0;
    this.counts[node * 2 + 1] = 0;
    this.nodes[at + parentAt] = parent;
    this.nodes[at + wordAt] = word;
    this.#place(node);
    return node;
  }

  remove(node: number): void {
    emptyPlace(this.places, this.mask, this.#hash(node), node);
    this.nodes[node * nodeSize + wordAt] = noWord;
    this.#free.push(node);
  }

  /** Gives up room that is not needed any more: what it costs was paid by the removals before. No node keeps its number. (H2) */
  compact(): void {
    const room = this.nodes.length / nodeSize;
    const { size, nodes, counts } = this;
    if (size > 0 && (room <= roomKept || size * 8 >= room)) return;
    if (size === 0 && room === roomMin) return;
    const given = this.#numbers;
    const renumbered = new Int32Array(given);
    this.#numbers = 1;
    this.#free = [];
    for (let node = 1; node < given; node++) {
      if (nodes[node * nodeSize + wordAt] !== noWord) renumbered[node] = this.#numbers++;
    }
    const needed = powerOfTwo(Math.max(roomMin, size * 2));
    this.nodes = new Int32Array(needed * nodeSize);
    this.counts = new Int32Array(needed * 2);
    for (let node = 1; node < given; node++) {
      const to = renumbered[node] as number;
      if (to === 0) continue;
      const at = to * nodeSize;
      this.nodes.set(nodes.subarray(node * nodeSize, (node + 1) * nodeSize), at);
      this.counts.set(counts.subarray(node * 2, (node + 1) * 2), to * 2);
      const parent = this.nodes[at + parentAt] as number;
      this.nodes[at + parentAt] = (renumbered[parent >> 1] as number) * 2 + (parent & 1);
      this.nodes[at + starAt] = renumbered[this.nodes[at + starAt] as number] as number;
    }
    this.#rehash(needed);
  }

  /** Sets all stamps to 0. */
  clearStamps(): void {
    for (let at = stampAt; at < this.nodes.length; at += nodeSize) this.nodes[at] = 0;
  }

  #newNumber(): number {
    const node = this.#numbers++;
    if (node * nodeSize === this.nodes.length) {
      const nodes = new Int32Array(this.nodes.length * 2);
      nodes.set(this.nodes);
      this.nodes = nodes;
      const counts = new Int32Array(this.counts.length * 2);
      counts.set(this.counts);
      this.counts = counts;
    }
    return node;
  }

  #hash(node: number): number {
    const at = node * nodeSize;
    return hashOfChild(this.nodes[at + parentAt] as number, this.hashOf(this.nodes[at + wordAt] as number));
  }

  #place(node: number): void {
    const { places, mask } = this;
    const hash = this.#hash(node);
    let place = hash & mask;
    while (places[place * 2 + 1] !== 0) place = (place + 1) & mask;
    places[place * 2] = hash;
    places[place * 2 + 1] = node;
  }

  #rehash(room: number): void {
    this.places = new Int32Array(room * 2);
    this.mask = room - 1;
    for (let node = 1; node < this.#numbers; node++) {
      if (this.nodes[node * nodeSize + wordAt] !== noWord) this.#place(node);
    }
  }
}

/**
 * The child of `parent` by `word` whose hash is `wordHash`; 0 when there is none. A function, not a method, so that a loop
 * may keep the arrays at hand.
 */
export function findChild(
  places: Int32Array,
  mask: number,
  nodes: Int32Array,
  parent: number,
  word: number,
  wordHash: number,
): number {
  const hash = hashOfChild(parent, wordHash);
  for (let place = hash & mask; ; place = (place + 1) & mask) {
    const node = places[place * 2 + 1] as number;
    if (node === 0) return 0;
    if (places[place * 2] !== hash) continue;
    if (nodes[node * nodeSize + parentAt] === parent && nodes[node * nodeSize + wordAt] === word) return node;
  }
}

/** The words' hashes are mixed well, and no two parents share a product: their sum needs no more of it. */
function hashOfChild(parent: number, wordHash: number): number {
  return Math.imul(parent, 0x9e3779b1) ^ wordHash;
}

function powerOfTwo(min: number): number {
  return 2 ** (32 - Math.clz32(min - 1));
}

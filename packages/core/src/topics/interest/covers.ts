/**
 * Covers: shorter patterns that stand for many, so that a node has no more to tell than it may.
 *
 * A cover is the first words of a pattern and `#`: `a.b.#` stands for `a.b.1`, `a.b.2` and `a.b`. Words before the first `#`
 * of a pattern are all that can be kept of it.
 *
 * (C1) A cover matches every topic that one of the patterns below it matches.
 * (C2) The longest covers are tried first, and of those as long the ones with most below them: as little more as possible
 *      is wanted. Nothing is covered that does not make less of it.
 * (C3) What is reserved is never covered by "#", which does not match it.
 */
import type { Pattern } from "../../base/index.js";
import { isReserved } from "../reserved.js";
import { utf8Length } from "../../values/index.js";

const noGroups: ReadonlyMap<string, number> = new Map();

/** What is wanted of a pattern, counted: of plain subscriptions (or patterns) and of those of each group. */
export class Wants {
  plain = 0;
  /** There once a group wants it: most patterns have none, and there may be a hundred thousand. */
  #groups: Map<string, number> | undefined;

  /** Of each group that wants it, how often. */
  get groups(): ReadonlyMap<string, number> {
    return this.#groups ?? noGroups;
  }

  /** What it counts towards the bound. */
  get weight(): number {
    return (this.plain > 0 ? 1 : 0) + this.groups.size;
  }

  /** Answers whether there is more or less to tell of it than before. */
  count(group: string | undefined, by: 1 | -1): boolean {
    const before = group === undefined ? this.plain : (this.groups.get(group) ?? 0);
    const after = before + by;
    if (group === undefined) this.plain = after;
    else if (after === 0) this.#groups?.delete(group);
    else (this.#groups ??= new Map<string, number>()).set(group, after);
    return before === 0 || after === 0;
  }

  /** Counts all that `other` counts, too. */
  addAll(other: Wants): void {
    this.plain += other.plain;
    for (const [group, count] of other.groups) {
      (this.#groups ??= new Map<string, number>()).set(group, (this.groups.get(group) ?? 0) + count);
    }
  }
}

/** What is announced of one pattern. */
export interface Announced {
  readonly pattern: Pattern;
  readonly wants: Wants;
}

/** The patterns that may stand for `pattern`, the shortest first. (C1) */
export function* coversOf(pattern: Pattern): Generator<Pattern> {
  if (!isReserved(pattern)) yield "#" as Pattern; // (C3)
  for (const end of wordEnds(pattern)) yield coverAt(pattern, end);
}

/**
 * Covers that bring what is announced down to a weight of `weightMax`, or as near as covers bring it: together with what
 * they leave. None is longer than `bytesMax`. (C2)
 */
export function cover(announced: readonly Announced[], weightMax: number, bytesMax: number): Pattern[] {
  let weight = announced.reduce((sum, { wants }) => sum + wants.weight, 0);
  let left = announced.map(({ pattern, wants }) => ({ pattern, wants, ends: [...wordEnds(pattern)] }));
  const covers: Pattern[] = [];
  let depth = left.reduce((max, { ends }) => Math.max(max, ends.length), 0);
  for (; depth >= 0 && weight > weightMax; depth--) {
    const below = new Map<Pattern, typeof left>();
    for (const each of left) {
      if (each.ends.length < depth || (depth === 0 && isReserved(each.pattern))) continue; // (C3)
      const candidate = depth === 0 ? ("#" as Pattern) : coverAt(each.pattern, each.ends[depth - 1] as number);
      const others = below.get(candidate);
      if (others === undefined) below.set(candidate, [each]);
      else others.push(each);
    }
    const most = [...below].filter(([, { length }]) => length > 1);
    most.sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1));
    const gone = new Set<unknown>();
    for (const [pattern, covered] of most) {
      if (weight <= weightMax) break;
      const wants = sumOf(covered);
      const gain = covered.reduce((sum, each) => sum + each.wants.weight, 0) - wants.weight;
      if (gain === 0 || isTooLong(pattern, bytesMax)) continue;
      weight -= gain;
      for (const each of covered) gone.add(each);
      covers.push(pattern);
      left.push({ pattern, wants, ends: [...wordEnds(pattern)] });
    }
    if (gone.size > 0) left = left.filter((each) => !gone.has(each));
  }
  const kept = new Set(left.map(({ pattern }) => pattern));
  return covers.filter((pattern) => kept.has(pattern)); // others were covered in their turn
}

/** Where the words before the first `#` end. */
function* wordEnds(pattern: Pattern): Generator<number> {
  if (pattern === "") return;
  for (let start = 0; start <= pattern.length;) {
    const dot = pattern.indexOf(".", start);
    const end = dot === -1 ? pattern.length : dot;
    if (end - start === 1 && pattern[start] === "#") return;
    yield end;
    start = end + 1;
  }
}

function coverAt(pattern: Pattern, end: number): Pattern {
  return `${pattern.slice(0, end)}.#` as Pattern;
}

function sumOf(all: readonly { readonly wants: Wants }[]): Wants {
  const sum = new Wants();
  for (const { wants } of all) sum.addAll(wants);
  return sum;
}

function isTooLong(pattern: Pattern, bytesMax: number): boolean {
  return pattern.length * 3 > bytesMax && utf8Length(pattern) > bytesMax;
}

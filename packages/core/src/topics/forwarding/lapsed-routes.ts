/**
 * Lapsed routes: the ways to nodes that are taken for lost, and may come back as the processes that they were.
 *
 * Such a node has gone on serving its subscriptions, and knows up to which number it has got messages. So the numbers go on, too: one
 * that began anew would be taken for late, and everything with it be dropped in silence.
 *
 * (L1) A node that comes back is counted on from the number that was used last, with each message that waited for it, and each that was
 *      published here until this node knows what it wants: it may have wanted them, and is told that they are missing.
 * (L2) At most `lapsedMax` are kept; beyond, the one that was lost longest ago is forgotten.
 */

interface Lapsed {
  readonly run: string;
  sequence: number;
  /** Of what was published here, so many messages are counted in `sequence`, or were sent. */
  published: number;
  /** Until when what is published counts; Infinity while there is no link. */
  untilMs: number;
}

/** Twice as many as nodes remember of others (`arrivals.ts`): they would rather be told of too many than of none. */
const lapsedMax = 8_192;

/** What a node wants is told over a new link at once: so long after that it is known. */
const learningMs = 2_000;

export class LapsedRoutes {
  readonly #lapsed = new Map<string, Lapsed>();

  get size(): number {
    return this.#lapsed.size;
  }

  /** Whether there is a link to one of which it is not known yet what it wants. */
  get isCounting(): boolean {
    for (const { untilMs } of this.#lapsed.values()) if (untilMs !== Infinity) return true;
    return false;
  }

  /** The process `run` of a node is lost; `sequence` was used last for it, or where there was no way to it is `undefined`. */
  keep(nodeId: string, run: string | undefined, sequence: number | undefined, published: number): void {
    const known = this.#lapsed.get(nodeId);
    if (run === undefined && known === undefined) return;
    const isSame = known !== undefined && (run === undefined || run === known.run);
    const kept: Lapsed =
      isSame && sequence === undefined
        ? { ...known, untilMs: Infinity }
        : { run: run as string, sequence: sequence ?? 0, published, untilMs: Infinity };
    this.#lapsed.delete(nodeId);
    this.#lapsed.set(nodeId, kept);
    if (this.#lapsed.size <= lapsedMax) return;
    for (const oldest of this.#lapsed.keys()) return void this.#lapsed.delete(oldest); // (L2)
  }

  /** The process that was lost, and the number used last for it, as far as it was told. */
  get(nodeId: string): { readonly run: string; readonly sequence: number } | undefined {
    return this.#lapsed.get(nodeId);
  }

  /** There is a way to the node again. Answers the process for which numbers go on, and the one used last. */
  take(nodeId: string, published: number): { readonly run: string; readonly sequence: number } | undefined {
    const lapsed = this.#lapsed.get(nodeId);
    if (lapsed === undefined) return undefined;
    this.#lapsed.delete(nodeId);
    count(lapsed, published);
    return lapsed;
  }

  /** There is a link to the process `run` of a node. Answers the number used last, 0 where nothing is known of it. */
  linked(nodeId: string, run: string, published: number, nowMs: number): number {
    const lapsed = this.#lapsed.get(nodeId);
    if (lapsed === undefined) return 0;
    if (lapsed.run !== run) {
      this.#lapsed.delete(nodeId);
      return 0;
    }
    count(lapsed, published);
    lapsed.untilMs = nowMs + learningMs;
    return lapsed.sequence;
  }

  /** Counts what was published meanwhile for those to whom there is a link, and tells of each whose numbers have changed. */
  tick(published: number, nowMs: number, told: (nodeId: string, sequence: number) => void): void {
    for (const [nodeId, lapsed] of this.#lapsed) {
      if (lapsed.untilMs === Infinity) continue;
      if (count(lapsed, published)) told(nodeId, lapsed.sequence);
      if (nowMs >= lapsed.untilMs) this.#settled(nodeId, lapsed);
    }
  }

  /** What the node wants is known: it counts no more, and goes on where something is for it. */
  #settled(nodeId: string, lapsed: Lapsed): void {
    this.#lapsed.set(nodeId, { ...lapsed, published: Infinity, untilMs: Infinity });
  }
}

/** (L1) Answers whether there was something. */
function count(lapsed: Lapsed, published: number): boolean {
  const more = published - lapsed.published;
  if (more <= 0) return false;
  lapsed.sequence += more;
  lapsed.published = published;
  return true;
}

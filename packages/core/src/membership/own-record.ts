/**
 * Own record: what this node says of itself.
 *
 * (O1) Whatever it says differs from what it said before by a higher incarnation or sequence: nothing is said twice in
 *      two ways.
 * (O2) Its incarnation is higher than any it has had before, also in earlier runs: the driver keeps it, and what others
 *      remember of it counts where the driver has lost it.
 * (O3) A life that is contradicted is named. Whoever is named has met a process that lives at the same time: an earlier
 *      life knows nothing of a later one. Of two such processes the one that began with the lower incarnation yields, as
 *      the one that was started first: both see it alike, and it does not contradict again.
 */
import { type Signer, type Utf8, areSameBytes, hexOf } from "../base/index.js";
import type { NodeRecord, RecordMessage } from "../wire/index.js";
import { type Coordinate, distanceMs } from "./coordinates.js";
import { signRecord } from "./records.js";

export interface OwnIdentity {
  readonly name: string;
  readonly cluster: string;
  readonly urls: readonly string[];
}

/** Differences of a coordinate that are worth telling everybody. */
const tellableMs = 10;
const tellableShare = 0.2;

export class OwnRecord {
  readonly #signer: Signer;
  readonly #utf8: Utf8;
  /** The incarnation with which this process began. */
  readonly #began: number;
  #record: NodeRecord;
  #message: Pick<RecordMessage, "hopsLeft" | "signature" | "body"> | undefined;

  constructor(identity: OwnIdentity, incarnation: number, run: Uint8Array, signer: Signer, utf8: Utf8) {
    this.#signer = signer;
    this.#utf8 = utf8;
    this.#began = incarnation;
    this.#record = {
      ...identity,
      publicKey: signer.publicKey,
      run,
      incarnation,
      sequence: 1,
      boot: incarnation,
      left: false,
      topics: true,
      observers: [],
      coordinate: undefined,
      outlived: undefined,
    };
  }

  get record(): NodeRecord {
    return this.#record;
  }

  /** The record as it travels. */
  get message(): Pick<RecordMessage, "hopsLeft" | "signature" | "body"> {
    return (this.#message ??= signRecord(this.#record, this.#signer, this.#utf8));
  }

  /** Whether others know this node from a life of which it knows nothing itself: one that is later, or another one. (O2) */
  isOutlived({ incarnation, sequence, run }: NodeRecord): boolean {
    const own = this.#record;
    if (incarnation !== own.incarnation) return incarnation > own.incarnation;
    return sequence > own.sequence || !areSameBytes(run, own.run);
  }

  /**
   * Whether the record, which this process has not written, is of one that lives at the same time, and which of the two
   * prevails; `undefined` when it may be of an earlier life. (O3)
   */
  rivalOf({ run, outlived }: NodeRecord): "yields" | "prevails" | undefined {
    const own = this.#record;
    if (areSameBytes(run, own.run)) return "prevails"; // a copy of the whole process: nothing tells the two apart
    if (outlived === undefined || !areSameBytes(outlived.run, own.run)) return undefined;
    if (outlived.began !== this.#began) return outlived.began > this.#began ? "yields" : "prevails";
    return hexOf(run) > hexOf(own.run) ? "yields" : "prevails";
  }

  /** Contradicts what is said of `incarnation` and all before. (O2) */
  refute(incarnation: number): void {
    this.#say({ incarnation: Math.max(incarnation, this.#record.incarnation) + 1, sequence: 1 });
  }

  /** Others know another run of this node with `incarnation`, of which its driver does not: this is a later one. (O3) */
  outlive(incarnation: number, run?: Uint8Array): void {
    const outlived = run === undefined ? this.#record.outlived : { run: run.slice(), began: this.#began };
    this.#say({ incarnation: incarnation + 1, boot: incarnation + 1, sequence: 1, outlived });
  }

  /** Takes no new work any more. */
  drain(): void {
    this.#say({ draining: true, sequence: this.#record.sequence + 1 });
  }

  leave(): void {
    this.#say({ left: true, sequence: this.#record.sequence + 1 });
  }

  /** Tells where it stands and who observes it, if that has changed enough; answers whether it has. */
  update(observers: readonly string[], coordinate: Coordinate): boolean {
    const { observers: told, coordinate: stood, sequence } = this.#record;
    const isSame = told.length === observers.length && observers.every((each) => told.includes(each));
    if (isSame && !hasMoved(stood, coordinate)) return false;
    this.#say({ observers, coordinate, sequence: sequence + 1 });
    return true;
  }

  /** (O1) */
  #say(changes: Partial<NodeRecord>): void {
    this.#record = { ...this.#record, ...changes };
    this.#message = undefined;
  }
}

/** Whether two records of one node name each other: two processes use its key. (O3) */
export function areRivals(one: NodeRecord, other: NodeRecord): boolean {
  const names = (from: NodeRecord, to: NodeRecord): boolean =>
    from.outlived !== undefined && areSameBytes(from.outlived.run, to.run);
  return names(one, other) && names(other, one);
}

/** Whether distances to it have changed so much that others should know. */
function hasMoved(told: Coordinate | undefined, now: Coordinate): boolean {
  if (now.error >= 1) return false; // it does not know itself yet
  if (told === undefined) return now.heightMs + Math.hypot(...now.vector) > tellableMs / 2;
  const apartMs = distanceMs(told, now) - told.heightMs - now.heightMs + Math.abs(told.heightMs - now.heightMs);
  const sizeMs = Math.hypot(...told.vector) + told.heightMs;
  return apartMs > Math.max(tellableMs, tellableShare * sizeMs);
}

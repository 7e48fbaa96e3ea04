/**
 * Simulated disk: what a machine's disk does to what is written to it. It outlives the processes of its node.
 *
 * A file is what the system shows (its memory) and what the disk has. A crash of the machine leaves of what was not synced an unknown part: a first part, sectors out of
 * order, or nothing. Faults are set by whoever drives the world.
 *
 * (K1) What a sync has made sure of is there after every crash, but for `rot`.
 * (K2) What a failed sync was to make sure of is not on the disk, though the system shows it until the machine is started again, and no later sync puts it there.
 * (K3) Names change in their order: a crash leaves the first so many changes since the directory was synced.
 * (K4) What a dead process asked for is not told to anybody.
 */
import type { Disk, DiskEnd, DiskRead } from "@mpreg/core/journal";
import type { SeededRandom } from "../capabilities/random.js";
import type { Clock } from "../clock.js";
import { SimulationError } from "../simulation-error.js";

/** What can go wrong when something is asked of a disk; each holds until it is set anew. */
export interface DiskFaults {
  /** Bytes that it has room for. Default: without limit. */
  readonly bytesMax?: number | undefined;
  /** How often an append fails, from 0 to 1. */
  readonly appendFailureRatio?: number | undefined;
  readonly syncFailureRatio?: number | undefined;
  /** How long a sync takes, at least and at most, in ms. Default 0.2 to 2. */
  readonly syncMs?: readonly [number, number] | undefined;
}

/** Bytes that a disk writes as one. */
const sectorBytes = 512;
const inputOutput: DiskEnd = { kind: "failed", why: "EIO: i/o error" };

interface File {
  /** What the system shows. */
  seen: Uint8Array;
  /** What the disk has. */
  kept: Uint8Array;
  /** From here on the disk does not have what the system shows, and will not get it by a sync. (K2) */
  droppedFrom: number;
  droppedTo: number;
}

type Renaming = (names: Map<string, File>) => void;

export class SimulatedDisk implements Disk {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  #names = new Map<string, File>();
  #keptNames = new Map<string, File>();
  /** Changes of names that are not synced. */
  #renamings: Renaming[] = [];
  #faults: DiskFaults = {};
  #life = 0;
  /** How often it was asked to sync a file or the directory. */
  syncs = 0;

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  /** What goes wrong from now on; what is left out does not. */
  setFaults(faults: DiskFaults): void {
    this.#faults = faults;
  }

  /** The process that used it ends: what it waits for does not come. The system keeps what was written. (K4) */
  processEnds(): void {
    this.#life += 1;
  }

  /** The machine loses its power. (K1, K2, K3) */
  crash(): void {
    this.processEnds();
    const survives = this.#random.integer(0, this.#renamings.length);
    for (const renaming of this.#renamings.slice(0, survives)) renaming(this.#keptNames);
    this.#renamings = [];
    this.#names = new Map(this.#keptNames);
    for (const file of new Set(this.#names.values())) {
      file.kept = this.#afterCrash(file);
      file.seen = file.kept.slice();
      file.droppedFrom = file.droppedTo = 0;
    }
  }

  /** Flips a bit of what the disk has; answers where. Undefined when the file is not there, or empty. */
  rot(name: string, at?: number): number | undefined {
    const file = this.#keptNames.get(name);
    if (file === undefined || file.kept.length === 0) return undefined;
    const place = at ?? this.#random.integer(0, file.kept.length - 1);
    const mask = 1 << this.#random.integer(0, 7);
    for (const bytes of [file.kept, file.seen])
      if (place < bytes.length) bytes[place] = (bytes[place] as number) ^ mask;
    return place;
  }

  list(): readonly string[] {
    return [...this.#names.keys()];
  }

  size(name: string): number {
    return this.#file(name).seen.length;
  }

  read(name: string, at: number, length: number): DiskRead {
    return { kind: "ok", bytes: this.#file(name).seen.slice(at, at + length) };
  }

  append(name: string, bytes: Uint8Array): DiskEnd {
    const { appendFailureRatio = 0, bytesMax = Infinity } = this.#faults;
    const file = this.#names.get(name) ?? this.#create(name);
    let used = 0;
    for (const { seen } of this.#names.values()) used += seen.length;
    const isFailure = this.#random.chance(appendFailureRatio);
    const room = isFailure ? this.#random.integer(0, bytes.length) : Math.max(0, bytesMax - used);
    file.seen = joined(file.seen, bytes.subarray(0, room));
    if (isFailure) return inputOutput;
    return room < bytes.length ? { kind: "full" } : { kind: "ok" };
  }

  truncate(name: string, length: number): DiskEnd {
    const file = this.#file(name);
    file.seen = file.seen.slice(0, length);
    file.droppedTo = Math.min(file.droppedTo, length);
    return { kind: "ok" };
  }

  rename(from: string, to: string): DiskEnd {
    const file = this.#file(from);
    this.#change((names) => {
      names.delete(from);
      names.set(to, file);
    });
    return { kind: "ok" };
  }

  remove(name: string): DiskEnd {
    this.#file(name);
    this.#change((names) => {
      names.delete(name);
    });
    return { kind: "ok" };
  }

  sync(name: string, done: (end: DiskEnd) => void): void {
    const file = this.#file(name);
    const { length } = file.seen;
    this.#afterSync(done, (isFailure) => {
      if (isFailure) {
        file.droppedFrom = Math.min(file.kept.length, length); // (K2)
        file.droppedTo = length;
        return;
      }
      const kept = file.seen.slice(0, Math.min(length, file.seen.length));
      for (let at = file.droppedFrom; at < Math.min(file.droppedTo, kept.length); at++) kept[at] = file.kept[at] ?? 0;
      file.kept = kept;
    });
  }

  syncDirectory(done: (end: DiskEnd) => void): void {
    const renamings = this.#renamings.length;
    this.#afterSync(done, (isFailure) => {
      if (isFailure) return;
      for (const renaming of this.#renamings.splice(0, renamings)) renaming(this.#keptNames);
    });
  }

  #afterSync(done: (end: DiskEnd) => void, happen: (isFailure: boolean) => void): void {
    const { syncFailureRatio = 0, syncMs = [0.2, 2] } = this.#faults;
    const isFailure = this.#random.chance(syncFailureRatio);
    const life = this.#life;
    this.syncs += 1;
    this.#clock.after(this.#random.between(...syncMs), () => {
      if (life !== this.#life) return; // (K4)
      happen(isFailure);
      done(isFailure ? inputOutput : { kind: "ok" });
    });
  }

  /** What is left of a file: what was synced, and of what was not any sectors up to any length. */
  #afterCrash(file: File): Uint8Array {
    const { seen, kept } = file;
    const synced = commonLength(seen, kept);
    const shortest = Math.min(seen.length, kept.length);
    const length = this.#random.chance(0.3)
      ? shortest
      : this.#random.integer(shortest, Math.max(seen.length, kept.length));
    const left = new Uint8Array(length);
    const inOrder = this.#random.chance(0.5);
    for (let from = 0; from < length;) {
      const to = Math.min(length, from - (from % sectorBytes) + sectorBytes);
      const isNew = to > synced && (inOrder || this.#random.chance(0.5));
      const isDropped = from < file.droppedTo && to > file.droppedFrom;
      left.set((isNew && !isDropped ? seen : kept).subarray(from, to), from);
      from = to;
    }
    return left;
  }

  #create(name: string): File {
    const file: File = { seen: new Uint8Array(), kept: new Uint8Array(), droppedFrom: 0, droppedTo: 0 };
    this.#change((names) => {
      names.set(name, file);
    });
    return file;
  }

  #change(renaming: Renaming): void {
    renaming(this.#names);
    this.#renamings.push(renaming);
  }

  #file(name: string): File {
    const file = this.#names.get(name);
    if (file === undefined) throw new SimulationError(`The simulated disk has no file "${name}"`);
    return file;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function commonLength(a: Uint8Array, b: Uint8Array): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}

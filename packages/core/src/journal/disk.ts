/**
 * Disk: what a log store asks of one: what POSIX gives. Files of one directory, by name.
 *
 * (D1) What was appended is on the disk once a `sync` of its file that was asked for afterwards has ended well; before that a crash may leave any part of it.
 * (D2) A file's name is on the disk once a `syncDirectory` has ended well. Names change one after the other: a crash leaves the first so many changes.
 * (D3) After a sync that failed nothing may be believed of what it was to make sure of, whatever a later one says (the system may have dropped what it could not write).
 * (D4) `done` is never called from within the call that it was given to.
 */

export type DiskEnd =
  | { readonly kind: "ok" }
  /** There is no room. Of what was to be appended any first part may be there. */
  | { readonly kind: "full" }
  | { readonly kind: "failed"; readonly why: string };

export type DiskRead =
  /** Fewer bytes than were asked for when the file ends. The reader's own. */
  { readonly kind: "ok"; readonly bytes: Uint8Array } | { readonly kind: "failed"; readonly why: string };

export interface Disk {
  /** Names of all files. */
  list(): readonly string[];
  /** Bytes of a file that is there. */
  size(name: string): number;
  read(name: string, at: number, length: number): DiskRead;
  /** Writes behind the end of the file, which is made if it is not there. The bytes are copied. */
  append(name: string, bytes: Uint8Array): DiskEnd;
  /** Cuts the file off. */
  truncate(name: string, length: number): DiskEnd;
  /** Takes the place of a file of that name. */
  rename(from: string, to: string): DiskEnd;
  remove(name: string): DiskEnd;
  /** (D1) */
  sync(name: string, done: (end: DiskEnd) => void): void;
  /** (D2) */
  syncDirectory(done: (end: DiskEnd) => void): void;
}

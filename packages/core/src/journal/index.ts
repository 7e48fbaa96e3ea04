/** Journal: what everything durable stands on: records that tell damage, and stores that tell when something is on the disk. */
export { type CommitEnd, type Committer, GroupCommit, type GroupCommitOptions } from "./group-commit.js";
export { crc32c } from "./crc32c.js";
export type { Disk, DiskEnd, DiskRead } from "./disk.js";
export type { CutOff } from "./log-recovery.js";
export { type LogOpened, type LogStoreOptions, openLogStore } from "./log-store.js";
export { MemoryStore, type MemoryStoreOptions } from "./memory-store.js";
export { compareKeys } from "./ordered-map.js";
export { type RecordType, type Unsealed, recordHeaderBytes, seal, sealInto, unseal } from "./record.js";
export {
  type Batch,
  type Entry,
  type Freeze,
  type Operation,
  type RangeQuery,
  type Refusal,
  type Store,
  type StoreEvents,
  type StoreFigures,
  type StoreLimits,
  type Ticket,
  defaultStoreLimits,
  freesRoom,
} from "./store.js";

/**
 * A process that writes to a store until it is killed: `writer.ts DATA_DIR FIRST [VALUE_BYTES]`. Batch n puts n under its number in `a` and `b`, and deletes
 * what batch n - 100 has put. Tells on stdout, one line each: `persisted N`, `refused N WHY`, `frozen UNKNOWN_FROM UNKNOWN_TO MESSAGE`.
 */
import { writeSync } from "node:fs";
import type { Operation } from "@mpreg/core/journal";
import { openLmdbStore } from "../../src/storage/lmdb-store.js";

const [dataDir = "", from = "1", valueBytes = "100"] = process.argv.slice(2);
const first = Number(from);
const value = new Uint8Array(Number(valueBytes)).fill(first);
const key = (number: number): Uint8Array => Buffer.from(String(number).padStart(10, "0"));
let isOver = false;
const tell = (line: string): void => {
  writeSync(1, `${line}\n`); // at once: what was told is told, also when the process is killed
};
process.on("unhandledRejection", (error) => {
  tell(`unhandled ${String(error)}`);
});

const store = await openLmdbStore({
  dataDir,
  tables: ["a", "b"],
  limits: { groupBytesMax: 20_000 },
  events: {
    persisted: (upTo) => {
      tell(`persisted ${upTo + first - 1}`);
    },
    refused: (ticket, why) => {
      if (why !== "busy") tell(`refused ${ticket + first - 1} ${why}`);
    },
    frozen: ({ error, unknown }) => {
      isOver = true;
      tell(`frozen ${(unknown?.from ?? 0) + first - 1} ${(unknown?.to ?? 0) + first - 1} ${error.message}`);
    },
  },
});
tell("open");

function write(): void {
  for (let count = 0; count < 20; count++) {
    const number = store.figures().waitingBytes > 1_000_000 ? 0 : next++;
    if (number === 0) break;
    const batch: Operation[] = ["a", "b"].map((table) => ({ kind: "put", table, key: key(number), value }));
    if (number > 100) for (const table of ["a", "b"]) batch.push({ kind: "delete", table, key: key(number - 100) });
    store.write(batch);
  }
  if (isOver) store.write([]);
  else setImmediate(write);
}
let next = first;
write();

/** Node store: where a node keeps what is durable; its code is loaded for nodes that have a data directory. */
import type { Store, StoreEvents } from "@mpreg/core/journal";
import type { StoreInput } from "@mpreg/core/node";
import { queueTables } from "@mpreg/core/queues";

/** The store in `dataDir`, whose events go into the node. */
export async function openNodeStore(
  dataDir: string | undefined,
  enter: (input: StoreInput) => void,
): Promise<Store | undefined> {
  if (dataDir === undefined) return undefined;
  const { openLmdbStore } = await import("./lmdb-store.js");
  const events: StoreEvents = {
    persisted: (upTo) => {
      enter({ kind: "persisted", upTo });
    },
    refused: (ticket, why) => {
      enter({ kind: "store-refused", ticket, why });
    },
    frozen: (freeze) => {
      enter({ kind: "store-frozen", freeze });
    },
  };
  return openLmdbStore({ dataDir, tables: queueTables, events });
}

/** Finishes what `store` was handed and gives its files back. */
export function closeNodeStore(store: Store | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (store === undefined) return resolve();
    store.close((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}

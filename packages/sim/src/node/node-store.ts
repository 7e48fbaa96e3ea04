/**
 * Node store: the store of a simulated node, a log on its simulated disk.
 *
 * (T1) What the store tells goes into the process as inputs, and nowhere once that has ended.
 */
import { type Store, type StoreEvents, openLogStore } from "@mpreg/core/journal";
import type { StoreInput } from "@mpreg/core/node";
import { queueTables } from "@mpreg/core/queues";
import type { SeededRandom } from "../capabilities/random.js";
import type { Clock } from "../clock.js";
import type { SimulatedDisk } from "../disk/disk.js";

export interface NodeStoreHost {
  readonly clock: Clock;
  readonly disk: SimulatedDisk;
  readonly random: SeededRandom;
  /** Whether it is for a process that has not ended. (T1) */
  isWanted(): boolean;
  enter(input: StoreInput): void;
}

/** So small that logs of a short life are compacted, too. */
const compactBytesMin = 65_536;

/** Opens what is on the disk; `opened` gets the store, or why there is none, once and not at once. */
export function openNodeStore(host: NodeStoreHost, opened: (store: Store | undefined, why: string) => void): void {
  const { clock, disk, random } = host;
  const enter = (input: StoreInput): void => {
    if (host.isWanted()) host.enter(input);
  };
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
  const later = (run: () => void): void => {
    clock.after(0, () => {
      if (host.isWanted()) run();
    });
  };
  openLogStore({ tables: queueTables, events, later, disk, random, compactBytesMin }, (result) => {
    if (!host.isWanted()) return;
    if (result.kind === "open") opened(result.store, "");
    else opened(undefined, result.error.message);
  });
}

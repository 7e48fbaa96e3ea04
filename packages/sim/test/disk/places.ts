/** Log stores on simulated disks. */
import type { LogOpened, LogStoreOptions, StoreLimits } from "@mpreg/core/journal";
import { openLogStore } from "@mpreg/core/journal";
import { StoreOwner } from "../../../core/test/journal/store-owner.js";
import { SeededRandom } from "../../src/capabilities/random.js";
import { Clock } from "../../src/clock.js";
import { SimulatedDisk } from "../../src/disk/disk.js";

export class DiskPlace {
  readonly clock = new Clock();
  readonly random: SeededRandom;
  readonly disk: SimulatedDisk;
  #life = 0;
  readonly #options: Partial<LogStoreOptions>;

  constructor(seed: number, options: Partial<LogStoreOptions> = {}) {
    this.random = new SeededRandom(seed);
    this.disk = new SimulatedDisk(this.clock, this.random.split("disk"));
    this.#options = options;
  }

  /** The process ends at once; with `power` the machine. */
  kill(what: "process" | "power"): void {
    this.#life += 1;
    if (what === "power") this.disk.crash();
    else this.disk.processEnds();
  }

  /** The next thing that happens. */
  readonly turn = (): Promise<void> => {
    const next = this.clock.next(Infinity);
    if (next === undefined) throw new Error("nothing happens any more");
    next.happen();
    return Promise.resolve();
  };

  async opened(owner: LogStoreOptions["events"], limits?: Partial<StoreLimits>): Promise<LogOpened> {
    let result: LogOpened | undefined;
    const { disk, random, clock } = this;
    const life = this.#life;
    const later = (run: () => void): void => {
      clock.after(0, () => {
        if (life === this.#life) run();
      });
    };
    openLogStore({ tables: ["a", "b"], events: owner, later, limits, disk, random, ...this.#options }, (opened) => {
      result = opened;
    });
    while (result === undefined) await this.turn();
    return result;
  }

  /** A store that opens; fails the test when it does not. */
  async open(): Promise<StoreOwner> {
    const owner = new StoreOwner(this.turn);
    const result = await this.opened(owner);
    if (result.kind === "failed") throw result.error;
    owner.store = result.store;
    return owner;
  }
}

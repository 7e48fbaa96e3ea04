/**
 * Lab: a cluster of real processes on this machine, to look at while it is hurt.
 *
 * Owns which nodes there are, what is done to them, and when they agree. A single node is `lab-node.ts`, the network
 * between them `relay.ts`, what is shown `screen.ts`.
 *
 * (L1) Whatever happens to the lab, no process that it has started is left behind: `guardian.ts` sees to it.
 * (L2) The nodes agree when each that runs believes in exactly those that run on its side.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Guardian } from "./guardian.js";
import type { Key } from "./keys.js";
import { LabNode, type LogEntry } from "./lab-node.js";
import { Relay } from "./relay.js";
import { rowsOf } from "./rows.js";
import type { Screen } from "./screen.js";

export interface LabOptions {
  readonly nodes: number;
  readonly profile: string;
  /** Kills one now and then, and starts the one before again. */
  readonly killEveryMs: number | undefined;
  /** Once all have met, parts them into groups of these sizes. */
  readonly partition: readonly number[] | undefined;
}

const lookEveryMs = 250;
const stopMsMax = 3_000;

/** What of the nodes' logs is told, and how. */
const told: Readonly<Record<string, string>> = {
  "node joined": "has met",
  "node suspected": "suspects",
  "node recovered": "believes again in",
  "node lost": "has lost",
};

export class Lab {
  readonly #options: LabOptions;
  readonly #screen: Screen;
  readonly #relay: Relay;
  readonly #guardian: Guardian;
  readonly #nodes: readonly LabNode[];
  readonly #startedMs = performance.now();
  #selected = 0;
  #agreed = false;
  #isOver = false;
  #hasBegun = false;
  #victim: LabNode | undefined;
  #nextKillMs = Infinity;

  private constructor(options: LabOptions, screen: Screen, relay: Relay, folder: string) {
    this.#options = options;
    this.#screen = screen;
    this.#relay = relay;
    this.#guardian = new Guardian(folder);
    const names = Array.from({ length: options.nodes }, (_, index) => `node-${index + 1}`);
    this.#nodes = names.map((name) => this.#createNode(name, names, folder));
  }

  /** Starts all nodes; they become ready in their time. */
  static async start(options: LabOptions, screen: Screen): Promise<Lab> {
    const relay = new Relay();
    await relay.start();
    const lab = new Lab(options, screen, relay, await mkdtemp(join(tmpdir(), "mpreg-lab-")));
    for (const node of lab.#nodes) node.start();
    return lab;
  }

  /** Looks at the nodes again and again, and shows them, until the lab is closed. */
  async watch(): Promise<void> {
    while (!this.#isOver) {
      await Promise.all(this.#nodes.map((node) => node.look()));
      this.#checkAgreement();
      this.#killInTime();
      this.#draw();
      await sleep(lookEveryMs);
    }
  }

  /** Does what the key says; it is not one that ends the lab. */
  act(key: Exclude<Key, { readonly kind: "quit" }>): void {
    const node = this.#nodes[this.#selected];
    if (node === undefined) return;
    switch (key.kind) {
      case "move":
        this.#select(this.#selected + key.by);
        break;
      case "select":
        if (key.index < this.#nodes.length) this.#select(key.index);
        break;
      case "kill":
        this.#kill(node);
        break;
      case "freeze":
        this.#freezeOrThaw(node);
        break;
      case "cut":
        this.#cutOrJoin(node);
        break;
      case "heal":
        this.#relay.join(this.#nodes.map(({ name }) => name));
        this.#tell("all", "are on one side again");
        break;
      case "restart":
        void this.#restart(node);
    }
    if (key.kind !== "move" && key.kind !== "select") this.#agreed = false;
    this.#draw();
  }

  /** Ends every node, and whatever else the lab has opened. (L1) */
  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#nodes.map((node) => node.stop(stopMsMax)));
    await this.#relay.close();
    await this.#guardian.close();
  }

  #createNode(name: string, names: readonly string[], folder: string): LabNode {
    return new LabNode({
      name,
      folder,
      profile: this.#options.profile,
      peers: names.filter((other) => other !== name).map((other) => this.#relay.urlOf(name, other)),
      guardian: this.#guardian,
      onReady: (url) => {
        this.#relay.locate(name, Number(new URL(url).port));
        this.#tell(name, `is ready at ${url}`);
      },
      onEnded: (how) => {
        if (!this.#isOver) this.#tell(name, `has ended: ${how}`);
      },
      onLogged: (entry) => {
        this.#logged(name, entry);
      },
    });
  }

  #logged(name: string, { msg = "", name: other }: LogEntry): void {
    const what = told[msg];
    if (what !== undefined && other !== undefined && !this.#isOver) this.#tell(name, `${what} ${other}`);
  }

  #select(index: number): void {
    const count = this.#nodes.length;
    this.#selected = (index + count) % count;
  }

  #kill(node: LabNode): void {
    if (node.process.kind === "ended") return;
    node.kill();
    this.#tell(node.name, "is killed");
  }

  #freezeOrThaw(node: LabNode): void {
    node.freezeOrThaw();
    const { kind } = node.process;
    const isThere = kind === "running" || kind === "frozen";
    this.#tell(node.name, isThere ? (kind === "frozen" ? "is frozen" : "is thawed") : "does not run: r starts it");
  }

  #cutOrJoin(node: LabNode): void {
    const isCut = this.#relay.sideOf(node.name) !== 0;
    if (isCut) this.#relay.join([node.name]);
    else this.#relay.part([node.name]);
    this.#tell(node.name, isCut ? "is joined to the others again" : "is cut off from the others");
  }

  async #restart(node: LabNode): Promise<void> {
    await node.stop(stopMsMax);
    if (this.#isOver) return;
    node.start();
    this.#tell(node.name, "starts again");
    this.#agreed = false;
  }

  /** (L2) */
  #checkAgreement(): void {
    const running = this.#nodes.filter(({ process }) => process.kind === "running");
    const agree = running.every(({ name, view }) => {
      const side = this.#relay.sideOf(name);
      const wanted = running.filter((other) => this.#relay.sideOf(other.name) === side).map((other) => other.name);
      const believed = view?.nodes.filter(({ state }) => state !== "down" && state !== "left");
      return believed?.length === wanted.length && believed.every((each) => wanted.includes(each.name));
    });
    const isSettled = agree && !this.#nodes.some(({ process }) => process.kind === "starting");
    if (isSettled && !this.#agreed) {
      this.#tell("all", `agree: ${running.length} of ${this.#nodes.length} nodes run`);
      this.#begin();
    }
    this.#agreed = isSettled;
  }

  /** The nodes have met: what was asked for begins, once. */
  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { killEveryMs = Infinity, partition = [] } = this.#options;
    this.#nextKillMs = performance.now() + killEveryMs;
    let first = 0;
    for (const size of partition) {
      const group = this.#nodes.slice(first, (first += size)).map(({ name }) => name);
      this.#relay.part(group);
      this.#tell(group.join(" "), "are on a side of their own");
    }
  }

  #killInTime(): void {
    if (performance.now() < this.#nextKillMs) return;
    this.#nextKillMs += this.#options.killEveryMs ?? Infinity;
    const running = this.#nodes.filter(({ process }) => process.kind === "running");
    const chosen = running[Math.floor(Math.random() * running.length)];
    if (this.#victim !== undefined) void this.#restart(this.#victim);
    this.#victim = chosen;
    if (chosen !== undefined) this.#kill(chosen);
  }

  #tell(who: string, what: string): void {
    this.#screen.tell(performance.now() - this.#startedMs, who, what);
  }

  #draw(): void {
    const rows = rowsOf(this.#nodes, this.#selected, (name) => this.#relay.sideOf(name));
    this.#screen.draw(performance.now() - this.#startedMs, rows);
  }
}

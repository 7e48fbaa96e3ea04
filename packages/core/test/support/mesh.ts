/**
 * Mesh: a few nodes and clients on a clock that tests move, connected by wires that tests can hold and cut. Everything
 * happens in the order in which it was caused; nothing happens before `settle` or `advance`.
 */
import { expect } from "vitest";
import type { LinkProtocol, NodeInfo } from "../../src/node/index.js";
import { Connection, type Endpoint, type Post } from "./connection.js";
import { MeshClient, type MeshClientOptions } from "./mesh-client.js";
import { MeshNode, type MeshNodeOptions } from "./mesh-node.js";

const stepsMax = 200_000;

/** These hold what there is; a dial in progress is no work that was left. */
const meshTables: ReadonlySet<string> = new Set([
  "links",
  "doors",
  "peers",
  "members",
  "announced",
  "subscribed",
  "interest",
  "interested",
  "wanted",
  "dialing",
]);

/** One who does not listen. */
const deaf: Endpoint = { received: () => undefined, writable: () => undefined, lost: () => undefined };

export class Mesh {
  nowMs = 1_000;
  readonly nodes: MeshNode[] = [];
  /** Others that live by the same clock. */
  readonly clocks: { readonly nextDueMs: number; tick(): void }[] = [];
  /** Sees every connection between nodes before anything is sent over it. */
  onConnection: (connection: Connection) => void = () => undefined;
  readonly #queue: (() => void)[] = [];
  /** Names by which nodes can be dialled beside their own. */
  readonly #aliases = new Map<string, string>();
  readonly #lives = new Map<string, number>();
  readonly #strangers = new Map<string, () => Uint8Array>();

  post(happen: () => void): void {
    this.#queue.push(happen);
  }

  livesOf(name: string): number {
    const lives = this.#lives.get(name) ?? 0;
    this.#lives.set(name, lives + 1);
    return lives;
  }

  /** A node that has been started. */
  node(name: string, options: MeshNodeOptions = {}): MeshNode {
    const node = new MeshNode(name, this, options);
    this.nodes.push(node);
    node.enter({ kind: "start" });
    return node;
  }

  /** Nodes that know of the first one, all linked. */
  cluster(...names: readonly string[]): MeshNode[] {
    const [first] = names;
    const nodes = names.map((name) => this.node(name, name === first ? {} : { peers: [first!] }));
    this.advance(2_000);
    for (const node of nodes) expect(node.machine.size.peers).toBe(names.length - 1);
    return nodes;
  }

  /** A client with an open link to `node`. */
  client(node: MeshNode, options: MeshClientOptions = {}): MeshClient {
    const client = new MeshClient(this, options);
    node.connect(undefined, "10.0.0.1", (end) => (client.connection = this.#connect(client, end)));
    client.link.start();
    this.settle();
    expect(client.link.open).toBe(true);
    return client;
  }

  /** A connection to `node` on which nobody keeps to any protocol; answers how to send a frame. */
  socket(node: MeshNode, protocol: LinkProtocol = "native"): (frame: Uint8Array) => void {
    let connection: Connection | undefined;
    node.connect(undefined, "10.0.0.9", (end) => (connection = this.#connect(deaf, end)), protocol);
    return (frame) => connection?.send(deaf, frame);
  }

  /** A connection of `end` to the node that listens at `url`; `undefined` when none does. */
  reach(url: string, end: Endpoint): Connection | undefined {
    const host = url.slice("ws://".length);
    const node = this.nodes.find(({ name }) => name === (this.#aliases.get(host) ?? host));
    if (node?.isListening !== true) return undefined;
    let connection: Connection | undefined;
    node.connect(undefined, "10.0.0.2", (acceptor) => (connection = this.#connect(end, acceptor)));
    return connection;
  }

  /** An address where `frame` is said to whoever dials, and nothing is listened to; answers how often that was. */
  stranger(name: string, frame: Uint8Array): () => number {
    let dials = 0;
    this.#strangers.set(name, () => {
      dials += 1;
      return frame;
    });
    return () => dials;
  }

  alias(name: string, node: string): void {
    this.#aliases.set(name, node);
  }

  /** Takes a node away without a word. */
  crash(node: MeshNode): void {
    node.isListening = false;
    for (const { connection } of [...node.connections.values()]) connection.cut();
    this.nodes.splice(this.nodes.indexOf(node), 1);
    this.settle();
  }

  dial(from: MeshNode, url: string, attempt: number): void {
    this.post(() => {
      const host = url.slice("ws://".length);
      const stranger = this.#strangers.get(host);
      if (stranger !== undefined) {
        return from.connect(attempt, host, (dialer) => {
          const connection = this.#connect(dialer, deaf);
          this.post(() => connection.send(deaf, stranger()));
          return connection;
        });
      }
      const to = this.nodes.find((node) => node.name === (this.#aliases.get(host) ?? host));
      if (to?.isListening !== true) return from.enter({ kind: "dial-failed", attempt, reason: "nobody listens" });
      from.connect(attempt, host, (dialer) => {
        let connection: Connection | undefined;
        to.connect(undefined, from.name, (acceptor) => (connection = this.#connect(dialer, acceptor)));
        this.onConnection(connection!);
        return connection!;
      });
    });
  }

  #connect(dialer: Endpoint, acceptor: Endpoint): Connection {
    const post: Post = (happen) => {
      this.post(happen);
    };
    return new Connection(post, dialer, acceptor);
  }

  /** Lets everything happen that takes no time. */
  settle(): void {
    for (let steps = 0; this.#queue.length > 0; steps++) {
      if (steps === stepsMax) throw new Error("it does not come to rest");
      this.#queue.shift()!();
    }
  }

  /** Lets time pass, from one thing that is due to the next. */
  advance(forMs: number): void {
    const endMs = this.nowMs + forMs;
    this.settle();
    for (let turns = 0; ; turns++) {
      const nodesDueMs = Math.min(...this.nodes.map(({ machine }) => machine.nextDueMs));
      const dueMs = Math.min(nodesDueMs, ...this.clocks.map(({ nextDueMs }) => nextDueMs));
      if (dueMs > endMs) break;
      if (turns === stepsMax) throw new Error("something is due for ever");
      this.nowMs = Math.max(this.nowMs, dueMs);
      for (const node of this.nodes) if (node.machine.nextDueMs <= this.nowMs) node.enter({ kind: "tick" });
      for (const clock of this.clocks) if (clock.nextDueMs <= this.nowMs) clock.tick();
      this.settle();
    }
    this.nowMs = endMs;
  }

  /** Nothing runs, waits or is counted as running, on any node. */
  expectQuiet(): void {
    for (const node of this.nodes) {
      const { machine } = node;
      const inFlight = (node.inspect("nodes") as NodeInfo[]).map((info) => info.inFlight);
      const tables = Object.entries({ ...machine.size, inFlight: Math.max(0, ...inFlight) });
      const left = tables.filter(([table, entries]) => entries !== 0 && !meshTables.has(table));
      expect([machine.name, ...left]).toEqual([machine.name]);
    }
  }
}

/**
 * Relay: the one way between the nodes of a lab, so that the lab can cut it.
 *
 * A node reaches another at an address of the relay that names both, `ws://127.0.0.1:PORT/FROM/TO`, and at no other: lab
 * nodes tell nobody where they listen. So the relay knows whose connection it passes on, without a look at what is said.
 *
 * (Y1) A connection lasts as long as its two nodes are on one side. When they are parted it is closed, as when a cable
 *      is pulled and both ends notice; new ones are closed at once until the sides are one again.
 */
import { type AddressInfo, type Socket, connect, createServer } from "node:net";

interface Passage {
  readonly from: string;
  readonly to: string;
  readonly sockets: readonly Socket[];
}

/** The request line of a connection is longer than that only by mistake. */
const lineBytesMax = 1_024;

export class Relay {
  /** Where each node listens. */
  readonly #ports = new Map<string, number>();
  /** On which side each node is; 0 when nobody said. */
  readonly #sides = new Map<string, number>();
  readonly #passages = new Set<Passage>();
  readonly #server = createServer((near) => {
    this.#accept(near);
  });
  #port = 0;
  #lastSide = 0;

  async start(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Where `from` reaches `to`. */
  urlOf(from: string, to: string): string {
    return `ws://127.0.0.1:${this.#port}/${from}/${to}`;
  }

  /** The node listens on the port of 127.0.0.1. */
  locate(name: string, port: number): void {
    this.#ports.set(name, port);
  }

  /** On which side the node is: nodes of one side reach each other. */
  sideOf(name: string): number {
    return this.#sides.get(name) ?? 0;
  }

  /** Puts the nodes on a side of their own. (Y1) */
  part(names: readonly string[]): void {
    this.#lastSide += 1;
    for (const name of names) this.#sides.set(name, this.#lastSide);
    for (const { from, to, sockets } of this.#passages) {
      if (!this.#isOpen(from, to)) for (const socket of sockets) socket.destroy();
    }
  }

  /** Puts the nodes back to where all are at first. */
  join(names: readonly string[]): void {
    for (const name of names) this.#sides.delete(name);
  }

  async close(): Promise<void> {
    for (const { sockets } of this.#passages) for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #isOpen(from: string, to: string): boolean {
    return this.sideOf(from) === this.sideOf(to);
  }

  #accept(near: Socket): void {
    near.on("error", () => undefined); // close follows
    let head = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n");
      if (end < 0) return head.length > lineBytesMax ? void near.destroy() : undefined;
      near.off("data", onData).pause();
      const [, from = "", to = ""] = /^GET \/([^/ ]+)\/([^/ ]+) /.exec(head.toString("latin1", 0, end)) ?? [];
      const port = this.#ports.get(to);
      if (port === undefined || !this.#isOpen(from, to)) near.destroy();
      else this.#pass(near, head, port, { from, to });
    };
    near.on("data", onData);
  }

  #pass(near: Socket, head: Buffer, port: number, names: Pick<Passage, "from" | "to">): void {
    const far = connect(port, "127.0.0.1");
    const passage: Passage = { ...names, sockets: [near, far] };
    this.#passages.add(passage);
    far.on("error", () => undefined); // close follows
    far.write(head);
    near.pipe(far).pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.once("close", () => {
        other.destroy();
        this.#passages.delete(passage);
      });
    }
  }
}

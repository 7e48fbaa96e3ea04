/**
 * Proxy: a TCP relay in front of a node, whose connections the test can count, cut and stall.
 *
 * (P1) It is closed when the test ends.
 */
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { onTestFinished } from "vitest";

export class Proxy {
  /** Connections accepted so far. */
  accepted = 0;
  /** Where to; a proxy without a target drops whoever comes. */
  target: { readonly port: number } | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target?: { readonly url: string }) {
    if (target !== undefined) this.relayTo(target);
    this.#server = createServer((near) => {
      this.accepted += 1;
      if (this.target === undefined) return void near.destroy();
      this.#join(near, connect(this.target.port, "127.0.0.1"));
    });
  }

  relayTo({ url }: { readonly url: string }): void {
    this.target = { port: Number(new URL(url).port) };
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    return this;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sockets.size / 2;
  }

  /** Breaks all connections without a word, as a pulled cable that is noticed does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Carries nothing more, as a cable that is pulled unnoticed. */
  stall(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket, far: Socket): void {
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on("error", () => undefined); // close follows
      one.once("close", () => {
        other.destroy();
        this.#sockets.delete(one);
      });
    }
  }
}

export async function startProxy(target?: { readonly url: string }): Promise<Proxy> {
  const proxy = await new Proxy(target).start();
  onTestFinished(() => proxy.close()); // (P1)
  return proxy;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Multicast: one socket of multicast DNS for each network that this machine is in.
 *
 * One each, because the library sends on a single interface, which it cannot choose without a default route.
 *
 * (U1) Networks that come and go are noticed; a socket that failed is opened again.
 * (U2) Nothing that the system says to a socket leaves this file as an error: it is told as a trouble.
 * (U3) Responses count when they come from the port of multicast DNS and an address in one of this machine's networks:
 *      nobody from elsewhere can send them (RFC 6762 §6, §11).
 * (U4) Several processes of one `node:cluster` have a socket each. Its workers would share one, and each packet would come to one of
 *      them only.
 */
import { type Socket, createSocket } from "node:dgram";
import { BlockList } from "node:net";
import { networkInterfaces } from "node:os";
import openMulticast, { type MulticastDNS } from "multicast-dns";
import { type Answer, type Packet } from "./records.js";

const socketsMax = 16;

export interface MulticastOptions {
  /** This machine's in the networks to be used; all but loopback when undefined. */
  readonly addresses: readonly string[] | undefined;
  readonly port: number;
  /** How often to look for networks that came or went, and to try again what failed. */
  readonly lookEveryMs: number;
}

export interface MulticastEvents {
  /** There is a new socket; `address` is this machine's in that network. */
  opened(address: string): void;
  closed(address: string): void;
  query(query: Packet, address: string): void;
  response(response: Packet): void;
  trouble(address: string, doing: "listen" | "send", error: unknown): void;
  /** What was sent last has left. */
  sent(address: string): void;
}

export class Multicast {
  readonly #options: MulticastOptions;
  readonly #events: MulticastEvents;
  readonly #sockets = new Map<string, MulticastDNS>();
  #networks = new BlockList();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MulticastOptions, events: MulticastEvents) {
    this.#options = options;
    this.#events = events;
  }

  start(): void {
    this.#update();
    this.#timer = setInterval(() => {
      this.#update();
    }, this.#options.lookEveryMs); // (U1)
    this.#timer.unref();
  }

  /** Asks in all networks. */
  query(name: string): void {
    for (const [address, socket] of this.#sockets) {
      socket.query([{ name, type: "PTR" }], (error) => {
        this.#sent(address, error);
      });
    }
  }

  /** Tells in the network of `address`; resolves when that has left, or could not. */
  respond(answers: readonly Answer[], address: string): Promise<void> {
    const socket = this.#sockets.get(address);
    if (socket === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      socket.respond([...answers], (error) => {
        this.#sent(address, error);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const closing = [...this.#sockets.values()].map((socket) => closed(socket));
    this.#sockets.clear();
    await Promise.all(closing);
  }

  #update(): void {
    try {
      this.#networks = ownNetworks();
      const wanted = this.#wanted();
      for (const address of this.#sockets.keys()) if (!wanted.has(address)) this.#drop(address);
      for (const address of wanted) if (!this.#sockets.has(address)) this.#open(address);
    } catch (error) {
      this.#events.trouble("any", "listen", error); // some sandboxes do not even tell which networks there are (U2)
    }
  }

  /** The networks to be in: with an address that this machine has not, the system would choose another one. */
  #wanted(): ReadonlySet<string> {
    const { addresses } = this.#options;
    const own = ownAddresses();
    const main = own.filter(({ isMain }) => isMain).slice(0, socketsMax);
    if (addresses === undefined) return new Set(main.map(({ address }) => address));
    const wanted = new Set<string>();
    for (const each of addresses.slice(0, socketsMax)) {
      if (own.some(({ address }) => address === each)) wanted.add(each);
      else this.#events.trouble(each, "listen", new Error("this machine does not have that address"));
    }
    return wanted;
  }

  #open(address: string): void {
    const events = this.#events;
    const socket = openMulticast({
      interface: address,
      bind: "0.0.0.0",
      port: this.#options.port,
      socket: exclusiveSocket(), // (U4)
    });
    this.#sockets.set(address, socket);
    socket.on("query", (packet) => {
      if (this.#sockets.get(address) === socket) events.query(packet, address);
    });
    socket.on("response", (packet, from) => {
      if (from.port !== this.#options.port || !this.#networks.check(from.address)) return; // (U3)
      if (this.#sockets.get(address) === socket) events.response(packet);
    });
    socket.on("ready", () => {
      if (this.#sockets.get(address) === socket) events.opened(address);
    });
    socket.on("warning", (error: NodeJS.ErrnoException) => {
      if (error.code !== undefined) events.trouble(address, "listen", error); // without a code it is a packet that is none
    });
    socket.on("error", (error: Error) => {
      if (this.#sockets.get(address) !== socket) return; // told already: the library says some twice
      events.trouble(address, "listen", error); // (U2)
      this.#drop(address);
    });
  }

  #drop(address: string): void {
    const socket = this.#sockets.get(address);
    this.#sockets.delete(address);
    this.#events.closed(address);
    if (socket !== undefined) void closed(socket);
  }

  #sent(address: string, error: Error | null | undefined): void {
    if (!this.#sockets.has(address)) return;
    if (error)
      this.#events.trouble(address, "send", error); // (U2)
    else this.#events.sent(address);
  }
}

/** The library binds it by port and address only. */
function exclusiveSocket(): Socket {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  const bind = socket.bind.bind(socket);
  const bindExclusively = (port: number, address: string, listening: () => void): Socket =>
    bind({ port, address, exclusive: true }, listening);
  return Object.assign(socket, { bind: bindExclusively });
}

function closed(socket: MulticastDNS): Promise<void> {
  return new Promise((resolve) => {
    socket.destroy(resolve);
  });
}

/** This machine's IPv4 addresses; the main ones are the first of each interface that is not loopback. */
function ownAddresses(): readonly { readonly address: string; readonly isMain: boolean }[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) => {
    const four = addresses.filter(({ family }) => family === "IPv4");
    return four.map(({ address, internal }, index) => ({ address, isMain: index === 0 && !internal }));
  });
}

/** All addresses in the networks that this machine is in. */
function ownNetworks(): BlockList {
  const networks = new BlockList();
  for (const { family, address, cidr } of Object.values(networkInterfaces()).flatMap((each) => each ?? [])) {
    if (family === "IPv4" && cidr !== null) networks.addSubnet(address, Number(cidr.split("/")[1]));
  }
  return networks;
}

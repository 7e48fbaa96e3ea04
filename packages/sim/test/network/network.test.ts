/** A simulated network: ordered streams that can be slow, stalled, half-open, one-way or cut. */
import { beforeEach, describe, expect, test } from "vitest";
import { kinds } from "@mpreg/core/wire";
import { SeededRandom } from "../../src/capabilities/random.js";
import { Clock } from "../../src/clock.js";
import { afterLoss } from "../../src/network/loss.js";
import { Network, type NetworkOptions, type Socket, defaultNetworkOptions } from "../../src/network/index.js";

class Side {
  readonly heard: string[] = [];
  socket: Socket | undefined;

  take(socket: Socket, clock: Clock): void {
    this.socket = socket;
    socket.own({
      received: (frame) => this.heard.push(`${frame[0]}`),
      writable: () => this.heard.push(`writable at ${clock.nowMs.toFixed(0)}`),
      lost: (reason) => this.heard.push(`lost: ${reason}`),
    });
  }
}

let clock: Clock;
let network: Network;
let a: Side;
let b: Side;

function start(options: Partial<NetworkOptions> = {}): void {
  clock = new Clock();
  network = new Network(clock, new SeededRandom(1), { ...defaultNetworkOptions, latencyMs: [1, 10], ...options });
  [a, b] = [new Side(), new Side()];
  listen();
}

function listen(): void {
  network.listen("b", {
    accept: (socket) => {
      b.take(socket, clock);
      socket.accept();
    },
  });
}

function dial(): string[] {
  const outcome: string[] = [];
  network.dial("a", network.urlOf("b"), {
    connected: (socket) => {
      a.take(socket, clock);
      outcome.push("connected");
    },
    failed: (reason) => outcome.push(reason),
  });
  return outcome;
}

function advance(forMs: number): void {
  const untilMs = clock.nowMs + forMs;
  for (let next = clock.next(untilMs); next !== undefined; next = clock.next(untilMs)) next.happen();
}

function send(side: Side, ...numbers: number[]): void {
  for (const number of numbers) network.send(side.socket!, Uint8Array.of(number, ...new Uint8Array(99)));
}

beforeEach(() => {
  start();
});

describe("a connection", () => {
  beforeEach(() => {
    dial();
    advance(100);
  });

  test("delivers every frame in order, however long each takes (I1)", () => {
    const numbers = Array.from({ length: 50 }, (_, index) => index);
    for (const number of numbers) {
      send(a, number);
      advance(1);
    }
    advance(20);
    expect(b.heard).toEqual(numbers.map(String));
    expect(network.counts).toMatchObject({ dials: 1, opened: 1, frames: 50, bytes: 5_000 });
  });

  test("that is closed delivers what was sent before, and tells the other side once (C1)", () => {
    send(a, 1, 2);
    a.socket!.close("done");
    send(b, 3);
    advance(50);
    expect(b.heard).toEqual(["1", "2", "lost: done"]);
    expect(a.heard).toEqual([]);
    expect(network.connections.size).toBe(0);
    expect(a.socket!.send(Uint8Array.of(1))).toBe(0); // (C2)
  });

  test("that is cut loses the end of what was on its way, and nothing else (I1)", () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 30; seed++) {
      start();
      network = new Network(clock, new SeededRandom(seed), defaultNetworkOptions);
      listen();
      dial();
      advance(100);
      send(a, 1, 2, 3, 4);
      network.cut([...network.connections][0]!, "both");
      advance(50);
      const frames = b.heard.slice(0, -1);
      expect(["1", "2", "3", "4"].slice(0, frames.length)).toEqual(frames);
      expect([a.heard.at(-1), b.heard.at(-1)]).toEqual(["lost: connection lost", "lost: connection lost"]);
      lengths.add(frames.length);
    }
    expect([...lengths].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test("that is cut for one end only stays half-open at the other, which sends into the void (I3)", () => {
    network.cut([...network.connections][0]!, "acceptor");
    advance(50);
    expect(b.heard).toEqual(["lost: connection lost"]);
    send(a, 1, 2);
    advance(10_000);
    expect(a.heard).toEqual([]);
    expect(a.socket!.send(new Uint8Array(100))).toBe(300); // nothing of it leaves
    a.socket!.close("silence");
    expect(network.connections.size).toBe(0);
  });

  test("holds what is sent while its path is blocked, one way only (I2)", () => {
    const unblock = network.path("a", "b").block();
    send(a, 1, 2);
    send(b, 3);
    advance(1_000);
    expect([a.heard, b.heard]).toEqual([["3"], []]);
    unblock();
    unblock(); // a second time changes nothing
    advance(50);
    expect(b.heard).toEqual(["1", "2"]);
  });

  test("is blocked as long as one of those who block it does (P1)", () => {
    const [first, second] = [network.path("a", "b").block(), network.path("a", "b").block()];
    send(a, 1);
    first();
    advance(1_000);
    expect(b.heard).toEqual([]);
    second();
    advance(50);
    expect(b.heard).toEqual(["1"]);
  });

  test("that is slow takes its time, and as before afterwards (P1)", () => {
    const undo = network.path("a", "b").slow(100);
    send(a, 1);
    advance(90);
    expect(b.heard).toEqual([]);
    undo(); // what is on its way goes on as fast as the path is now
    advance(10);
    expect(b.heard).toEqual(["1"]);
  });

  test("whose reader is slow tells how much waits, and when it has left", () => {
    network.path("a", "b").throttle(1);
    expect(a.socket!.send(new Uint8Array(100))).toBe(100);
    expect(a.socket!.send(new Uint8Array(100))).toBe(200);
    advance(150);
    expect(a.socket!.send(new Uint8Array(10))).toBe(110);
    advance(100);
    expect(a.heard).toEqual([`writable at ${(clock.nowMs - 40).toFixed(0)}`]);
  });
});

describe("a full buffer", () => {
  test("makes every sender stop", () => {
    start({ sendBufferBytes: 150, bytesPerMs: 10 });
    dial();
    advance(100);
    expect(network.send(a.socket!, new Uint8Array(100))).toBe(100);
    expect(network.send(a.socket!, new Uint8Array(100))).toBeGreaterThan(2 ** 30);
  });
});

describe("loss", () => {
  const random = new SeededRandom(1);
  const message = (kind: number): number[] => [0, 0, 0, 2, kind, kind];

  test("takes messages of droppable kinds, and leaves the rest of their frame (Q1)", () => {
    const frame = Uint8Array.from([...message(1), ...message(2), ...message(1), ...message(3)]);
    const rest = Uint8Array.from([...message(2), ...message(3)]);
    expect(afterLoss(frame, 1, random, new Set([1]))).toEqual(rest);
    expect(afterLoss(frame, 0, random, new Set([1]))).toBe(frame);
    let lost = 0;
    for (let i = 0; i < 1_000; i++) if (afterLoss(frame, 0.3, random, new Set([3])).length < frame.length) lost += 1;
    expect(Math.abs(lost - 300)).toBeLessThan(60);
  });

  test("takes gossip, and nothing that was asked for or answered (Q1)", () => {
    const frame = Uint8Array.from(Object.values(kinds).flatMap((kind) => message(kind)));
    const rest = [...afterLoss(frame, 1, random)].filter((_byte, index) => index % 6 === 4);
    const gossip = [
      "record", "accusation", "offers", "offersRequest", "digest", "digestLines", "probe", "probeAck", "probeRequest",
      "probeReport", "interest", "interestDigest", "interestLines",
    ]; // prettier-ignore
    const lost = Object.entries(kinds).filter(([, kind]) => !rest.includes(kind));
    expect(lost.map(([name]) => name)).toEqual(gossip);
  });
});

describe("a dial", () => {
  test("takes three ways and what opening costs", () => {
    start({ latencyMs: [10, 10], openingMs: 5 });
    const outcome = dial();
    advance(44.9);
    expect(outcome).toEqual([]);
    advance(0.2);
    expect(outcome).toEqual(["connected"]);
  });

  test("of a host without a process is refused at once (W1)", () => {
    network.crash("b", false);
    const outcome = dial();
    advance(50);
    expect(outcome).toEqual(["connection refused"]);
  });

  test("of a silent host, or over a blocked path, times out (W1)", () => {
    network.crash("b", true);
    const silent = dial();
    advance(10_000);
    listen();
    network.path("b", "a").block();
    const blocked = dial();
    advance(2_900);
    expect([silent, blocked]).toEqual([["a got no answer from b within 3000 ms"], []]);
    advance(200);
    expect(blocked).toEqual(["a got no answer from b within 3000 ms"]);
    advance(100);
    expect(b.heard).toEqual(["lost: the dialer has given up"]);
    expect(network.connections.size).toBe(0);
  });
});

describe("a crash", () => {
  beforeEach(() => {
    dial();
    advance(100);
  });

  test("resets the connections of the process", () => {
    network.crash("b", false);
    advance(50);
    expect(a.heard).toEqual(["lost: connection reset by peer"]);
    expect(network.connections.size).toBe(0);
  });

  test("of the whole machine tells nobody; once it is back, what is sent to it is answered with a reset", () => {
    network.crash("b", true);
    send(a, 1);
    advance(60_000);
    expect(a.heard).toEqual([]);
    listen();
    send(a, 2);
    advance(50);
    expect([a.heard, b.heard]).toEqual([["lost: connection reset by peer"], []]);
  });
});

/**
 * Vandal: a client that sends what no client should: broken frames, broken handshakes, messages with bytes changed.
 *
 * (B1) Nothing of it may harm the node or its other links: what others ask for ends as if the vandal were not there.
 */
import {
  Writer,
  kinds,
  protocolVersion,
  writeCall,
  writeCancel,
  writeHello,
  writeInspect,
  writeDigest,
  writeOffersRequest,
  writeProbe,
  writeProve,
  writeRequest,
  writeStep,
} from "@mpreg/core/wire";
import { codec } from "../capabilities/codec.js";
import type { SeededRandom } from "../capabilities/random.js";
import { utf8 } from "../capabilities/utf8.js";
import type { Socket } from "../network/index.js";
import type { World } from "../world.js";

export interface PlannedVandal {
  readonly atMs: number;
  readonly node: string;
  readonly frames: number;
}

/** Connects to a node and sends its frames, a few ms apart, then closes. */
export function vandalize(world: World, { node, frames }: PlannedVandal, name: string): void {
  const random = world.random(name);
  const { network } = world;
  network.dial(name, network.urlOf(node), {
    connected: (socket) => {
      socket.own({ received: ignore, writable: ignore, lost: ignore }); // it has no part in what is asked and answered (B1)
      const writer = new Writer(utf8);
      greet(writer, random);
      network.send(socket, writer.take());
      let delayMs = 10;
      for (let index = 0; index < frames; index++) {
        delayMs += random.between(0, 20);
        world.after(delayMs, () => {
          if (!socket.over) network.send(socket, brokenFrame(random));
        });
      }
      world.after(delayMs + 50, () => {
        leave(socket, random);
      });
    },
    failed: ignore,
  });
}

function leave(socket: Socket, random: SeededRandom): void {
  if (!socket.over) socket.close(random.chance(0.5) ? "done" : "");
}

/** A client's hello, mostly a right one; or a node's, whose key it cannot prove. */
function greet(writer: Writer, random: SeededRandom): void {
  const isNode = random.chance(0.35);
  writeHello(writer, {
    kind: "hello",
    versionMin: protocolVersion.min,
    versionMax: random.chance(0.9) ? protocolVersion.max : 0,
    nonce: random.bytes(32),
    messageBytesMax: random.chance(0.5) ? 2 ** 30 : random.integer(0, 5_000),
    windowBytes: random.chance(0.5) ? 2 ** 30 : random.integer(0, 5_000),
    identity: isNode ? { publicKey: random.bytes(32), name: "a", cluster: "default", urls: [] } : undefined,
    credentials: random.chance(0.2) ? random.bytes(10) : undefined,
  });
  writer.end();
  if (!isNode) return;
  writeProve(writer, random.bytes(64));
  writer.end();
}

function brokenFrame(random: SeededRandom): Uint8Array {
  if (random.chance(0.1)) return random.bytes(random.integer(0, 100));
  const writer = new Writer(utf8);
  for (let messages = random.integer(1, 4); messages > 0; messages--) {
    writeMessage(writer, random);
    writer.end();
  }
  const frame = writer.take().slice();
  for (let changes = random.pick([0, 0, 1, 1, 3]); changes > 0; changes--) {
    // the first bytes of a message are its length and kind; those behind them more often lead further in
    frame[random.integer(0, frame.length - 1)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.integer(0, 255)]);
  }
  return random.chance(0.1) ? frame.subarray(0, random.integer(0, frame.length)) : frame;
}

function writeMessage(writer: Writer, random: SeededRandom): void {
  const id = random.integer(0, 5);
  const args = random.chance(0.7) ? codec.encode(["x", { y: [1, 2] }], "args") : random.bytes(random.integer(0, 20));
  const fun = random.pick(["echo", "echos", "no such function", "__proto__"]);
  const timeoutMs = random.pick([0, 1, 50, 2 ** 32 - 1]);
  const bindings = (count: number): { step: number; path: (string | number)[] }[] =>
    Array.from({ length: random.integer(0, count) }, () => ({
      step: random.integer(0, 3),
      path: random.pick<(string | number)[]>([[], [0], ["y", 0], ["constructor"], ["length"]]),
    }));
  switch (random.integer(0, 8)) {
    case 0:
    case 1:
      return writeCall(writer, id, {
        fun,
        timeoutMs,
        resources: [],
        waitForCapacityMs: 0,
        summary: true,
        terms: undefined,
        args,
      });
    case 2:
    case 3: {
      const steps = Array.from({ length: random.integer(0, 4) }, (_, index) => {
        return {
          name: random.pick(["s", `s${index}`]),
          fun,
          timeoutMs,
          resources: [],
          bindings: bindings(3),
          terms: undefined,
          template: args,
        };
      });
      const settle = random.chance(0.5);
      return writeRequest(writer, id, {
        steps,
        outputs: bindings(4),
        settle,
        timeoutMs,
        waitForCapacityMs: 5,
        summary: false,
      });
    }
    case 4:
      return writeCancel(writer, id);
    case 5:
      return writeInspect(writer, id, random.pick(["nodes", "functions"]));
    case 6:
      return writeStep(writer, {
        id, timeoutMs, request: 1, depth: random.integer(0, 255), fun, step: "s", resources: [], behalf: "me",
        timings: true, relay: id % 3 === 0 ? { target: "x", origin: "me", hopsLeft: id % 5 } : undefined, terms: undefined, bound: [args],
        template: args,
      }); // prettier-ignore
    case 7:
      if (random.chance(0.3)) return writeProbe(writer, id);
      if (random.chance(0.5)) return writeOffersRequest(writer, "x");
      return writeDigest(
        writer,
        Array.from({ length: 64 }, () => random.integer(0, 2 ** 31)),
      );
    default:
      writer
        .begin(random.pick([...Object.values(kinds), random.integer(0, 255)]))
        .raw(random.bytes(random.integer(0, 30)));
  }
}

function ignore(): void {
  // it does not listen
}

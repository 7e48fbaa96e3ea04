/** What is told of unfinished messages, compared with what ws really keeps. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import * as fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { Intake, headerBytesMax } from "../../src/transports/intake.js";
import { socketOptions } from "../../src/transports/websocket.js";
import { eventually } from "../support/eventually.js";
import { rawConnection } from "../support/http.js";
import { frameHead, upgradeRequest } from "../support/raw-socket.js";

/** The parts of ws that hold what has come; private, so that a change of them is noticed here. */
interface Receiver {
  readonly _bufferedBytes: number;
  readonly _fragments: readonly Buffer[];
}

function keptByWs(socket: WebSocket): number {
  const { _bufferedBytes: buffered, _fragments: fragments } = (socket as unknown as { _receiver: Receiver })._receiver;
  return fragments.reduce((sum, { length }) => sum + length, buffered);
}

type Told = "message" | "control" | "piece";

/** A server's end of a WebSocket with an intake beside it, and the raw socket of the far side. */
async function watched(onPiece: (intake: Intake, socket: WebSocket) => void) {
  const http = createServer();
  const server = new WebSocketServer({ noServer: true, ...socketOptions(1024 * 1024) });
  const intake = new Intake(true);
  const told: Told[] = [];
  http.on("upgrade", (request, stream: Duplex, head) => {
    server.handleUpgrade(request, stream, head, (socket) => {
      socket.on("message", (data: Buffer) => {
        told.push("message");
        intake.message(data.length);
      });
      const control = (data: Buffer): void => {
        told.push("control");
        intake.control(data.length);
      };
      socket.on("ping", control).on("pong", control);
      stream.on("data", (piece: Buffer) => {
        intake.piece(piece.length);
        told.push("piece");
        onPiece(intake, socket);
      });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void http.close());
  const far = await rawConnection(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  let answer = "";
  far.on("data", (piece: Buffer) => (answer += piece.toString("latin1")));
  far.write(upgradeRequest("native"));
  await eventually("the upgrade is answered", () => answer.includes("\r\n\r\n"));
  return { intake, far, told };
}

const frameOf = (opcode: number, isLast: boolean, length: number): Buffer =>
  Buffer.concat([frameHead(length, opcode, isLast), Buffer.alloc(length, 7)]);

const lengths = fc.oneof(fc.nat(200), fc.nat(3_000), fc.constantFrom(125, 126, 65_535, 65_536, 70_000));
/** Lengths of the fragments of a message; a number is a ping or pong. */
const traffic = fc.array(fc.oneof(fc.array(lengths, { minLength: 1, maxLength: 4 }), fc.nat(125)), { maxLength: 8 });

function bytesOf(all: readonly (number | readonly number[])[]): Buffer {
  return Buffer.concat(
    all.flatMap((each) => {
      if (typeof each === "number") return [frameOf(each % 2 === 0 ? 9 : 10, true, each)];
      return each.map((length, index) => frameOf(index === 0 ? 2 : 0, index === each.length - 1, length));
    }),
  );
}

test("never less is told than ws keeps, however the bytes are cut (N1)", async () => {
  let least = Infinity;
  const { far, told } = await watched((intake, socket) => {
    least = Math.min(
      least,
      intake.keptBytes - keptByWs(socket),
      intake.partialBytes + headerBytesMax - keptByWs(socket),
    );
  });
  await fc.assert(
    fc.asyncProperty(traffic, fc.array(fc.nat(4_000), { maxLength: 8 }), async (all, cuts) => {
      const bytes = bytesOf(all);
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        const seen = told.length;
        const piece = bytes.subarray(at, (at += cut));
        if (piece.length === 0) continue;
        far.write(piece);
        await eventually("it has come", () => told.indexOf("piece", seen) >= 0);
      }
      const expected = all.length;
      await eventually("all has come out", () => told.filter((each) => each !== "piece").length >= expected);
      told.length = 0;
      expect(least).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 50 },
  );
});

test("between whole messages nothing is told to be kept, however often the far side pings (N2)", async () => {
  const { far, told, intake } = await watched(() => undefined);
  const frames = [
    frameOf(2, true, 70_000),
    ...Array.from({ length: 100 }, () => frameOf(9, true, 5)),
    frameOf(2, true, 0),
  ];
  for (const each of frames) {
    const seen = told.filter((one) => one !== "piece").length;
    far.write(each);
    await eventually(
      "it has come out",
      () => told.filter((one) => one !== "piece").length > seen && told.at(-1) === "piece",
    );
    expect([intake.partialBytes, intake.keptBytes]).toEqual([0, 0]);
  }
});

test("a byte that keeps a large piece in memory counts as the piece (N1)", async () => {
  const { far, intake, told } = await watched(() => undefined);
  const pings = Buffer.concat(Array.from({ length: 100 }, () => frameOf(9, true, 125)));
  far.write(Buffer.concat([frameOf(2, false, 1), pings]));
  await eventually("it has come", () => told.filter((each) => each === "control").length === 100);
  expect(intake.partialBytes).toBeLessThan(10);
  expect(intake.keptBytes).toBeGreaterThan(pings.length);
});

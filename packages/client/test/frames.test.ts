/** The memory of frames that a client has sent. */
import { Caller } from "@mpreg/core/rpc";
import { createCodec } from "@mpreg/core/values";
import { expect, test } from "vitest";
import { Mesh } from "../../core/test/support/mesh.js";
import { utf8 } from "../../core/test/support/wire.js";
import type { Socket } from "../src/platform.js";
import { Session } from "../src/session.js";
import { MeshPlatform } from "./support/mesh-platform.js";
import { sessionOptions } from "./support/session-options.js";

/** Keeps the frames that it was given, and says that so much of them waits. */
class HoldingPlatform extends MeshPlatform {
  readonly frames: Uint8Array[] = [];
  waitingBytes = 0;

  override openSocket(...opening: Parameters<MeshPlatform["openSocket"]>): Socket {
    const socket = super.openSocket(...opening);
    return {
      ...socket,
      send: (frame) => {
        this.frames.push(frame);
        socket.send(frame);
        return this.waitingBytes;
      },
    };
  }
}

test("a frame's memory is written to again once nothing of it waits in the socket, and never while something does", async () => {
  const mesh = new Mesh();
  mesh.node("a").offer("echo", (value: unknown) => value);
  const platform = new HoldingPlatform(mesh);
  const options = { ...sessionOptions(["ws://a"], createCodec(utf8)), reconnect: false, discover: false };
  const session = new Session(platform, options);
  session.open(
    () => undefined,
    () => undefined,
  );
  mesh.settle();
  const caller = new Caller(session);
  /** The frame that asks for it. */
  const call = async (value: string): Promise<Uint8Array> => {
    const before = platform.frames.length;
    const answer = caller.call("echo", [value]);
    mesh.settle();
    expect(await answer).toBe(value);
    return platform.frames[before]!;
  };
  const [first, second] = [await call("first"), await call("second")];
  expect(second.buffer).toBe(first.buffer);
  expect(second.byteOffset).toBe(first.byteOffset);
  platform.waitingBytes = 1;
  const held = await call("held back");
  const bytes = held.slice();
  for (const value of ["over it", "and again"]) await call(value);
  expect(held).toEqual(bytes);
});

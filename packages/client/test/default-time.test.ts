/**
 * What names no time has that of the node that it was sent to, as the node says in its hello: at the client, too, so that a
 * node which falls silent does not hold it up.
 */
import { describe, expect, test } from "vitest";
import { byHand, later } from "../../core/test/support/mesh-node.js";
import { Mesh } from "../../core/test/support/mesh.js";
import type { SessionOptions } from "../src/session.js";
import { type MeshSession, followed, sessionOf, settled } from "./support/mesh-session.js";

const MiB = 1024 * 1024;

/** A client of nodes that give calls as many ms as `times` says. */
function world(times: Readonly<Record<string, number>>, options: Partial<SessionOptions> = {}) {
  const mesh = new Mesh();
  const nodes = Object.entries(times).map(([name, timeoutMs]) => {
    const node = mesh.node(name, { rpc: { timeoutMs } });
    node.offerAs("hang", byHand, { idempotent: "yes" });
    node.offer("length", (...args: readonly unknown[]) => (args[0] as Uint8Array).length);
    node.offer("large", () => new Uint8Array(8 * MiB));
    node.offer("ten", function* () {
      for (let i = 0; i < 10; i++) yield i;
      for (;;) yield later;
    });
    return node;
  });
  mesh.advance(1_000);
  return { mesh, nodes, client: sessionOf(mesh, Object.keys(times), { discover: false, ...options }) };
}

/** What the client sends, and what it hears. */
function wayOf({ platform }: MeshSession) {
  const { connection, end } = platform.sockets.at(-1)!;
  const far = connection.ends.find((each) => each !== end)!;
  return { out: connection.from(end), back: connection.from(far) };
}

async function after(mesh: Mesh, ms: number): Promise<void> {
  mesh.advance(ms);
  await settled(mesh);
}

const unanswered = ["deadline", "unknown", "The time allowed ran out and the node has not answered"];

describe("a call that names no time", () => {
  test("ends when that of its node is over, half a second later at most, although nothing is heard of the node (T3)", async () => {
    const { mesh, client } = world({ a: 4_000 });
    const call = followed(client.caller.call("hang"));
    const { back } = wayOf(client);
    back.isHeld = true;
    await after(mesh, 4_400);
    expect(call.end).toBe("none");
    await after(mesh, 200);
    expect(call.end).toEqual(unanswered);
  });

  test("has no more of it because what others ask moves (T4)", async () => {
    const { mesh, client } = world({ a: 4_000 });
    const call = followed(client.caller.call("hang"));
    await settled(mesh);
    const other = followed(client.caller.call("length", [new Uint8Array(6 * MiB)]));
    await settled(mesh);
    expect(other.end).toBe(6 * MiB);
    wayOf(client).back.isHeld = true;
    await after(mesh, 4_600);
    expect(call.end).toEqual(unanswered);
  });

  test("is told so by its node where that is heard, which says more", async () => {
    const { mesh, client } = world({ a: 4_000 });
    const call = followed(client.caller.call("hang"));
    await after(mesh, 4_100);
    expect(call.end).toMatchObject(["deadline", "unknown", expect.stringContaining("hang")]);
  });

  test("has the time of the node to which the client has gone, from then on (T3)", async () => {
    const { mesh, nodes, client } = world({ a: 4_000, b: 8_000 });
    const [a] = nodes;
    const call = followed(client.caller.call("hang"));
    await after(mesh, 3_000);
    a!.isListening = false;
    client.platform.sockets[0]!.connection.cut();
    await after(mesh, 1_000);
    expect(client.session.nodeName).toBe("b");
    wayOf(client).back.isHeld = true;
    await after(mesh, 6_900);
    expect(call.end).toBe("none");
    await after(mesh, 1_600);
    expect(call.end).toEqual(unanswered);
  });

  test("does not fail for want of a connection that there is again while it waits for its turn (T2)", async () => {
    const { mesh, nodes, client } = world({ a: 60_000 }, { inFlightMax: 1 });
    const [a] = nodes;
    const first = followed(client.caller.call("hang", [], { timeoutMs: 50_000 }));
    const second = followed(client.caller.call("length", [new Uint8Array(3)]));
    await after(mesh, 100);
    a!.isListening = false;
    client.platform.sockets[0]!.connection.cut();
    await after(mesh, 10_000);
    a!.isListening = true;
    await after(mesh, 30_000);
    expect([first.end, second.end]).toEqual(["none", "none"]);
    await after(mesh, 15_000);
    expect(second.end).toBe(3);
  });

  test("is not held to it while its arguments are on their way (T4)", async () => {
    const { mesh, client } = world({ a: 4_000 });
    const { out } = wayOf(client);
    out.isHeld = true;
    const calls = [1, 2, 3, 4].map(() => followed(client.caller.call("length", [new Uint8Array(6 * MiB)])));
    await settled(mesh);
    for (const count of [1, 2, 3, 4]) {
      await after(mesh, 4_000);
      expect(calls.map(({ end }) => end)).not.toContain(unanswered);
      for (let frames = 0; frames < 40 && calls[count - 1]!.end === "none"; frames++) {
        out.release(1);
        await settled(mesh);
      }
    }
    expect(calls.map(({ end }) => end)).toEqual([6 * MiB, 6 * MiB, 6 * MiB, 6 * MiB]);
  });

  test("ends in time when nothing moves on the way of its arguments (T4)", async () => {
    const { mesh, client } = world({ a: 4_000 });
    wayOf(client).out.isHeld = true;
    const call = followed(client.caller.call("length", [new Uint8Array(6 * MiB)]));
    await after(mesh, 4_600);
    expect(call.end).toEqual(unanswered);
  });

  test("takes as long as its large result needs to come, if it comes (T4)", async () => {
    const { mesh, client } = world({ a: 4_000 });
    const { back } = wayOf(client);
    const before = followed(client.caller.call("length", [new Uint8Array(6 * MiB)]));
    await settled(mesh);
    expect(before.end).toBe(6 * MiB);
    back.isHeld = true;
    const call = followed(client.caller.call("large"));
    await settled(mesh);
    for (let round = 0; round < 6; round++) {
      back.release(3);
      await after(mesh, 3_000);
    }
    expect(call.end).toBe("none");
    back.release();
    await after(mesh, 100);
    expect(call.end).toHaveLength(8 * MiB);
  });

  test("ends when its large result does not come (T4)", async () => {
    const { mesh, client } = world({ a: 4_000 });
    const { back } = wayOf(client);
    back.isHeld = true;
    const call = followed(client.caller.call("large"));
    await settled(mesh);
    back.release(1);
    await after(mesh, 4_400);
    expect(call.end).toBe("none");
    await after(mesh, 200);
    expect(call.end).toEqual(["deadline", "applied", "The time allowed ran out before all of the answer had come"]);
  });

  test("gives a stream that ends in time, although nothing is heard of its node", async () => {
    const { mesh, client } = world({ a: 4_000 });
    const calling = client.caller.call<AsyncIterableIterator<number>>("ten", []);
    await settled(mesh);
    const items = await calling;
    const first = items.next();
    await settled(mesh);
    expect(await first).toEqual({ done: false, value: 0 });
    for (let i = 1; i < 10; i++) await items.next();
    const rest = followed(items.next());
    wayOf(client).back.isHeld = true;
    await after(mesh, 4_400);
    expect(rest.end).toBe("none");
    await after(mesh, 200);
    const message = "The time allowed ran out before the stream had ended: 10 items of it had come";
    expect(rest.end).toEqual(["deadline", "unknown", message]);
  });
});

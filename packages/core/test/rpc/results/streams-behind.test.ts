/** Streams whose items wait behind other messages of the link: their end is known long before their reader has them. */
import { expect, test } from "vitest";
import type { ResultRef } from "../../../src/wire/index.js";
import { Mesh } from "../../support/mesh.js";

const KiB = 1024;
const items = 50;

function* blocks(end: "well" | "badly") {
  for (let index = 0; index < items; index++) yield new Uint8Array(5 * KiB).fill(index);
  if (end === "badly") throw new Error("out of blocks");
}

test.for(["well", "badly"] as const)(
  "a stream that ended %s while its items waited gives all of them, in several chunks, and then its end (M4, V2)",
  async (end) => {
    const mesh = new Mesh();
    const b = mesh.node("b");
    const a = mesh.node("a", { peers: ["b"], limits: { messageBytesMax: 100 * KiB } });
    b.offer("blocks", () => blocks(end));
    b.offer("filling", () => new Uint8Array(60 * KiB));
    mesh.advance(2_000);
    const asked = a.call("blocks");
    mesh.settle();
    const connection = a.connectionTo(b);
    const fromB = connection.from(
      connection.ends.find((each) => [...b.connections.values()].some(({ end: theirs }) => theirs === each))!,
    );
    fromB.isHeld = true;
    const fillings = Array.from({ length: 40 }, () => a.call("filling"));
    mesh.settle();
    const reader = a.read((asked.ends[0] as { readonly value: ResultRef }).value);
    const first = reader.next();
    mesh.settle();
    expect([b.machine.size.running, b.machine.size.heldBytes > items * 5 * KiB]).toEqual([0, true]);
    fromB.release();

    const seen: unknown[] = [];
    let thrown: unknown;
    try {
      for (let step = first; ; step = reader.next()) {
        for (let turn = 0; turn < 5; turn++) {
          mesh.settle();
          await Promise.resolve();
        }
        const { done, value } = await step;
        if (done === true) break;
        seen.push((value as Uint8Array)[0]);
      }
    } catch (error) {
      thrown = error;
    }
    expect(seen).toEqual(Array.from({ length: items }, (_, index) => index));
    if (end === "well") expect(thrown).toBeUndefined();
    else expect(thrown).toMatchObject({ code: "handler-error", message: "out of blocks" });
    expect(fillings.every(({ ends }) => ends.length === 1)).toBe(true);
    mesh.settle();
    mesh.expectQuiet();
  },
);

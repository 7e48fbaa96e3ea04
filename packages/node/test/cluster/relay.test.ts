/** Two nodes that cannot open a connection to each other, in either direction, work together through a third. */
import type { Policy, Subject } from "@mpreg/core";
import { context } from "../../src/index.js";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf, told } from "../support/failure.js";

/** `left` and `right` are linked to `middle` only; `right` offers `size` and `fail`. */
async function row() {
  let leftUrl = "";
  let rightUrl = "";
  const calls: Subject[] = [];
  const denying =
    (url: () => string): Policy =>
    (_subject, action) =>
      action.kind === "dial" && action.url === url() ? { allow: false, reason: "no route" } : { allow: true };
  const middle = await startNode({ name: "middle" });
  const right = await startNode({
    name: "right",
    peers: [middle.url],
    policy: (subject, action) => {
      if (action.kind === "call" && action.onBehalfOf !== undefined) calls.push(action.onBehalfOf);
      return denying(() => leftUrl)(subject, action);
    },
  });
  rightUrl = right.url;
  right.register("size", (bytes: Uint8Array) => bytes.length);
  right.register("fail", () => {
    throw new Error("it hurts");
  });
  right.register("back", async (text: string) => await context().call<string>("left-only", [text]));
  const left = await startNode({ name: "left", peers: [middle.url], policy: denying(() => rightUrl) });
  leftUrl = left.url;
  left.register("left-only", (text: string) => `${text} and back`);
  await offered("size", 1, left);
  await offered("left-only", 1, right);
  return { left, middle, right, calls };
}

describe("nodes that cannot reach each other", () => {
  test("call each other through a node that reaches both, whatever is sent, to and fro", async () => {
    const { left, right, middle, calls } = await row();
    expect(left.nodes().find(({ name }) => name === "right")).toMatchObject({ linked: false, via: "middle" });
    const client = await clientOf(left);
    expect(await client.call("size", [new Uint8Array(3_000_000)])).toBe(3_000_000);
    expect(calls.at(-1)).toMatchObject({ kind: "client", address: "127.0.0.1", via: "left" });
    expect(
      await Promise.all(Array.from({ length: 200 }, (_, size) => client.call("size", [new Uint8Array(size)]))),
    ).toEqual(Array.from({ length: 200 }, (_, size) => size));
    expect(await client.call("back", ["there"])).toBe("there and back");
    expect(told(await failureOf(client.call("fail")))).toMatchObject({
      code: "handler-error",
      node: "right",
      step: "fail",
    });
    for (const node of [left, middle, right]) {
      await eventually("nothing is left", () => node.nodes().every(({ inFlight }) => inFlight === 0));
    }
  });

  test("are told that nobody knows when the node between them closes", async () => {
    const { left, middle, right } = await row();
    let began = false;
    right.register("endless", () => {
      began = true;
      return new Promise(() => undefined);
    });
    await offered("endless", 1, left);
    const failure = failureOf(left.call("endless"));
    await eventually("it runs", () => began);
    await middle.close();
    expect(told(await failure)).toMatchObject({ code: "closed", outcome: "unknown", node: "middle" });
  });
});

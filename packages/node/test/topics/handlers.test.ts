/** What handlers publish: with the caller's authority, on the node's own thread and in others. `core/program/handler-topics.ts`. */
import { type MpregError, type Policy, context, createDefaultPolicy } from "@mpreg/core";
import type { MpregNode } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh, startPair } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf } from "../support/failure.js";
import { handlerModule } from "../support/threads.js";

const publishing = async (topic: string, payload: unknown): Promise<unknown> => {
  await context().publish(topic, payload, { headers: { step: context().step } });
  return context().publish(topic, payload, { confirm: "local" });
};

test("what a handler publishes reaches subscriptions, in its order; confirmed, it tells what the message came to", async () => {
  const { node, client } = await startPair();
  node.register("report", publishing);
  node.register("threaded", handlerModule, { threads: 1, export: "publishes" });
  const heard = await client.subscribe("r.*");
  expect(await client.call("report", ["r.1", { n: 1 }])).toEqual({ handed: 1, waiting: 0, lost: 0, nodes: 0 });
  expect(await client.call("threaded", ["r.2", { n: 2 }])).toEqual({ handed: 1, waiting: 0, lost: 0, nodes: 0 });
  const messages: unknown[] = [];
  for await (const { topic, payload, headers } of heard) {
    if (messages.push([topic, payload, headers["step"]]) === 4) break;
  }
  expect(messages).toEqual([
    ["r.1", { n: 1 }, "report"],
    ["r.1", { n: 1 }, undefined],
    ["r.2", { n: 2 }, "threaded"],
    ["r.2", { n: 2 }, undefined],
  ]);
});

test("the policy is asked for the node on behalf of the caller, also where the call came over another node (A1)", async () => {
  const asked: unknown[] = [];
  const allow = createDefaultPolicy({ cluster: "default" });
  const policy: Policy = (subject, action) => {
    if (action.kind !== "publish") return allow(subject, action);
    const { onBehalfOf } = action;
    asked.push([subject.kind, onBehalfOf?.kind, onBehalfOf?.kind === "client" ? onBehalfOf.via : undefined]);
    return onBehalfOf?.kind === "client" ? { allow: false, reason: "clients do not" } : allow(subject, action);
  };
  const [entry, worker] = (await startMesh({ name: "entry" }, { name: "worker", policy })) as [MpregNode, MpregNode];
  worker.register("report", publishing);
  worker.register("threaded", handlerModule, { threads: 1, export: "publishes" });
  await offered("threaded", 1, entry, worker);
  const client = await clientOf(entry);
  for (const fun of ["report", "threaded"]) {
    expect(await failureOf(client.call(fun, ["t", 1]))).toMatchObject({
      code: "handler-error",
      message: expect.stringContaining('Cannot publish to "t": clients do not') as string,
    });
  }
  expect(asked).toEqual([
    ["self", "client", "entry"],
    ["self", "client", "entry"],
  ]);
  expect(await worker.call("report", ["t", 1])).toMatchObject({ handed: 0 });
  expect(asked.at(-1)).toEqual(["self", undefined, undefined]);
});

test("reserved topics are refused, and so is what cannot be sent; a handler that waits for a slow subscription gives up in time", async () => {
  const { node, client } = await startPair();
  node.register("report", publishing);
  node.register("function", () => context().publish("t", () => 1));
  node.register("late", async () => {
    for (let i = 0; i < 2; i++) await context().publish("slow", i);
    await context().publish("slow", 2, { timeoutMs: 20 });
  });
  expect(await failureOf(client.call("report", ["mpreg.cluster.member.joined", 1]))).toMatchObject({
    message: expect.stringContaining("Cannot publish to") as string,
  });
  expect(await failureOf(client.call("function"))).toMatchObject({
    message: expect.stringContaining("not-encodable: ") as string,
  });
  await node.subscribe("slow", { windowBytes: 1, buffer: { messages: 1 }, overflow: "block-publisher" });
  expect(await failureOf(client.call("late"))).toMatchObject({
    message: expect.stringContaining("deadline: ") as string,
  });
});

test("one handler that has to wait keeps no other one waiting (A2), and none is remembered when nothing waits (A3)", async () => {
  const { node, client } = await startPair();
  node.register("report", publishing);
  const slow = await node.subscribe("slow", { windowBytes: 1, buffer: { messages: 1 }, overflow: "block-publisher" });
  const waiting = client.call("report", ["slow", 1]);
  const also = client.call("report", ["slow", 2]);
  expect(await client.call("report", ["quick", 1])).toMatchObject({ handed: 0 });
  const heard: unknown[] = [];
  for await (const { payload } of slow) if (heard.push(payload) === 4) break;
  await Promise.all([waiting, also]);
  expect(heard.sort()).toEqual([1, 1, 2, 2]);
});

describe("what a handler asks of a topic", () => {
  const asks = (topic: string, payload: unknown, options?: object): Promise<unknown> =>
    context().publishRequest(topic, payload, options);

  test("is answered by whoever responds, at any node, in threads too; with what the responder threw", async () => {
    const [near, far] = (await startMesh({ name: "near" }, { name: "far" })) as [MpregNode, MpregNode];
    near.register("asks", asks);
    near.register("threaded", handlerModule, { threads: 1, export: "asks" });
    const responding = await far.respond("double", ({ payload }) => {
      if (typeof payload !== "number") throw new Error("no number");
      return { twice: payload * 2, big: 2n ** 60n };
    });
    await responding.everywhere();
    const client = await clientOf(near);
    for (const fun of ["asks", "threaded"]) {
      expect(await client.call(fun, ["double", 4])).toEqual({ twice: 8, big: 2n ** 60n });
      expect(await failureOf(client.call(fun, ["double", "x"]))).toMatchObject({
        message: expect.stringContaining("no number") as string,
      });
      expect((await failureOf(client.call(fun, ["nobody", 1]))).message).toContain("nobody");
    }
  });

  test("is published with the authority of the caller (A1)", async () => {
    const policy: Policy = (_subject, action) => {
      if (action.kind !== "publish" || action.onBehalfOf?.kind !== "client") return { allow: true };
      return { allow: false, reason: "clients do not" };
    };
    const { node, client } = await startPair({ policy });
    node.register("asks", asks);
    await node.respond("echo", ({ payload }) => payload);
    expect((await failureOf(client.call("asks", ["echo", 1]))).message).toContain(
      'Cannot publish to "echo": clients do not',
    );
    expect(await node.call("asks", ["echo", 1])).toBe(1);
  });

  test("is waited for no longer than the call has time, or its timeoutMs", async () => {
    const { node, client } = await startPair();
    const ends: MpregError[] = [];
    const asking = async (options?: object): Promise<void> => {
      ends.push(await failureOf(context().publishRequest("silent", 1, options)));
    };
    node.register("asks", asking);
    await node.respond("silent", () => new Promise(() => undefined));
    expect(await failureOf(client.call("asks", [], { timeoutMs: 50 }))).toMatchObject({ code: "deadline" });
    await client.call("asks", [{ timeoutMs: 1 }]);
    await client.call("asks", [{ replyTo: "mine" }]);
    await eventually("all are over", () => ends.length === 3);
    const codes = ends.map(({ code }) => code);
    // the handler's own signal and the time of the question end at once
    expect(codes.filter((code) => code === "deadline" || code === "cancelled")).toHaveLength(2);
    expect(codes).toEqual(expect.arrayContaining(["deadline", "invalid-argument"]));
  });

  test("is given up when nobody waits for the handler any more", async () => {
    const { node, client } = await startPair();
    const asked: unknown[] = [];
    const ends: MpregError[] = [];
    node.register("asks", async () => {
      ends.push(await failureOf(context().publishRequest("silent", 1)));
    });
    await node.respond("silent", ({ payload }) => {
      asked.push(payload);
      return new Promise(() => undefined);
    });
    const ending = new AbortController();
    const called = failureOf(client.call("asks", [], { signal: ending.signal }));
    await eventually("it is asked", () => asked.length === 1);
    ending.abort("enough");
    expect(await called).toMatchObject({ code: "cancelled" });
    await eventually("the handler is told", () => ends.length === 1);
    expect(ends).toMatchObject([{ code: "cancelled" }]);
  });

  test("ends with its own signal", async () => {
    const { node, client } = await startPair();
    const heard: unknown[] = [];
    node.register("asks", async () => {
      const signal = new AbortController();
      const asked = failureOf(context().publishRequest("silent", 1, { signal: signal.signal }));
      signal.abort("enough");
      heard.push(await asked);
    });
    await node.respond("silent", () => new Promise(() => undefined));
    await client.call("asks");
    expect(heard).toMatchObject([{ code: "cancelled", cause: "enough" }]);
  });
});

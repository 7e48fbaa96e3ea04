/** Requests that are watched over real sockets: by who has asked, and by others at other nodes. */
import type { RequestEvent } from "@mpreg/core";
import type { NodeLimits } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, offered, startMesh } from "../support/cluster.js";
import { failureOf } from "../support/failure.js";
import { Latch } from "../support/latch.js";

async function kindsOf(events: AsyncIterable<RequestEvent>): Promise<string[]> {
  const kinds: string[] = [];
  for await (const { kind } of events) kinds.push(kind);
  return kinds;
}

/** Two nodes with a client each; `held` of the second runs until `latch` is opened. */
async function start(limits: Partial<NodeLimits> = {}) {
  const [a, b] = await startMesh({ name: "a", limits }, { name: "b", limits });
  const latch = new Latch();
  b!.register("held", async () => {
    await latch.passed;
    return "done";
  });
  await offered("held", 1, a!, b!);
  return { a: a!, b: b!, latch, asker: await clientOf(a!), other: await clientOf(b!) };
}

test("a graph that is started tells its events until its end, and its result", async () => {
  const { latch, asker } = await start();
  latch.open();
  const graph = asker.graph();
  const held = graph.call<string>("held");
  const { result, events } = graph.start(held);
  expect(await kindsOf(events)).toEqual([
    "received",
    "planned",
    "step-ready",
    "started",
    "result-available",
    "finished",
  ]);
  expect(await result).toBe("done");
});

test("events of a graph that fails end without a throw, and its result rejects with the id of the request (S2)", async () => {
  const { asker } = await start();
  const graph = asker.graph();
  graph.call("nobody-offers-this");
  const { result, events } = graph.start();
  expect((await kindsOf(events)).at(-1)).toBe("failed");
  const error = await failureOf(result);
  expect(error).toMatchObject({ code: "no-provider", request: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-z]+$/) });
});

test("a client of another node follows a request until its end, and sees its trace after that (L1)", async () => {
  const { latch, asker, other } = await start();
  const graph = asker.graph();
  graph.call("held");
  const { result, events } = graph.start();
  const received = (await events.next()).value;
  const requestId = received?.kind === "received" ? received.requestId : "";
  const watched = other.watch(requestId);
  expect((await watched.next()).value).toMatchObject({ kind: "received", requestId, node: "a" });
  expect(await other.trace(requestId)).toMatchObject({ state: "running", coordinator: "a" });
  latch.open();
  expect((await kindsOf(watched)).slice(-2)).toEqual(["result-available", "finished"]);
  await result;
  expect(await asker.trace(requestId)).toMatchObject({ state: "finished", steps: [{ name: "held", node: "b" }] });
});

test("who leaves the loop leaves the request alone, and asks for nothing more (L3)", async () => {
  const { latch, asker, other } = await start();
  const graph = asker.graph();
  graph.call("held");
  const { result, events } = graph.start();
  const received = (await events.next()).value;
  const requestId = received?.kind === "received" ? received.requestId : "";
  for await (const { kind } of other.watch(requestId)) {
    expect(kind).toBe("received");
    break;
  }
  const ending = new AbortController();
  const aborted = kindsOf(other.watch(requestId, { signal: ending.signal }));
  ending.abort();
  expect(await aborted).toEqual([]);
  const short = other.watch(requestId, { timeoutMs: 50 });
  await expect(kindsOf(short)).rejects.toMatchObject({
    code: "deadline",
    message: `The time allowed (50 ms) ran out before request "${requestId}" had ended`,
    node: "b",
    request: requestId,
  });
  latch.open();
  expect(await result).toEqual({ held: "done" });
});

test("a client of another node lists the requests of this one, and who has asked for them (L1)", async () => {
  const { latch, asker, other } = await start();
  const graph = asker.graph();
  graph.call("held");
  const { result, events } = graph.start();
  await events.next();
  const caller = { kind: "client", address: "127.0.0.1" };
  expect(await other.requests({ node: "a" })).toEqual({
    node: "a",
    leftOut: 0,
    requests: [expect.objectContaining({ state: "running", steps: { ended: 0, total: 1 }, caller })],
  });
  latch.open();
  await result;
  expect((await asker.requests()).requests).toMatchObject([{ state: "finished", steps: { ended: 1, total: 1 } }]);
  expect((await other.requests()).requests).toEqual([]);
});

test("a list of requests that cannot be had is refused, with what would work", async () => {
  const { other } = await start();
  const messageOf = async (options: object): Promise<string> => (await failureOf(other.requests(options))).message;
  expect(await messageOf({ node: "aa" })).toBe(
    'Cannot list the requests of node "aa": no node of the cluster has that name or id; did you mean "a"?',
  );
  expect(await messageOf({ node: 7 })).toBe("requests: node must be a name that is not empty, got 7");
  expect(await messageOf({ nod: "a" })).toMatch(/^requests has no option "nod"; it has node, signal, timeoutMs/);
});

test("a request that nobody knows is told as such, by the iterator and by the trace", async () => {
  const { b, other } = await start();
  const requestId = `${b.id.slice(0, 8)}-zz`;
  await expect(other.watch(requestId).next()).rejects.toMatchObject({ code: "unknown-request", node: "b" });
  expect(await failureOf(other.trace(requestId))).toMatchObject({ code: "unknown-request" });
  expect(await failureOf(other.trace("what?"))).toMatchObject({ code: "invalid-argument" });
});

test("a node's own program follows its own requests and those of others, wherever they are coordinated (L1)", async () => {
  const { a, b, latch, asker } = await start();
  const idOf = async (events: AsyncIterator<RequestEvent>): Promise<string> => {
    const received = (await events.next()).value as RequestEvent;
    return received.kind === "received" ? received.requestId : "";
  };
  const startHeld = async (calls: Pick<typeof a, "graph">): Promise<string> => {
    const graph = calls.graph();
    graph.call("held");
    return await idOf(graph.start().events);
  };
  const ids = [await startHeld(asker), await startHeld(a), await startHeld(b)];
  const watched = ids.map((id) => b.watch(id, { intermediates: true }));
  for (const [index, node] of ["a", "a", "b"].entries()) {
    const received = { kind: "received", requestId: ids[index], node };
    expect((await watched[index]!.next()).value).toMatchObject(received);
  }
  latch.open();
  for (const events of watched) {
    const told: RequestEvent[] = [];
    for await (const event of events) told.push(event);
    expect(told.at(-2)).toMatchObject({ kind: "result-available", step: "held", node: "b", value: "done" });
    expect(told.at(-1)).toEqual({ kind: "finished" });
  }
});

test("a node's own program sees the trace of a request, and the requests of its node and of others (A1)", async () => {
  const { a, b, latch, asker } = await start();
  const graph = asker.graph();
  graph.call("held");
  const { result, events } = graph.start();
  const received = (await events.next()).value;
  const requestId = received?.kind === "received" ? received.requestId : "";
  for (const node of [a, b]) {
    expect(await node.trace(requestId)).toMatchObject({ state: "running", coordinator: "a", steps: [] });
    const list = await node.requests({ node: "a", timeoutMs: 10_000 });
    expect(list).toMatchObject({ node: "a", requests: [{ requestId, state: "running" }] });
  }
  expect(await b.requests()).toEqual({ node: "b", requests: [], leftOut: 0 });
  latch.open();
  await result;
  expect(await b.trace(requestId)).toMatchObject({ state: "finished", steps: [{ name: "held", node: "b" }] });
  expect((await a.requests()).requests).toMatchObject([{ requestId, state: "finished" }]);
  expect(await failureOf(b.trace("what?"))).toMatchObject({ code: "invalid-argument", node: "b" });
  expect(await failureOf(b.requests({ nod: "a" } as object))).toMatchObject({ code: "invalid-argument" });
  const aborted = failureOf(b.trace(requestId, { signal: AbortSignal.abort("enough") }));
  expect(await aborted).toMatchObject({ code: "cancelled", outcome: "not-applied", cause: "enough" });
  const ending = new AbortController();
  const asked = failureOf(b.requests({ node: "a", signal: ending.signal }));
  ending.abort("enough");
  expect(await asked).toMatchObject({ code: "cancelled", cause: "enough" });
  await b.close();
  expect(await failureOf(b.trace(requestId))).toMatchObject({ code: "closed", node: "b" });
});

test("a program that leaves the loop, or aborts, is told nothing more, and a closed node's is told so (B1) (B2)", async () => {
  const { a, b, latch, asker } = await start({ watchersMax: 1 }); // there is room for the next when one has left
  const graph = asker.graph();
  graph.call("held");
  const { result, events } = graph.start();
  const received = (await events.next()).value;
  const requestId = received?.kind === "received" ? received.requestId : "";
  for (const node of [a, b]) {
    for await (const { kind } of node.watch(requestId)) {
      expect(kind).toBe("received");
      break;
    }
    const ending = new AbortController();
    const aborted = kindsOf(node.watch(requestId, { signal: ending.signal }));
    ending.abort();
    expect(await aborted).toEqual(node === a ? ["received"] : []); // what the node knows itself is there at once
    const short = node.watch(requestId, { timeoutMs: 50 });
    await expect(kindsOf(short)).rejects.toMatchObject({ code: "deadline", request: requestId, node: node.name });
  }
  const last = b.watch(requestId);
  expect((await last.next()).value).toMatchObject({ kind: "received" });
  expect(() => b.watch("")).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  await expect(b.watch("what?").next()).rejects.toMatchObject({ code: "invalid-argument", node: "b" });
  latch.open();
  expect((await kindsOf(last)).at(-1)).toBe("finished");
  expect(await result).toEqual({ held: "done" });
  await a.close();
  await expect(a.watch(requestId).next()).rejects.toMatchObject({ code: "closed" });
});

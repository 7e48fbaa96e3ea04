/** Nested calls end with the call that made them, wherever they run. */
import { connect } from "@mpreg/client";
import { context } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, offered, startMesh, startPair } from "../support/cluster.js";
import { failureOf } from "../support/failure.js";
import { Latch } from "../support/latch.js";

async function startNested(): Promise<{ url: string; inner: Latch; innerAborted: Latch }> {
  const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
  const inner = new Latch();
  const innerAborted = new Latch();
  entry!.register("outer", () => context().call("inner"));
  worker!.register("inner", () => {
    context().signal.addEventListener("abort", () => {
      innerAborted.open();
    });
    inner.open();
    return new Promise(() => undefined);
  });
  entry!.register("fail when asked", async () => {
    await inner.passed;
    throw new Error("asked");
  });
  await offered("inner", 1, entry!);
  return { url: entry!.url, inner, innerAborted };
}

test("a cancelled call cancels the calls of its handler, on another node too (Z4)", async () => {
  const { url, inner, innerAborted } = await startNested();
  const client = await clientOf({ url });
  const controller = new AbortController();
  const ending = failureOf(client.call("outer", [], { signal: controller.signal }));
  await inner.passed;
  controller.abort();
  expect((await ending).code).toBe("cancelled");
  await innerAborted.passed;
});

test("a failing sibling cancels the calls of a handler (Z4)", async () => {
  const { url, inner, innerAborted } = await startNested();
  const client = await clientOf({ url });
  const graph = client.graph();
  graph.call("outer");
  graph.call("fail when asked");
  expect((await failureOf(graph.run())).code).toBe("handler-error");
  await inner.passed;
  await innerAborted.passed;
});

test("a client that goes away takes the calls of its handlers along (Z4)", async () => {
  const { url, inner, innerAborted } = await startNested();
  const client = await connect(url);
  const ending = failureOf(client.call("outer"));
  await inner.passed;
  await client.close();
  expect((await ending).code).toBe("closed");
  await innerAborted.passed;
});

test("a handler whose call was cancelled cannot start further calls (Z4)", async () => {
  const { node, client } = await startPair();
  const started = new Latch();
  const refused = new Latch<string>();
  let ran = false;
  node.register("side effect", () => {
    ran = true;
  });
  node.register("stubborn", async () => {
    const { signal, call } = context();
    const aborted = new Latch();
    signal.addEventListener("abort", () => {
      aborted.open();
    });
    started.open();
    await aborted.passed;
    refused.open((await failureOf(call("side effect"))).code);
  });
  const controller = new AbortController();
  const ending = failureOf(client.call("stubborn", [], { signal: controller.signal }));
  await started.passed;
  controller.abort();
  await ending;
  expect(await refused.passed).toBe("cancelled");
  expect(ran).toBe(false);
});

/** Calls that nobody waits for any more while the module of their thread still loads: they were never begun. */
import type { Client } from "@mpreg/client";
import { expect, onTestFinished, test } from "vitest";
import { startPair } from "../support/cluster.js";
import { failureOf } from "../support/failure.js";
import { Latch } from "../support/latch.js";
import { moduleUrl } from "../support/threads.js";

/** A node whose function "f" counts its runs, in a thread that loads its module until `load` is called. */
async function startLoading(): Promise<{ readonly client: Client; readonly load: () => void }> {
  const gate = new BroadcastChannel("slow module");
  onTestFinished(() => {
    gate.close();
  });
  const loading = new Latch();
  gate.onmessage = () => {
    loading.open();
  };
  const { node, client } = await startPair();
  node.register("f", moduleUrl("slow.mjs"), { threads: 1 });
  await loading.passed;
  const load = (): void => {
    gate.postMessage("load");
  };
  return { client, load };
}

test("a call whose deadline passes while its module loads was not applied, and never runs (W2) (K4)", async () => {
  const { client, load } = await startLoading();
  const failure = await failureOf(client.call("f", [], { timeoutMs: 200 }));
  expect(failure).toMatchObject({ code: "deadline", outcome: "not-applied", node: "solo", step: "f" });
  expect(failure.message).toBe('The time allowed for "f" ran out before its handler began on node "solo"');
  load();
  expect(await client.call("f")).toBe(1);
});

test("a graph that is cancelled while the module of its step loads was not applied (W2) (K4)", async () => {
  const { client, load } = await startLoading();
  const graph = client.graph();
  const failure = failureOf(graph.run(graph.call("f"), { timeoutMs: 200 }));
  expect(await failure).toMatchObject({ code: "deadline", outcome: "not-applied" });
  load();
  expect(await client.call("f")).toBe(1);
});

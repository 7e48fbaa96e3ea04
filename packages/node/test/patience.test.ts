/** Who does not wait any more for a node that starts or closes, and what that leaves behind. */
import { createServer } from "node:net";
import { connect } from "@mpreg/client";
import { createNode } from "@mpreg/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { waiting } from "../src/patience.js";
import { startNode, startPair } from "./support/cluster.js";
import { eventually } from "./support/eventually.js";
import { failureOf } from "./support/failure.js";
import { temporaryFolder } from "./support/folders.js";
import { freePort } from "./support/proxy.js";

const given = { code: "cancelled", outcome: "not-applied", cause: "no" };

describe("createNode()", () => {
  test("whose signal has aborted starts nothing", async () => {
    const port = await freePort();
    const starting = createNode({ port, signal: AbortSignal.abort("no"), log: "silent" });
    const server = createServer().listen(port, "127.0.0.1"); // it is free
    onTestFinished(() => void server.close());
    expect(await failureOf(starting)).toMatchObject(given);
    await new Promise((resolve, reject) => server.once("error", reject).once("listening", resolve));
  });

  test("whose signal aborts meanwhile leaves neither its port nor its data directory in use", async () => {
    const [port, dataDir] = [await freePort(), await temporaryFolder()];
    const ending = new AbortController();
    const starting = createNode({ port, dataDir, signal: ending.signal, log: "silent" });
    ending.abort("no");
    expect(await failureOf(starting)).toMatchObject({ ...given, outcome: "unknown" });
    const node = await eventually("both are free", () =>
      createNode({ port, dataDir, log: "silent" }).catch(() => undefined),
    );
    await node.close();
  });

  test("is not ended by a signal that aborts later; what is no signal or no time is refused", async () => {
    const ending = new AbortController();
    const node = await startNode({ signal: ending.signal, timeoutMs: 60_000 });
    ending.abort("no");
    expect(await node.call("echo", [1])).toBe(1);
    expect(await failureOf(createNode({ timeoutMs: -1 }))).toMatchObject({ code: "invalid-argument" });
    expect(await failureOf(createNode({ signal: 1 as never }))).toMatchObject({ code: "invalid-argument" });
  });
});

describe("close()", () => {
  test("of a node whose signal has aborted does nothing; one that aborts later leaves it closing", async () => {
    const node = await startNode();
    expect(await failureOf(node.close({ signal: AbortSignal.abort("no") }))).toMatchObject(given);
    expect(await failureOf(node.close({ timeoutMs: -1 }))).toMatchObject({ code: "invalid-argument" });
    expect(await failureOf(node.close({ timeout: 1 } as never))).toMatchObject({ code: "invalid-argument" });
    expect(await node.call("echo", [1])).toBe(1);
    const ending = new AbortController();
    const closing = node.close({ signal: ending.signal });
    ending.abort("no");
    expect(await failureOf(closing)).toMatchObject({ ...given, outcome: "unknown" });
    expect(await failureOf(node.call("echo", [1]))).toMatchObject({ code: "closed" });
    await node.close({ timeoutMs: 60_000 });
    await expect(connect(node.url, { timeoutMs: 5_000 })).rejects.toMatchObject({ code: "not-connected" });
  });

  test("of a client whose signal has aborted does nothing", async () => {
    const { client } = await startPair();
    expect(await failureOf(client.close({ signal: AbortSignal.abort("no") }))).toMatchObject(given);
    expect(await failureOf(client.close({ timeoutMs: Number.NaN }))).toMatchObject({ code: "invalid-argument" });
    expect(await client.call("echo", [1])).toBe(1);
    await client.close({ signal: new AbortController().signal, timeoutMs: 60_000 });
    expect(await failureOf(client.call("echo", [1]))).toMatchObject({ code: "closed" });
  });
});

test("what takes longer than its time is not waited for: deadline, and it is told that nobody waits", async () => {
  let gaveUp = 0;
  const never = (): Promise<never> => new Promise(() => undefined);
  const waited = waiting(never, { timeoutMs: 1 }, { who: "close", late: "too late", gaveUp: () => (gaveUp += 1) });
  expect(await failureOf(waited)).toMatchObject({ code: "deadline", outcome: "unknown", message: "too late" });
  expect(gaveUp).toBe(1);
});

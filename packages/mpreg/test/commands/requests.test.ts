import { connect } from "@mpreg/client";
import { createNode } from "@mpreg/node";
import { expect, onTestFinished, test, vi } from "vitest";
import { launchCommand, mpreg } from "../processes.js";

/** A node on which one graph has failed and one runs, with one of its two steps done; another node beside it. */
async function start() {
  const worker = await createNode({ name: "worker", log: "silent" });
  const other = await createNode({ name: "other", peers: [worker.url], log: "silent" });
  const client = await connect(worker.url);
  onTestFinished(async () => {
    await client.close();
    await other.close();
    await worker.close();
  });
  await vi.waitUntil(() => other.nodes().some(({ name }) => name === "worker"));
  worker.register("hold", () => new Promise(() => undefined));
  worker.register("fail", () => {
    throw new Error("broken");
  });
  const failing = client.graph();
  failing.call("fail");
  await expect(failing.run()).rejects.toMatchObject({ code: "handler-error" });
  const graph = client.graph();
  graph.call("hold", [graph.call("echo", [1])]);
  const { result, events } = graph.start();
  const ended = result.then(
    () => "done",
    (error: unknown) => (error as { readonly code: string }).code,
  );
  onTestFinished(async () => {
    await client.close();
    expect(await ended).toBe("closed");
  });
  for await (const event of events) if (event.kind === "started" && event.step === "hold") break;
  return { worker, other };
}

test("requests are a table for people, through any node", async () => {
  const { worker, other } = await start();
  const { stdout, stderr, exitCode } = await mpreg(["requests", "--node", "worker", "--url", other.url]);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  const [heading, running, failed, ...more] = stdout.trimEnd().split("\n");
  expect(heading).toMatch(/^REQUEST +STATE +AGE +TOOK +STEPS +NODE +CALLER +ERROR$/);
  expect(running).toMatch(/^[0-9a-f]{8}-\w+ +running +\d+s +\d\S* +1\/2 +worker +127\.0\.0\.1 +-$/);
  expect(failed).toMatch(/^[0-9a-f]{8}-\w+ +failed +\d+s +\d+ms +1\/1 +worker +127\.0\.0\.1 +handler-error$/);
  expect(more).toEqual([]);
  expect((await mpreg(["requests", "--url", other.url])).stdout.split("\n")).toHaveLength(2);
  const nobody = await mpreg(["requests", "--node", "workers", "--url", worker.url]);
  expect(nobody.exitCode).toBe(2);
  expect(nobody.stderr).toContain('did you mean "worker"?');
});

test("requests are one line of JSON for programs, and with --watch one again and again", async () => {
  const { worker } = await start();
  const { stdout } = await mpreg(["requests", "--json", "--url", worker.url]);
  const states = [expect.objectContaining({ state: "running" }), expect.objectContaining({ code: "handler-error" })];
  expect(JSON.parse(stdout)).toEqual({ node: "worker", requests: states, leftOut: 0 });
  const watching = launchCommand(["requests", "--json", "--watch", "--url", worker.url]);
  await vi.waitUntil(() => watching.output.length >= 2, { timeout: 20_000 });
  expect(watching.output.map((line) => (JSON.parse(line) as { node: string }).node).slice(0, 2)).toEqual([
    "worker",
    "worker",
  ]);
  await worker.close();
  expect(await watching.told("worker")).toContain("connection");
  expect(await watching.exitCode).toBe(1);
});

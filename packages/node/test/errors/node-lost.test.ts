/** Nodes that die while steps run on them: real processes, killed. */
import { expect, test } from "vitest";
import { clientOf, offered, startNode, startPair } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";
import { startProcess } from "../support/processes.js";

test("a step on a node that is killed ends as node-lost with an unknown outcome; its functions are gone at once", async () => {
  const entry = await startNode({ name: "entry", profile: "local" });
  const started = new Latch();
  entry.register("started", () => {
    started.open();
  });
  const doomed = await startProcess({ name: "doomed", peers: [entry.url] });
  await offered("run until lost", 1, entry);
  const client = await clientOf(entry);
  const graph = client.graph();
  const before = graph.call("echo", ["x"]);
  const step = graph.call("run until lost", [before], { name: "the step" });
  const failure = failureOf(graph.run(step));
  await started.passed;
  doomed.kill("SIGKILL");
  expect(told(await failure)).toEqual({
    code: "node-lost",
    message: expect.stringMatching(
      /^The link to node "doomed" broke \(.*(1006|ECONNRESET).*\) while "run until lost" was running there; whether it took effect is unknown$/,
    ),
    step: "the step",
    node: "doomed",
    outcome: "unknown",
  });
  // known by then, without any further sign
  expect(entry.functions().map(({ name }) => name)).not.toContain("run until lost");
  expect(entry.nodes().map(({ name, state }) => [name, state])).toContainEqual(["doomed", "suspect"]);
  // the node may be back: a call waits for that, for a while
  expect((await failureOf(client.call("run until lost"))).code).toBe("no-provider");
  await eventually("nobody believes in the node any more", () => entry.nodes().length === 1);
  expect(entry.cluster().nodes.map(({ name, state }) => [name, state])).toEqual([
    ["entry", "self"],
    ["doomed", "down"],
  ]);
});

test("a killed node that comes back under the same address is found again and works", async () => {
  const entry = await startNode({ name: "entry" });
  const first = await startProcess({ name: "worker", peers: [entry.url] });
  await offered("memory", 1, entry);
  const client = await clientOf(entry);
  expect(await client.call("memory")).toBeGreaterThan(0);
  first.kill("SIGKILL");
  await offered("memory", 0, entry);
  const port = Number(new URL(first.url).port);
  const second = await startProcess({ name: "worker", port, peers: [entry.url] });
  await offered("memory", 1, entry);
  expect(await client.call("memory")).toBeGreaterThan(0);
  expect(entry.nodes().map(({ id }) => id)).toContain(second.id);
});

test("a client that does not connect again learns for every call under way that its node was killed, and cannot call any more", async () => {
  const { node } = await startPair({ name: "peer" });
  const started = new Latch();
  node.register("started", () => {
    started.open();
  });
  const doomed = await startProcess({ name: "doomed", peers: [node.url] });
  await offered("run until lost", 1, node);
  const client = await clientOf(doomed, { reconnect: false });
  const failures = [client.call("run until lost", ["x"]), client.call("run until lost", ["y"])].map(failureOf);
  await started.passed;
  doomed.kill("SIGKILL");
  for (const failure of failures) expect(told(await failure)).toMatchObject({ code: "node-lost", outcome: "unknown" });
  const error = await failureOf(client.call("echo"));
  expect(told(error)).toMatchObject({ code: "not-connected", outcome: "not-applied" });
  expect(error.message).toContain(`The connection to ${doomed.url} is gone`);
});

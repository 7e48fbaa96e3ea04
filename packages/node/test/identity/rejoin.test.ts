/** Who comes back: the same key is the same node, another key under its name is not while the node is there. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { meshed, offered, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { temporaryFolder } from "../support/folders.js";
import { startLog } from "../support/log.js";
import { startProcess } from "../support/processes.js";

test("each start of a node with a data directory is a higher incarnation, on disk before it is over", async () => {
  const dataDir = await temporaryFolder();
  const incarnations: (number | undefined)[] = [];
  for (let start = 0; start < 3; start++) {
    const node = await startNode({ dataDir });
    incarnations.push(node.nodes()[0]?.incarnation);
    await node.close();
  }
  expect(incarnations).toEqual([1, 2, 3]);
});

test("a node that is killed and started with its data directory rejoins at once as the same node, with nothing old", async () => {
  const dataDir = join(await temporaryFolder(), "worker");
  const { log, lines } = startLog("info");
  const entry = await startNode({ name: "entry", log });
  const first = await startProcess({ name: "worker", dataDir, peers: [entry.url] });
  await offered("memory", 1, entry);
  const before = entry.nodes().find(({ id }) => id === first.id)!.incarnation;
  first.kill("SIGKILL");
  await offered("memory", 0, entry);
  const second = await startNode({ name: "worker", dataDir, peers: [entry.url] });
  expect(second.id).toBe(first.id);
  second.register("new life", () => 2);
  await offered("new life", 1, entry);
  const [, worker] = entry.nodes();
  expect(worker).toMatchObject({ id: first.id, state: "alive" });
  expect(worker!.incarnation).toBeGreaterThan(before);
  expect(entry.functions().map(({ name }) => name)).toEqual(["echo", "echos", "new life"]); // "memory" was the first's
  // faster than anybody could have given it up: it was never lost
  const events = lines.map(({ msg }) => msg).filter((msg) => msg !== "peer not reached; trying on"); // a matter of chance
  expect(events).toEqual(["node joined", "link lost", "node suspected", "node recovered"]);
});

test("a node that has left rejoins with the same key", async () => {
  const dataDir = await temporaryFolder();
  const { log, lines } = startLog("info");
  const entry = await startNode({ name: "entry", log });
  const before = await startNode({ name: "worker", dataDir, peers: [entry.url] });
  await meshed([entry, before]);
  await before.close();
  await eventually("it has left", () => entry.nodes().length === 1);
  expect(entry.cluster().nodes[1]).toMatchObject({ id: before.id, state: "left" });
  const after = await startNode({ name: "worker", dataDir, peers: [entry.url] });
  await meshed([entry, after]);
  expect(lines.map(({ msg, id }) => [msg, id])).toEqual([
    ["node joined", before.id],
    ["node lost", before.id],
    ["node joined", before.id],
  ]);
});

test("another key is refused under the name of a node that is there, and told whose it is", async () => {
  const entry = await startNode({ name: "entry" });
  const holder = await startNode({ name: "worker", peers: [entry.url] });
  await meshed([entry, holder]);
  const { log, lines } = startLog("warn");
  const other = await startNode({ name: "worker", peers: [entry.url], log });
  const refused = await eventually("it is refused", () => lines.find(({ msg }) => msg === "link refused"));
  const why = `the name "worker" belongs to node ${holder.id}, which is alive`;
  expect(refused["reason"]).toMatchObject({ code: "refused", reason: why });
  expect(entry.nodes().map(({ id }) => id)).toEqual([entry.id, holder.id]);
  expect(other.nodes().map(({ id }) => id)).toEqual([other.id]);
});

test("a refusal is logged once, however often it is repeated, on both sides", async () => {
  const [there, here] = [startLog("warn"), startLog("warn")];
  const entry = await startNode({ name: "entry", log: there.log });
  const limits = { redialMsMin: 1, redialMsMax: 5 };
  const stranger = await startNode({ name: "stranger", cluster: "other", peers: [entry.url], limits, log: here.log });
  let refusals = 0;
  for await (const { kind } of stranger.status()) if (kind === "link-refused" && ++refusals === 3) break;
  for (const { lines } of [there, here]) {
    expect(lines.map(({ msg, reason }) => [msg, reason])).toEqual([
      ["link refused", { code: "refused", reason: 'the node belongs to cluster "other", this one to "default"' }],
    ]);
  }
});

test("another key gets the name of a killed node once that one counts as down", async () => {
  const limits = { redialMsMin: 10, redialMsMax: 50 };
  const entry = await startNode({ name: "entry", profile: "local" });
  const killed = await startProcess({ name: "worker", profile: "local", peers: [entry.url] });
  await offered("memory", 1, entry);
  killed.kill("SIGKILL");
  await offered("memory", 0, entry);
  const { log, lines } = startLog("warn");
  const other = await startNode({ name: "worker", profile: "local", peers: [entry.url], limits, log });
  await meshed([entry, other]);
  const why = `the name "worker" belongs to node ${killed.id}, which is suspect`;
  expect(lines).toContainEqual(expect.objectContaining({ reason: { code: "refused", reason: why } }));
  expect(entry.cluster().nodes.map(({ id, state }) => [id, state])).toContainEqual([killed.id, "down"]);
});

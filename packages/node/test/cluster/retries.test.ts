/** Nodes that are killed, or stand still, while they run what may be run again. */
import { expect, test } from "vitest";
import { clientOf, offered, startNode } from "../support/cluster.js";
import { Latch } from "../support/latch.js";
import { type NodeProcess, startProcess } from "../support/processes.js";

/** A node, its client, and two processes that offer "run again"; `first` resolves to the process that runs it first. */
async function pair() {
  const entry = await startNode({ name: "entry", profile: "local" });
  let first: string | undefined;
  const started = new Latch();
  entry.register("started", (name: string) => {
    first ??= name;
    started.open();
    return first !== name;
  });
  const options = { peers: [entry.url], profile: "local" } as const;
  const processes = await Promise.all(["left", "right"].map((name) => startProcess({ ...options, name })));
  await offered("run again", 2, entry);
  const running = async (): Promise<NodeProcess> => {
    await started.passed;
    return processes.find(({ name }) => name === first)!;
  };
  return { entry, client: await clientOf(entry), running };
}

test.for(["SIGKILL", "SIGSTOP"] as const)(
  "a step whose process gets %s while it runs is run by the other one, when its function is idempotent",
  async (signal) => {
    const { client, running } = await pair();
    const graph = client.graph();
    const again = graph.call<string>("run again", [], { idempotencyKey: "order 7" });
    const answer = graph.run(graph.call("echo", [again]));
    const lost = await running();
    lost.kill(signal);
    expect(await answer).toBe(`${lost.name === "left" ? "right" : "left"} order 7`);
  },
);

/** Stages: where the same functions run: on real nodes over sockets, and in a simulated world. */
import { settle, simulate } from "@mpreg/sim";
import { type Calls, connect, createNode } from "mpreg";
import { onTestFinished } from "vitest";
import { register } from "./functions.js";

/** Two nodes, `entry` without functions and `worker` with them, and a client of the first. */
export interface Stage {
  readonly client: Calls;
  /** Waits until `condition` holds, as long as it takes there. */
  readonly until: (condition: () => boolean) => Promise<void>;
}

export async function onRealNodes(): Promise<Stage> {
  const entry = await createNode({ name: "entry", log: "silent" });
  onTestFinished(() => entry.close());
  const worker = await createNode({ name: "worker", peers: [entry.url], log: "silent" });
  onTestFinished(() => worker.close());
  register(worker);
  const client = await connect(entry.url);
  onTestFinished(() => client.close());
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  };
  await until(() => entry.functions().some(({ name }) => name === "long"));
  return { client, until };
}

export async function inSimulatedWorld(): Promise<Stage> {
  const world = await simulate({ seed: 1, nodes: [{ name: "entry" }, { name: "worker", register }] });
  onTestFinished(() => settle(world));
  const until = async (condition: () => boolean): Promise<void> => {
    if (!(await world.until(condition))) throw new Error("It never came true in the simulated world");
  };
  return { client: await world.connect("entry"), until };
}

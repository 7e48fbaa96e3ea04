import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createNode } from "@mpreg/node";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { waitFor } from "../../src/start/waiting.js";
import { launchNode, temporaryFolder } from "../processes.js";

function file(name: string, content: string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

describe("what mpreg start waits for", () => {
  test("is told after some seconds, and SIGTERM ends the wait in order (W1, W2, A2)", async () => {
    const loading = file("loading.mjs", "await new Promise(() => {});");
    const registering = file("registering.mjs", "export const register = () => new Promise(() => {});");
    const config = file("config.mjs", "await new Promise(() => {}); export default {};");
    const peer = await createNode({ name: "peer", log: "silent" });
    onTestFinished(() => peer.close());
    const waits = [
      { args: ["--module", loading], told: `still waiting for the module ${loading} to load` },
      { args: ["--module", registering], told: `still waiting for register() of the module ${registering}` },
      { args: ["--config", config], told: `still waiting for the config ${config} to load` },
    ];
    const nodes = waits.map(({ args }) => launchNode(["--port", "0", "--peers", peer.url, ...args]));
    for (const [index, node] of nodes.entries()) {
      expect(JSON.parse(await node.told("still waiting"))).toMatchObject({ level: 40, msg: waits[index]!.told });
    }
    expect(peer.nodes()).toHaveLength(2); // the one whose module registers has linked
    for (const node of nodes) node.kill("SIGTERM");
    expect(await Promise.all(nodes.map(({ exitCode }) => exitCode))).toEqual([0, 0, 0]);
    expect(nodes.map(({ output }) => output)).toEqual([[], [], []]); // none was ready
    await vi.waitUntil(() => peer.nodes().length === 1);
  });
});

describe("waiting", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("is told again after twice as long each time, and no more once it is over (W1)", async () => {
    const told: unknown[] = [];
    const log = pino({}, { write: (line: string) => told.push((JSON.parse(line) as { seconds: number }).seconds) });
    let settle = (_value: string): void => undefined;
    const waited = waitFor(new Promise<string>((resolve) => (settle = resolve)), "rain", log);
    vi.advanceTimersByTime(4_999);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(40_000);
    expect(told).toEqual([5, 15, 35]);
    settle("wet");
    expect(await waited).toBe("wet");
    expect(vi.getTimerCount()).toBe(0);
  });
});

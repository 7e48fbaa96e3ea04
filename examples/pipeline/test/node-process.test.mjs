import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { startCluster } from "../cluster.mjs";
import { launch } from "../node-process.mjs";

const START_MS_MAX = 60_000;

describe("a node process", { timeout: START_MS_MAX }, () => {
  it("is ready with its url and id, and gone when it was stopped (P1)", async () => {
    const one = launch({ name: "alone", resources: [] }, [], process.env);
    try {
      const node = await one.ready;
      expect(node).toMatchObject({ name: "alone", url: expect.stringMatching(/^ws:/), id: expect.stringMatching(/./) });
      expect(process.kill(node.pid, 0)).toBe(true);
      await one.stop();
      expect(() => process.kill(node.pid, 0)).toThrow("ESRCH");
    } finally {
      await one.stop();
    }
  });

  it("that cannot start says why in its last words (P2)", async () => {
    const module = fileURLToPath(new URL("./no-such-module.mjs", import.meta.url));
    const one = launch({ name: "broken", resources: ["x"], module }, [], process.env);
    try {
      await expect(one.ready).rejects.toThrow(/^The node "broken" ended with exit code \d+\n[^]*no-such-module/);
    } finally {
      await one.stop();
    }
  });
});

describe("the cluster", { timeout: START_MS_MAX }, () => {
  it("gives up while it starts when it is told to, and leaves no process behind (C1)", async () => {
    const interruption = new AbortController();
    const listeners = process.listenerCount("exit");
    const starting = startCluster({ store: "/nowhere", signal: interruption.signal, onLost: () => {} });
    interruption.abort(new Error("stopped by a test"));
    await expect(starting).rejects.toThrow("stopped by a test"); // only after every process it started has ended
    expect(process.listenerCount("exit")).toBe(listeners);
  });
});

/** Cancelling with an `AbortSignal`: calls, graphs, plain requests, from clients and from nodes. */
import { context } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh, startPair } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";

/** A signal that knows how many listen to it, as one that lives as long as its program gathers them. */
function watchedSignal() {
  const { signal } = new AbortController();
  const listening = new Set<unknown>();
  const listeners = {
    added: 0,
    get size() {
      return listening.size;
    },
  };
  signal.addEventListener = (_type: string, listener: unknown) => {
    listeners.added += 1;
    listening.add(listener);
  };
  signal.removeEventListener = (_type: string, listener: unknown) => void listening.delete(listener);
  return { signal, listeners };
}

describe("a signal", () => {
  test("that is aborted already: nothing is sent", async () => {
    const { node, client } = await startPair();
    let starts = 0;
    node.register("start", () => ++starts);
    const signal = AbortSignal.abort(new Error("never mind"));
    const graph = client.graph();
    graph.call("start");
    for (const [ending, step] of [
      [client.call("start", [], { signal }), "start"],
      [node.call("start", [], { signal }), "start"],
      [client.request([{ name: "s", fun: "start" }], { signal }), undefined], // all of it, not a step
      [graph.run(undefined, { signal }), undefined],
    ] as const) {
      const error = await failureOf(ending);
      expect(told(error)).toEqual({
        code: "cancelled",
        message: "The caller cancelled",
        step,
        node: "solo",
        outcome: "not-applied",
      });
      expect(error.cause).toEqual(new Error("never mind"));
    }
    expect(await client.call("start")).toBe(1);
  });

  test.each(["client", "node"] as const)(
    "given to a %s aborts every step of a graph that runs, on all nodes",
    async (by) => {
      const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
      const aborted: Promise<void>[] = [];
      const running = new Latch();
      let starts = 0;
      const hold = (): Promise<void> => {
        const { signal } = context();
        if (++starts === 2) running.open();
        const ended = new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => {
            resolve();
          });
        });
        aborted.push(ended);
        return ended;
      };
      entry!.register("hold here", hold);
      worker!.register("hold there", hold);
      worker!.register("after", () => ++starts);
      await offered("after", 1, entry!);
      const controller = new AbortController();
      const graph = (by === "node" ? entry! : await clientOf(entry!)).graph();
      graph.call("after", [graph.call("hold here"), graph.call("hold there")]);
      const failure = failureOf(graph.run(undefined, { signal: controller.signal }));
      await running.passed;
      controller.abort();
      expect(told(await failure)).toMatchObject({ code: "cancelled", outcome: "unknown" });
      await Promise.all(aborted);
      expect(starts).toBe(2);
    },
  );

  test("keeps no listener of a call that has ended, well or not", async () => {
    const { node, client } = await startPair({ limits: { messageBytesMax: 10_000 } });
    const { signal, listeners } = watchedSignal();
    for (const caller of [client, node]) {
      await caller.call("echo", [1], { signal });
      await failureOf(caller.call("nobody has this", [], { signal })); // a node's own call ends at once
      await caller.request([{ name: "e", fun: "echo" }], { signal });
      await failureOf(caller.request([{ name: "e", fun: "nobody has this" }], { signal }));
    }
    await failureOf(client.call("echo", ["x".repeat(20_000)], { signal })); // refused before it is sent
    await client.nodes({ signal });
    expect(listeners.added).toBeGreaterThan(0);
    expect(listeners.size).toBe(0);
  });

  test("aborting after the end changes nothing", async () => {
    const { client } = await startPair();
    const controller = new AbortController();
    expect(await client.call("echo", [1], { signal: controller.signal })).toBe(1);
    controller.abort();
    expect(await client.call("echo", [2])).toBe(2);
  });
});

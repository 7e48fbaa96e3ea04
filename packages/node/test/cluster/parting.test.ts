/** How nodes lose each other: broken links, frozen processes, nodes that close. */
import { context } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, meshed, offered, startMesh, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";
import { startLog } from "../support/log.js";
import { startProcess } from "../support/processes.js";
import { startProxy } from "../support/proxy.js";

describe("a link that breaks", () => {
  test("takes its node's functions along at once, and brings them back when it is there again", async () => {
    const proxy = await startProxy();
    const entry = await startNode({ name: "entry", profile: "local", advertise: [proxy.url] }); // there is no other way
    proxy.relayTo(entry);
    const { log, lines } = startLog("info");
    const worker = await startNode({
      name: "worker",
      profile: "local",
      peers: [proxy.url],
      advertise: [],
      log,
      limits: { redialMsMax: 20 },
    });
    worker.register("work", () => "done");
    await meshed([entry, worker]);
    await offered("work", 1, entry);
    proxy.target = undefined; // nobody gets through for now
    proxy.cut();
    await offered("work", 0, entry); // long before anybody has given the worker up
    expect(entry.nodes().map(({ name, state }) => [name, state])).toEqual([
      ["entry", "self"],
      ["worker", "suspect"],
    ]);
    expect((await failureOf(entry.call("work"))).message).toBe(
      `Cannot call "work": no node offers a function of that name`,
    );
    await eventually("both have given each other up", () => worker.nodes().length + entry.nodes().length === 2);
    worker.register("work meanwhile", () => "done meanwhile");
    proxy.relayTo(entry);
    await offered("work meanwhile", 1, entry);
    expect(await entry.call("work")).toBe("done");
    // how often it dialled in between is told, too, and is a matter of chance
    const events = lines.filter(({ msg }) => msg !== "peer not reached; trying on").map(({ msg, name }) => [msg, name]);
    expect(events).toEqual([
      ["node joined", "entry"],
      ["link lost", "entry"],
      ["node suspected", "entry"],
      ["node lost", "entry"],
      ["node joined", "entry"],
    ]);
  });

  test("and is there again soon has made its nodes suspect each other, and lost neither", async () => {
    const { log, lines } = startLog("info");
    const entry = await startNode({ name: "entry", log });
    const proxy = await startProxy(entry);
    const worker = await startNode({ name: "worker", peers: [proxy.url], advertise: [], limits: { redialMsMax: 20 } });
    worker.register("work", () => "done");
    await meshed([entry, worker]);
    await offered("work", 1, entry);
    const before = entry.nodes()[1]!.incarnation;
    proxy.cut();
    await eventually("the worker has contradicted", () => entry.nodes()[1]!.incarnation > before);
    await offered("work", 1, entry);
    expect(await entry.call("work")).toBe("done");
    expect(lines.map(({ msg, name }) => [msg, name])).toEqual([
      ["node joined", "worker"],
      ["link lost", "worker"],
      ["node suspected", "worker"],
      ["node recovered", "worker"],
    ]);
  });

  test("fails what was running behind it, and tells the handler there that nobody waits", async () => {
    const entry = await startNode({ name: "entry" });
    const proxy = await startProxy(entry);
    const worker = await startNode({ name: "worker", peers: [proxy.url], advertise: [] });
    const running = new Latch();
    const aborted = new Latch<unknown>();
    worker.register("hold", async () => {
      const { signal } = context();
      running.open();
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
      aborted.open(signal.reason);
    });
    await offered("hold", 1, entry);
    const failure = failureOf(entry.call("hold"));
    await running.passed;
    proxy.cut();
    expect(told(await failure)).toMatchObject({ code: "node-lost", node: "worker", outcome: "unknown" });
    expect(await aborted.passed).toMatchObject({ code: "cancelled" });
  });

  test("between two of three nodes leaves the third, through which they find each other again", async () => {
    const hub = await startNode({ name: "hub" });
    const left = await startNode({ name: "left", peers: [hub.url] });
    const proxy = await startProxy(left);
    const right = await startNode({ name: "right", peers: [hub.url, proxy.url] });
    await meshed([hub, left, right]);
    proxy.cut();
    await meshed([hub, left, right]);
  });

  test("is noticed when a peer says nothing any more: a frozen process loses its link, and gets it back", async () => {
    const limits = { pingIntervalMs: 100, silenceMsMax: 1_000, redialMsMax: 20 };
    const entry = await startNode({ name: "entry", limits });
    const frozen = await startProcess({ name: "frozen", peers: [entry.url], limits });
    await offered("memory", 1, entry);
    frozen.kill("SIGSTOP");
    await offered("memory", 0, entry);
    frozen.kill("SIGCONT");
    await offered("memory", 1, entry);
    expect(await entry.call("memory")).toBeGreaterThan(0);
  });
});

describe("a node that closes", () => {
  test("says goodbye: the others know at once; calls on it, and its own, are told that it is closing", async () => {
    const [entry, leaving] = await startMesh({ name: "entry" }, { name: "leaving" });
    const running = new Latch();
    leaving!.register("hold", () => {
      running.open();
      return new Promise(() => undefined);
    });
    entry!.register("hold here", () => new Promise(() => undefined));
    await offered("hold here", 1, leaving!);
    await offered("hold", 1, entry!);
    const there = failureOf(entry!.call("hold"));
    const own = failureOf(leaving!.call("hold here"));
    await running.passed;
    await leaving!.close();
    const closing = { code: "closed", message: `Node "leaving" is closing`, node: "leaving", outcome: "unknown" };
    expect(told(await there)).toMatchObject({ ...closing, step: "hold" });
    expect(told(await own)).toMatchObject(closing);
    expect(entry!.nodes().map(({ name }) => name)).toEqual(["entry"]);
    expect(entry!.functions().map(({ name }) => name)).toEqual(["echo", "echos", "hold here"]);
  });

  test("gives its port back, and may be closed twice", async () => {
    const first = await startNode({ name: "first" });
    await clientOf(first);
    const port = Number(new URL(first.url).port);
    await Promise.all([first.close(), first.close()]);
    const second = await startNode({ name: "second", port });
    expect((await (await clientOf(second)).nodes())[0]?.name).toBe("second");
  });

  test("takes no more calls, its own included", async () => {
    const node = await startNode({ name: "gone" });
    await node.close();
    const message = `Node "gone" is closed`;
    expect(told(await failureOf(node.call("echo")))).toMatchObject({ code: "closed", message, outcome: "not-applied" });
    const graph = node.graph();
    graph.call("echo");
    expect(told(await failureOf(graph.run()))).toMatchObject({ code: "closed", message });
  });

  test("may be closed by its own handler", async () => {
    const [entry, leaving] = await startMesh({ name: "entry" }, { name: "leaving" });
    leaving!.register("leave", () => {
      void leaving!.close();
      return "never arrives";
    });
    await offered("leave", 1, entry!);
    expect(told(await failureOf(entry!.call("leave")))).toMatchObject({ code: "closed", node: "leaving" });
    await meshed([entry!]);
    await leaving!.close();
  });

  test("lets its process end by itself, with peers, clients and dials under way", async () => {
    const entry = await startNode({ name: "entry" });
    const leaving = await startProcess({ name: "leaving", peers: [entry.url, "ws://127.0.0.1:9"] });
    await offered("memory", 1, entry);
    const client = await clientOf(leaving);
    const running = new Latch();
    entry.register("started", () => {
      running.open();
    });
    await offered("run until lost", 1, entry);
    await eventually("the other knows of it", async () =>
      (await client.functions()).some(({ name }) => name === "started"),
    );
    const failures = [entry.call("run until lost"), client.call("run until lost")].map(failureOf);
    await running.passed;
    leaving.kill("SIGTERM");
    expect(await leaving.exit).toBe(0);
    for (const failure of failures) expect(told(await failure)).toMatchObject({ code: "closed", node: "leaving" });
    expect(leaving.stderr()).toBe("");
  });
});

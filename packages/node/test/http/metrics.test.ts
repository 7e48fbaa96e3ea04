/** `/metrics`: what Prometheus reads is what has happened. */
import type { MpregNode } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { metrics } from "../../src/http/metric-table.js";
import { clientOf, offered, startMesh, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf } from "../support/failure.js";
import { get } from "../support/http.js";
import { Latch } from "../support/latch.js";

/** The figures of one reading, by name and labels as they are written. */
async function read({ url }: Pick<MpregNode, "url">): Promise<Map<string, number>> {
  const { status, body, headers } = await get(`${url}/metrics`);
  expect([status, headers["content-type"]]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
  const figures = new Map<string, number>();
  for (const line of body.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name, value] = /^(\S+?(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    expect(figures.has(name!), `${line} is told once`).toBe(false);
    figures.set(name!, Number(value));
  }
  return figures;
}

describe("topics", () => {
  test("are counted where messages enter, where they are wanted, and where they are lost", async () => {
    const [home, away] = await startMesh({ name: "home" }, { name: "away" });
    const [client, distant] = [await clientOf(home!), await clientOf(away!)];
    const subscription = await distant.subscribe("t.#", { group: "g" });
    await subscription.everywhere();
    for (let n = 0; n < 3; n++) await client.publish("t.x", n, { confirm: "local" });
    let taken = 0;
    for await (const _message of subscription) if (++taken === 2) break;
    const here = await read(home!);
    expect(here.get('mpreg_topic_messages_total{way="published"}')).toBe(3);
    expect(here.get('mpreg_topic_messages_total{way="forwarded"}')).toBe(3);
    expect(here.get("mpreg_topic_deliveries_total")).toBe(0);
    const there = await eventually("away has none any more", async () => {
      const figures = await read(away!);
      return figures.get("mpreg_topic_subscriptions") === 0 ? figures : undefined;
    });
    expect(there.get('mpreg_topic_messages_total{way="received"}')).toBe(3);
    expect(there.get("mpreg_topic_deliveries_total")).toBe(3);
    expect(there.get("mpreg_topic_groups")).toBe(0);
    expect(there.get("mpreg_topic_backlog_messages")).toBe(3);
    expect(there.get('mpreg_topic_losses_total{reason="slow"}')).toBe(0);
    expect(there.get("mpreg_topic_missed_total")).toBe(0);
  });

  test("of a node that nobody uses for topics are zeros, and looking at them makes nothing", async () => {
    const figures = await read(await startNode());
    const ofTopics = [...figures].filter(([name]) => name.startsWith("mpreg_topic_"));
    expect(ofTopics.length).toBeGreaterThan(10);
    for (const [name, value] of ofTopics) expect([name, value]).toEqual([name, 0]);
  });
});

describe("calls and runs", () => {
  test("are counted where they are coordinated, and where they run, by function and end", async () => {
    const [home, away] = await startMesh({ name: "home" }, { name: "away" });
    const client = await clientOf(home!);
    away!.register("double", (n: number) => {
      if (n < 0) throw new Error("negative");
      return n * 2;
    });
    await offered("double", 1, home!);
    for (let n = 0; n < 5; n++) await client.call("double", [n]);
    await failureOf(client.call("double", [-1]));
    await failureOf(client.call("nowhere"));
    const there = await eventually("away has counted", async () => {
      const figures = await read(away!);
      return figures.get('mpreg_runs_total{function="double",code="ok"}') === 5 ? figures : undefined;
    });
    expect(there.get('mpreg_runs_total{function="double",code="handler-error"}')).toBe(1);
    expect(there.get('mpreg_runs_started_total{function="double"}')).toBe(6);
    expect(there.get('mpreg_run_duration_seconds_count{function="double"}')).toBe(6);
    expect(there.get('mpreg_run_duration_seconds_bucket{le="+Inf",function="double"}')).toBe(6);
    expect(there.has('mpreg_calls_started_total{function="double"}')).toBe(false);
    const here = await read(home!);
    expect(here.get('mpreg_calls_total{function="double",code="ok"}')).toBe(5);
    expect(here.get('mpreg_calls_total{function="double",code="handler-error"}')).toBe(1);
    expect(here.get('mpreg_call_duration_seconds_count{function="double"}')).toBe(6);
    expect(here.get('mpreg_call_duration_seconds_sum{function="double"}')).toBeGreaterThan(0);
    expect(here.has('mpreg_runs_started_total{function="double"}')).toBe(false);
    // the names of functions that nobody has are the caller's choice: they get no line each
    expect(here.get('mpreg_calls_total{function="other",code="no-provider"}')).toBe(1);
    expect([...here.keys()].join()).not.toContain("nowhere");
  });

  test("under way are seen while they are, and a call that is cancelled ends so", async () => {
    const node = await startNode();
    const client = await clientOf(node);
    const gate = new Latch();
    node.register("wait", () => gate.passed);
    const controller = new AbortController();
    const call = failureOf(client.call("wait", ["abc"], { signal: controller.signal }));
    const during = await eventually("it runs", async () => {
      const figures = await read(node);
      return figures.get("mpreg_running") === 1 ? figures : undefined;
    });
    expect(during.get("mpreg_steps")).toBe(1);
    expect(during.get("mpreg_held_bytes")).toBeGreaterThan(3);
    controller.abort();
    await call;
    const after = await eventually("it has ended", async () => {
      const figures = await read(node);
      return figures.get('mpreg_calls_total{function="wait",code="cancelled"}') === 1 ? figures : undefined;
    });
    expect([after.get("mpreg_running"), after.get("mpreg_steps"), after.get("mpreg_held_bytes")]).toEqual([0, 0, 0]);
    gate.open();
  });

  test("that wait are counted where they wait, by what for, and so they are in the health", async () => {
    const [home, away] = await startMesh({ name: "home" }, { name: "away" });
    const gate = new Latch();
    away!.register("slow", () => gate.passed, { concurrencyMax: 1 });
    await offered("slow", 1, home!);
    const client = await clientOf(home!);
    const calls = [1, 2, 3, 4].map(() => client.call("slow"));
    const nowhere = failureOf(client.call("nowhere", [], { waitForCapacity: true }));
    const waiting = async (node: MpregNode): Promise<unknown[]> => {
      const figures = await read(node);
      const told = ["turn", "provider", "link", "room", "retry"].map((reason) => [
        reason,
        figures.get(`mpreg_waiting{reason="${reason}"}`),
      ]);
      const { waiting } = JSON.parse((await get(`${node.url}/healthz`)).body) as { waiting: unknown };
      expect(waiting).toEqual(Object.fromEntries(told));
      return told.map(([, value]) => value);
    };
    await eventually("three wait for their turn", async () => (await waiting(away!))[0] === 3);
    expect(await waiting(away!)).toEqual([3, 0, 0, 0, 0]);
    expect(await waiting(home!)).toEqual([0, 1, 0, 0, 0]); // what was sent waits where it was sent to
    gate.open();
    await Promise.all(calls);
    expect(await waiting(away!)).toEqual([0, 0, 0, 0, 0]);
    await client.close();
    await nowhere;
  });

  test("a function whose name is that of all others is counted with them, and once", async () => {
    const node = await startNode();
    const client = await clientOf(node);
    node.register("other", () => 1);
    node.register('quo"te\\', () => 1);
    await client.call("other");
    await failureOf(client.call("nowhere")); // one of the others
    await client.call('quo"te\\');
    const figures = await read(node);
    expect(figures.get('mpreg_calls_total{function="other",code="ok"}')).toBe(1);
    expect(figures.get('mpreg_calls_started_total{function="other"}')).toBe(2);
    expect(figures.get('mpreg_calls_total{function="quo\\"te\\\\",code="ok"}')).toBe(1);
  });
});

test("links, members, frames and bytes are what they are", async () => {
  const [home] = await startMesh({ name: "home" }, { name: "away" });
  const client = await clientOf(home!);
  const before = await read(home!);
  expect(before.get("mpreg_links")).toBe(2);
  expect(before.get('mpreg_members{state="alive"}')).toBe(2);
  expect(before.get('mpreg_members{state="down"}')).toBe(0);
  await client.call("echo", ["x".repeat(100_000)]);
  const after = await read(home!);
  const grown = (name: string): number => after.get(name)! - before.get(name)!;
  for (const direction of ["in", "out"]) {
    expect(grown(`mpreg_frames_total{direction="${direction}"}`)).toBeGreaterThan(0);
    expect(grown(`mpreg_frame_bytes_total{direction="${direction}"}`)).toBeGreaterThan(100_000);
  }
});

test("two nodes of one process tell their own, and the same of the process, in one reading as in the next (P2)", async () => {
  const one = await startNode({ name: "one" });
  const two = await startNode({ name: "two" });
  await one.call("echo", [1]);
  const lag = "nodejs_eventloop_lag_mean_seconds";
  await eventually("the lag of the loop was measured", async () => Number((await read(one)).get(lag)) > 0);
  const [first, second] = await Promise.all([read(one), read(two)]);
  expect(first.get('mpreg_calls_total{function="echo",code="ok"}')).toBe(1);
  expect(second.has('mpreg_calls_total{function="echo",code="ok"}')).toBe(false);
  expect([...first.keys()].find((key) => key.startsWith("mpreg_info"))).toContain('name="one"');
  expect([...second.keys()].find((key) => key.startsWith("mpreg_info"))).toContain('name="two"');
  for (const name of ["process_cpu_seconds_total", lag, "nodejs_eventloop_lag_seconds"]) {
    expect(first.get(name), name).toBeGreaterThan(0);
    expect(second.get(name), name).toBe(first.get(name));
  }
});

test("every metric has the form that Prometheus expects (M3)", async () => {
  const node = await startNode();
  const { body } = await get(`${node.url}/metrics`);
  for (const { name, type, help } of metrics) {
    expect(name).toMatch(/^mpreg_[a-z_]+$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    expect(body).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
  }
});

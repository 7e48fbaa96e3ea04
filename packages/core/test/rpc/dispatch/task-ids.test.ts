/** Tasks have numbers of 32 bits, which come again; here of three bits, so that they come again soon. */
import { expect, test } from "vitest";
import { Deadlines, type DueItem, type MpregError } from "../../../src/base/index.js";
import { Catalog } from "../../../src/catalog/index.js";
import { Channel, type Invocation, Peer, defaultRpcLimits } from "../../../src/rpc/index.js";
import type { TaskOwner } from "../../../src/rpc/task.js";
import { Dispatch } from "../../../src/rpc/dispatch/dispatch.js";
import { Results } from "../../../src/rpc/results/index.js";
import { HeldBytes } from "../../../src/rpc/held-bytes.js";
import { Pair } from "../../support/links.js";
import { semver } from "../../support/semver.js";
import { seeded } from "../../support/random.js";

const noTimings = { queueUs: 0, runUs: 0 };

/** A node that offers `f` itself, and whose neighbour offers `g`. */
function dispatching() {
  const self = new Peer("00", "n", []);
  const catalog = new Catalog<Peer>(({ nodeId }) => nodeId, semver);
  const deadlines = new Deadlines<DueItem>();
  const invoked: Invocation[] = [];
  catalog.add(self, "f", []);
  const { link } = new Pair({ node: "n" }, { node: "b" }).settle().dialer;
  const far = new Peer("01", "b", []);
  const channel = new Channel(link, { kind: "self" }, seeded(1), 0);
  far.channel = channel;
  catalog.add(far, "g", []);
  const host = {
    nodeName: "n",
    self,
    catalog,
    policy: () => ({ allow: true }) as const,
    announces: () => false,
    follower: () => undefined,
    run: () => new Uint8Array(8),
    nodeLike: () => ({ kind: "unknown", names: [] }) as const,
    nowMs: () => 0,
    idOf: () => "",
    random: seeded(1),
    queueMaxOf: () => undefined,
    target: () => ({ kind: "unknown", names: [] }) as const,
    peer: () => undefined,
    nameOf: () => undefined,
    neighbourOf: () => undefined,
    circuit: () => undefined,
    expectedUntilMs: () => 0,
    reach: () => false,
    invoke: (invocation: Invocation) => invoked.push(invocation),
    revoke: () => false,
    abort: () => undefined,
    runsOn: () => undefined,
    heard: () => undefined,
    topicReport: () => ({}),
    pull: () => undefined,
    streamed: () => undefined,
    streamFailed: () => undefined,
    schedule: (item: DueItem, dueMs: number) => {
      deadlines.set(item, dueMs);
    },
    unschedule: (item: DueItem) => {
      deadlines.remove(item);
    },
  };
  const held = new HeldBytes(Infinity);
  const dispatch = new Dispatch(host, defaultRpcLimits, held, new Results(host, held, defaultRpcLimits), 0b111);
  const results = new Map<string, unknown>();
  const start = (step: string, fun = "f") => {
    const owner: TaskOwner = {
      started: () => undefined,
      progress: () => undefined,
      left: () => undefined,
      completed: (_task, value) => results.set(step, (value as Uint8Array)[0]),
      failed: (_task, error: MpregError) => results.set(step, error),
    };
    const fields = {
      owner,
      index: 0,
      fun,
      step,
      resources: [],
      template: Uint8Array.of(0x90),
      bound: [],
      refs: undefined,
      deadlineMs: 1_000,
      keepUntilMs: 1_000,
      waitUntilMs: 0,
      depth: 0,
      request: 1,
      coordinator: self.nodeId,
      caller: { kind: "self" } as const,
      connection: 0,
      timings: false,
      relay: undefined,
      terms: undefined,
      heldBytes: 0,
    };
    const task = dispatch.start(fields, true, 0);
    return { task, id: fun === "f" ? invoked.at(-1)!.id : task.id };
  };
  return { dispatch, channel, start, results };
}

test("no task gets the number of another one that still runs, however long it does (T3)", () => {
  const { dispatch, start, results } = dispatching();
  const long = start("long");
  for (let value = 0; value < 50; value++) {
    const { id } = start(`short ${value}`);
    expect(id).not.toBe(long.id);
    dispatch.invoked(id, Uint8Array.of(value), noTimings, 0);
  }
  dispatch.invoked(long.id, Uint8Array.of(99), noTimings, 0);
  expect([results.get("long"), results.get("short 49"), results.size]).toEqual([99, 49, 51]);
  // nor that of one whose handler runs on though nobody waits for it (O1)
  const deaf = start("deaf");
  dispatch.drop(deaf.task, "cancelled");
  for (let value = 0; value < 50; value++) {
    const { id } = start(`after ${value}`);
    expect(id).not.toBe(deaf.id);
    dispatch.invoked(id, Uint8Array.of(value), noTimings, 0);
  }
  dispatch.invoked(deaf.id, Uint8Array.of(1), noTimings, 0);
  expect(dispatch.size).toMatchObject({ running: 0, abandoned: 0, waiting: 0 });
});

test("no step gets the id of one that is under way at the far side, or has left something behind there (S2)", () => {
  const { dispatch, channel, start } = dispatching();
  const answer = (id: number): void => {
    dispatch.answered(channel, id, Uint8Array.of(1), undefined, 0);
  };
  const next = (): number => {
    const { id } = start("next", "g");
    answer(id);
    return id;
  };
  const [running, left] = [start("running", "g").id, start("left", "g").id];
  channel.leavesThere(left, 10);
  answer(left);
  const ids = Array.from({ length: 20 }, next);
  expect(ids).not.toContain(running);
  expect(ids).not.toContain(left);
  channel.stepsLeft?.ended(left);
  expect(Array.from({ length: 8 }, next)).toContain(left);
});

/** When what has no link goes over a neighbour: `forwarding.ts` (F6). */
import { describe, expect, test } from "vitest";
import { type OverSink, type TopicsLimits, defaultTopicsLimits } from "../../../src/topics/index.js";
import { Forwarding } from "../../../src/topics/forwarding/forwarding.js";
import { note } from "../support.js";

/** Of each message here, or more. */
const size = 1_000;

/** A node whose link to "b" may be missing, with a neighbour that has one; what leaves is written down. */
function origin(limits: Partial<TopicsLimits> = {}) {
  const sent: string[] = [];
  const state = { isLinked: true, isDialled: true, vias: ["v"], run: "run" };
  const over: OverSink = {
    viaTo: (_nodeId, avoided, isPressing) => {
      const nodeId = state.vias.find((each) => avoided?.has(each) !== true);
      return nodeId === undefined || state.isLinked || (state.isDialled && !isPressing)
        ? undefined
        : { nodeId, run: state.run };
    },
    forward: (via, ends) => {
      for (const { target, sequence } of ends) sent.push(`${sequence} to ${target} over ${via}`);
      return "sent";
    },
    forwardedUntil: (via, nodeId, _run, sequence) => sent.push(`until ${sequence} to ${nodeId} over ${via}`),
    runOf: () => state.run,
    reach: () => undefined,
  };
  const forwarding = new Forwarding(
    {
      forward: (nodeId, sequence) => {
        if (!state.isLinked) return "unreached";
        sent.push(`${sequence} to ${nodeId}`);
        return "sent";
      },
      forwardedUntil: (nodeId, sequence) => {
        if (state.isLinked) sent.push(`until ${sequence} to ${nodeId}`);
      },
      runOf: () => "run",
      over,
    },
    { ...defaultTopicsLimits, ...limits },
    { dropped: 0, expired: 0 },
  );
  const publish = (nowMs: number, priority = 0): void => {
    forwarding.begin();
    forwarding.want(forwarding.routeTo("b"));
    forwarding.send(note("a", `at ${nowMs}`), priority, Infinity, nowMs);
  };
  return { forwarding, publish, state, took: () => sent.splice(0) };
}

describe("without a link", () => {
  test("a message waits for one for a second, and then goes over a neighbour (F6)", () => {
    const { forwarding, publish, state, took } = origin();
    state.isLinked = false;
    publish(0);
    forwarding.tick(900);
    expect(took()).toEqual([]);
    forwarding.tick(1_900);
    expect(took()).toEqual(["1 to b over v"]);
    publish(2_000);
    expect(took()).toEqual([]); // whether that one has a way is not known yet
    forwarding.taken("b", size, 2_100);
    expect(took()).toEqual(["2 to b over v"]);
  });

  test("one message goes over a neighbour until something was taken: where that has no way either, no more is lost (F2)", () => {
    const { forwarding, publish, state, took } = origin();
    Object.assign(state, { isLinked: false, isDialled: false, vias: ["v", "w"] });
    for (let left = 3; left > 0; left--) publish(0);
    expect(took()).toEqual(["1 to b over v"]);
    forwarding.unreached("b", "v", undefined, 10);
    expect(took()).toEqual(["until 1 to b over w", "2 to b over w"]);
    forwarding.taken("b", size, 20);
    expect(took()).toEqual(["3 to b over w"]);
    publish(30);
    expect(took()).toEqual(["4 to b over w"]);
  });

  test("who leaves does not wait for that (F6)", () => {
    const { forwarding, publish, state, took } = origin();
    state.isLinked = false;
    for (let left = 3; left > 0; left--) publish(0);
    forwarding.leave(100);
    expect(took()).toEqual(["1 to b over v", "2 to b over v", "3 to b over v"]);
  });

  test("the oldest counts, also where one of a higher priority is next (F6, F7)", () => {
    const { forwarding, publish, state, took } = origin();
    state.isLinked = false;
    publish(0);
    publish(900, 9);
    expect(forwarding.oldestMs(950)).toBe(0);
    forwarding.tick(1_100);
    forwarding.taken("b", size, 1_200);
    expect(took()).toEqual(["1 to b over v", "2 to b over v"]);
  });

  test("and where older ones have found no room (F6, F7)", () => {
    const { forwarding, publish, state, took } = origin({ routeBufferBytes: 1 });
    state.isLinked = false;
    publish(0);
    publish(10);
    expect(forwarding.oldestMs(950)).toBe(10);
    forwarding.tick(900);
    expect(took()).toEqual([]);
    forwarding.tick(1_900);
    expect(took()).toEqual(["2 to b over v"]);
  });

  test("who leaves waits for none: what waited goes over a neighbour (F6)", () => {
    const { forwarding, publish, state, took } = origin();
    state.isLinked = false;
    publish(0);
    forwarding.leave(100);
    expect(took()).toEqual(["1 to b over v"]);
  });

  test("what was on its way over a link that broke is told as missing over a neighbour, though nothing follows (F6)", () => {
    const { forwarding, publish, state, took } = origin();
    publish(0);
    state.isLinked = false;
    forwarding.unlinked("b", false, 100);
    forwarding.tick(900);
    expect([took(), forwarding.isSeeking]).toEqual([["1 to b"], true]);
    forwarding.tick(1_900);
    expect(took()).toEqual(["until 1 to b over v"]);
  });

  test("the same where the neighbour could not pass it on, and another one is found later (F6)", () => {
    const { forwarding, publish, state, took } = origin();
    state.isLinked = false;
    publish(0);
    forwarding.tick(1_900);
    state.vias = [];
    forwarding.unreached("b", "v", undefined, 2_000);
    expect([took(), forwarding.isSeeking]).toEqual([["1 to b over v"], true]);
    state.vias = ["v"];
    forwarding.tick(3_000);
    expect(took()).toEqual(["until 1 to b over v"]);
  });

  test("where no neighbour has a way each is asked once a second (R3)", () => {
    const { forwarding, publish, state, took } = origin();
    Object.assign(state, { isLinked: false, isDialled: false, vias: ["v", "w", "x"] });
    publish(0);
    for (const atMs of [1_000, 2_000]) {
      for (const via of ["v", "w", "x", "v", "w"]) forwarding.unreached("b", via, undefined, atMs);
      expect(took().map((what) => what.at(-1))).toEqual(["v", "w", "x"]);
      forwarding.tick(atMs + 500);
    }
  });

  test("nothing is told where the link ended with all that was to be said (F6)", () => {
    const { forwarding, publish, state, took } = origin();
    publish(0);
    forwarding.taken("b", 1_000, 50);
    state.isLinked = false;
    forwarding.unlinked("b", true, 100);
    expect([took(), forwarding.isSeeking]).toEqual([["1 to b"], false]);
  });

  test("a link that opens in time is told itself (F6)", () => {
    const { forwarding, publish, state, took } = origin();
    publish(0);
    state.isLinked = false;
    forwarding.unlinked("b", false, 100);
    state.isLinked = true;
    forwarding.linked("b", "run", 500);
    expect([took(), forwarding.isSeeking]).toEqual([["1 to b", "until 1 to b"], false]);
  });

  test("numbers begin anew for another process of the node, before the next message goes (R6)", () => {
    const { forwarding, publish, state, took } = origin();
    Object.assign(state, { isLinked: false, isDialled: false });
    publish(0);
    forwarding.taken("b", size, 1);
    publish(1);
    expect(took()).toEqual(["1 to b over v", "2 to b over v"]);
    state.run = "next";
    publish(2);
    expect(took()).toEqual(["1 to b over v"]);
    forwarding.unreached("b", "v", "next", 3);
    expect(took()).toEqual([]); // that process heard of something before this node knew of it
    forwarding.unreached("b", "v", "run", 4);
    forwarding.tick(1_000);
    expect(took()).toEqual(["until 1 to b over v"]);
  });
});

/** What a node hears of its messages that have come here: `way-back.ts`. */
import { expect, test } from "vitest";
import { Topics, type WayBack, defaultTopicsLimits, nowhere } from "../../../src/topics/index.js";
import { utf8 } from "../../support/wire.js";
import { noOthers, note } from "../support.js";

test("what was taken is told over the way it came, whichever was opened last (W1)", () => {
  const ways = { forward: () => "unreached" as const, forwardedUntil: () => undefined, runOf: () => undefined };
  const timers = { schedule: () => undefined, unschedule: () => undefined };
  const topics = new Topics(
    { ...timers, utf8, seed: 7, elsewhere: nowhere, ways, others: noOthers },
    defaultTopicsLimits,
  );
  const told: unknown[] = [];
  const backOf = (name: string): WayBack => ({
    took: (bytes) => told.push([name, bytes]),
    report: () => undefined,
    handBack: () => false,
  });
  const [one, other] = [backOf("one"), backOf("other")];
  const message = note("a", 1);
  [one, other, one].forEach((back, at) => {
    const terms = { groups: [], waitedMs: 0, isConfirmed: undefined, tried: undefined };
    topics.arrived({ nodeId: "a", run: "1" }, { sequence: at + 1, ...terms, message }, back, 0);
  });
  topics.flush(0);
  expect(told).toEqual([
    ["one", 2 * message.length],
    ["other", message.length],
  ]);
});

/** Publishes that wait to hear what other nodes make of them, on a clock that the test moves. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import { Confirmations } from "../../../src/topics/forwarding/confirmations.js";
import { type TopicsLimits, defaultTopicsLimits } from "../../../src/topics/index.js";
import type { Published } from "../../../src/topics/index.js";
import { Clock } from "../../support/clock.js";

const here = { handed: 1, waiting: 0, lost: 0 };

function world(limits: Partial<TopicsLimits> = {}) {
  const clock = new Clock();
  let swept = 0;
  const confirmations = new Confirmations(clock, { ...defaultTopicsLimits, ...limits }, () => (swept += 1));
  const heard: unknown[] = [];
  const begin = (publisher = 1, nodes = 0) => {
    const confirmation = confirmations.begin(publisher, (result: Published | MpregError) => {
      if (result instanceof MpregError) heard.push([result.code, result.outcome]);
      else heard.push({ ...result });
    });
    confirmation.awaits(nodes);
    return confirmation;
  };
  const publish = (publisher = 1, nodes = 0) => {
    const confirmation = begin(publisher, nodes);
    confirmations.published(confirmation, here, clock.nowMs);
    return confirmation;
  };
  return { clock, confirmations, heard, begin, publish, swept: () => swept };
}

describe("confirmations", () => {
  test("a publisher hears once, when all have told (C1)", () => {
    const { confirmations, heard, publish } = world();
    publish(1, 0);
    expect(heard).toEqual([{ kind: "published", ...here, nodes: 0 }]);
    const confirmation = publish(1, 2);
    confirmation.told({ handed: 2, waiting: 1, lost: 0 });
    expect([heard.length, confirmations.size]).toEqual([1, 1]);
    confirmation.told({ handed: 0, waiting: 0, lost: 3 });
    confirmation.told({ handed: 0, waiting: 0, lost: 3 });
    expect(heard.slice(1)).toEqual([{ kind: "published", handed: 3, waiting: 1, lost: 3, nodes: 2 }]);
    expect(confirmations.size).toBe(0);
  });

  test("what one node will not tell is unknown, whatever the others have told (C2)", () => {
    const { heard, publish } = world();
    const confirmation = publish(1, 2);
    confirmation.untold("node-lost");
    expect(heard).toEqual([]);
    confirmation.told(here);
    expect(heard).toEqual([["node-lost", "unknown"]]);
  });

  test("what was not told in time is unknown, and each has its own time (C3)", () => {
    const { clock, confirmations, heard, publish, swept } = world({ confirmMsMax: 100 });
    publish(1, 1);
    clock.advance(60);
    const second = publish(1, 1);
    clock.advance(50);
    expect([heard, confirmations.size, swept()]).toEqual([[["deadline", "unknown"]], 1, 1]);
    second.told(here);
    expect(heard).toHaveLength(2);
    expect([confirmations.size, clock.scheduled]).toEqual([0, 0]);
  });

  test("a publisher has a bound of its own, before anything is published (C3)", () => {
    const { confirmations, publish } = world({ confirmationsPerLinkMax: 2 });
    publish(1, 1);
    const second = publish(1, 1);
    expect(() => publish(1, 1)).toThrow(/2 publishes of this link wait to be confirmed already/);
    publish(2, 1);
    second.told(here);
    publish(1, 1);
    confirmations.leave(1);
    expect(confirmations.size).toBe(1);
  });

  test("whoever has gone hears nothing", () => {
    const { clock, confirmations, heard, publish } = world({ confirmMsMax: 100 });
    const confirmation = publish(1, 1);
    confirmations.leave(1);
    confirmation.told(here);
    clock.advance(200);
    expect([heard, clock.scheduled]).toEqual([[], 0]);
  });
});

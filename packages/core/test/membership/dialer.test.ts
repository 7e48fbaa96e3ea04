import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Dialing } from "../support/dialing.js";
import { scripted, seeded } from "../support/random.js";

const [seed, other] = ["ws://seed", "ws://other"];

describe("configured peers", () => {
  test("all of them are dialled at once, each once (N3)", () => {
    const dialing = new Dialing("m", [seed, other, seed]);
    expect(dialing.urls).toEqual([seed, other]);
    expect(dialing.nowMs).toBe(0);
    expect(dialing.dialer.size).toEqual({ wanted: 0, dialing: 2 });
    dialing.advance(60_000);
    expect(dialing.dials).toHaveLength(2);
  });

  test("one that is down is dialled for ever (N1)", () => {
    const dialing = new Dialing("m", [seed]);
    for (let i = 0; i < 1_000; i++) {
      dialing.fail();
      expect(dialing.untilDial()).toBe(true);
    }
    expect(dialing.dials).toHaveLength(1_001);
  });

  test("the wait doubles with every failure up to its bound, and is anything up to that (N1)", () => {
    const waits = (random: number, failures: number): number[] => {
      const dialing = new Dialing("m", [seed], scripted(...Array<number>(failures).fill(random)));
      return Array.from({ length: failures }, () => {
        const before = dialing.nowMs;
        dialing.fail();
        dialing.untilDial();
        return dialing.nowMs - before;
      });
    };
    expect(waits(0.5, 8)).toEqual([50, 100, 200, 400, 800, 1_600, 2_500, 2_500]);
    expect(waits(0, 3)).toEqual([0, 0, 0]);
    expect(Math.max(...waits(0.999_999, 60))).toBeLessThan(5_000);
  });

  test("the wait never exceeds its bound, whatever is drawn (N1)", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 40 }), (number, failures) => {
        const dialing = new Dialing("m", [seed], seeded(number), { redialMsMin: 10, redialMsMax: 300 });
        for (let i = 0; i < failures; i++) {
          const before = dialing.nowMs;
          dialing.fail();
          dialing.untilDial();
          expect(dialing.nowMs - before).toBeLessThanOrEqual(Math.min(300, 10 * 2 ** i));
        }
      }),
    );
  });

  test("after a link that has lasted the wait is short again (N1)", () => {
    const dialing = new Dialing("m", [seed], scripted(0.5, 0.5, 0.5, 0.5));
    for (let i = 0; i < 3; i++) {
      dialing.fail();
      dialing.untilDial();
    }
    dialing.link("s");
    dialing.advance(5_000);
    dialing.unlink("s");
    const before = dialing.nowMs;
    expect(dialing.untilDial()).toBe(true);
    expect(dialing.nowMs - before).toBe(50);
  });

  test("links that end as soon as they have opened are failures like others, for ever (N1)", () => {
    const dialing = new Dialing("m", [seed], scripted(...Array<number>(100).fill(0.5)));
    const waits = Array.from({ length: 100 }, (_, i) => {
      dialing.link("s");
      dialing.advance(i % 2 === 0 ? 0 : 4_999);
      dialing.unlink("s");
      const before = dialing.nowMs;
      expect(dialing.untilDial()).toBe(true);
      return dialing.nowMs - before;
    });
    expect(waits.slice(0, 8)).toEqual([50, 100, 200, 400, 800, 1_600, 2_500, 2_500]);
    expect(new Set(waits.slice(6))).toEqual(new Set([2_500]));
  });

  test("a link that the other side opens does not excuse those that ended (N1)", () => {
    const dialing = new Dialing("m", [], scripted(0.5, 0.5, 0.5));
    dialing.want("z", "ws://z");
    dialing.advance(0);
    dialing.fail();
    for (const wait of [100, 200]) {
      dialing.linkedFrom("z");
      dialing.unlink("z");
      const before = dialing.nowMs;
      expect(dialing.untilDial()).toBe(true);
      expect(dialing.nowMs - before).toBe(wait);
      if (wait === 100) dialing.link("z");
    }
  });

  test("an address that leads back to this node is not tried again", () => {
    const dialing = new Dialing("m", [seed]);
    dialing.dialer.reachedSelf(dialing.open[0]!.attempt, 0);
    expect(dialing.untilDial()).toBe(false);
    expect(dialing.dialer.size.dialing).toBe(0);
  });

  test("two addresses of one node are not dialled in turn as long as it is a member (N4)", () => {
    const dialing = new Dialing("m", [seed, other]);
    dialing.present.add("s");
    dialing.link("s");
    // the second link takes the place of the first: for a moment there is none
    dialing.unlink("s");
    dialing.link("s");
    dialing.unlink("s");
    dialing.advance(600_000);
    expect(dialing.dials).toHaveLength(2);
    dialing.present.clear();
    dialing.dialer.gone("s", dialing.nowMs);
    dialing.advance(600_000);
    expect(dialing.urls.toSorted()).toEqual([other, seed]);
  });

  test("an address is given up when none of its sources names it any more (N1)", () => {
    const dialing = new Dialing("m", [seed]);
    dialing.dialer.seeds("file", [seed, other], 0);
    dialing.advance(0);
    dialing.dialer.seeds("peers", [], 0);
    dialing.fail();
    dialing.fail();
    expect(dialing.untilDial()).toBe(true);
    dialing.dialer.seeds("file", [other], dialing.nowMs);
    dialing.advance(600_000);
    const later = dialing.dials.length;
    for (let i = 0; i < 5; i++) {
      while (dialing.open.length > 0) dialing.fail();
      expect(dialing.untilDial()).toBe(true);
    }
    expect(new Set(dialing.dials.slice(later).map(({ url }) => url))).toEqual(new Set([other]));
  });

  test("a failure that is told late, or twice, changes nothing (N3)", () => {
    const dialing = new Dialing("m", [seed]);
    const { attempt } = dialing.open[0]!;
    dialing.fail();
    dialing.dialer.dialFailed(attempt, 0);
    dialing.untilDial();
    dialing.dialer.dialFailed(attempt, dialing.nowMs);
    expect([dialing.dialer.size.dialing, dialing.scheduled]).toEqual([1, 0]);
  });

  test("nobody is dialled after the stop, and nothing is left", () => {
    const dialing = new Dialing("m", [seed, other]);
    dialing.want("c", "ws://c");
    dialing.fail();
    dialing.dialer.stop();
    expect(dialing.dialer.size).toEqual({ wanted: 0, dialing: 0 });
    dialing.fail();
    expect(dialing.untilDial()).toBe(false);
  });
});

describe("whatever happens", () => {
  test("nobody is dialled twice at a time, nor while there is a link to it (N3) (N4)", () => {
    const act = fc.oneof(
      fc.record({
        kind: fc.constantFrom("fail", "link", "want", "unwant", "reach", "gone", "linkedFrom", "unlink"),
        node: fc.nat(4),
      }),
      fc.record({ kind: fc.constant("advance"), node: fc.nat(2_000) }),
    );
    const ids = ["a", "b", "n", "y", "z"];
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.nat(), (acts, number) => {
        const dialing = new Dialing("m", [], seeded(number));
        const linked = new Set<string>();
        for (const { kind, node } of acts) {
          const id = ids[node]!;
          const before = dialing.dials.length;
          if (kind === "advance") dialing.advance(node);
          else if (kind === "fail" && dialing.open.length > 0) dialing.fail();
          else if (kind === "link" && dialing.open.length > 0) {
            const to = dialing.open[0]!.url.slice(5);
            linked.add(to);
            dialing.link(to);
          } else if (kind === "linkedFrom") {
            linked.add(id);
            dialing.linkedFrom(id);
          } else if (kind === "unlink" && linked.delete(id)) dialing.unlink(id);
          else if (kind === "want") dialing.want(id, `ws://${id}`);
          else if (kind === "reach" && !linked.has(id)) dialing.reach(id, `ws://${id}`);
          else if (kind === "unwant") dialing.dialer.unwant(id);
          else if (kind === "gone") dialing.dialer.gone(id, dialing.nowMs);
          expect(new Set(dialing.urls).size).toBe(dialing.open.length);
          for (const { url } of dialing.dials.slice(before)) expect(linked.has(url.slice(5))).toBe(false);
          expect(dialing.dialer.size.dialing).toBe(dialing.open.length);
        }
        for (const id of ids) dialing.dialer.unwant(id);
        for (let i = 0; dialing.open.length + dialing.scheduled > 0 && i < 100; i++) {
          while (dialing.open.length > 0) dialing.fail();
          dialing.advance(5_000);
        }
        for (const id of linked) dialing.unlink(id);
        expect(dialing.dialer.size).toEqual({ wanted: 0, dialing: 0 });
        expect(dialing.scheduled).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});

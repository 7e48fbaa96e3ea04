/** How members get dialled: those that are wanted, and those that work waits for. */
import { describe, expect, test } from "vitest";
import { Dialing } from "../support/dialing.js";

const [seed, other] = ["ws://seed", "ws://other"];

describe("members that are wanted", () => {
  test("the node with the smaller id dials at once, the other waits for it a while", () => {
    const dialing = new Dialing("m", []);
    dialing.want("z", "ws://z");
    dialing.want("a", "ws://a");
    dialing.advance(499);
    expect(dialing.urls).toEqual(["ws://z"]);
    dialing.advance(1);
    expect(dialing.urls).toEqual(["ws://z", "ws://a"]);
  });

  test("a crowd is not dialled all at once (N6)", () => {
    const dialing = new Dialing("m", []);
    for (let i = 0; i < 1_000; i++) dialing.want(`z${i}`, `ws://z${i}`);
    dialing.advance(10_000);
    expect(dialing.open).toHaveLength(128);
    const dialled = new Set<string>();
    for (let ended = 0; dialled.size < 1_000 && ended < 100_000; ended++) {
      dialled.add(dialing.open[0]!.url);
      dialing.fail();
      if (dialing.open.length < 100) dialing.advance(100);
      expect(dialing.open.length).toBeLessThanOrEqual(128);
    }
    expect(dialled.size).toBe(1_000);
  });

  test("a configured peer is dialled however many others are (N1) (N6)", () => {
    const dialing = new Dialing("m", [seed]);
    dialing.fail();
    for (let i = 0; i < 1_000; i++) dialing.want(`z${i}`, `ws://z${i}`);
    dialing.advance(100);
    expect(dialing.urls).toContain(seed);
  });

  test("a member without an address and one that is linked are not dialled (N4)", () => {
    const dialing = new Dialing("m", []);
    dialing.linkedFrom("c");
    dialing.want("hidden");
    dialing.want("c", "ws://c");
    expect(dialing.untilDial()).toBe(false);
  });

  test("an address that is being dialled already waits for the end of that dial (N3)", () => {
    const dialing = new Dialing("m", [seed, other]);
    dialing.want("s", seed);
    dialing.want("x", other);
    dialing.advance(1_000);
    expect(dialing.urls).toEqual([seed, other]);
    dialing.link("s");
    dialing.fail();
    dialing.advance(1_000);
    expect(dialing.urls).toEqual([other]);
    dialing.link("x");
    expect(dialing.untilDial()).toBe(false);
    expect(dialing.dials).toHaveLength(3);
  });

  test("a node that dials us meanwhile is not dialled (N4)", () => {
    const dialing = new Dialing("m", []);
    dialing.want("a", "ws://a");
    dialing.advance(300);
    dialing.linkedFrom("a");
    expect([dialing.untilDial(), dialing.scheduled]).toEqual([false, 0]);
  });

  test("a dial that fails while the other side's link opens is not repeated (N4)", () => {
    const dialing = new Dialing("m", []);
    dialing.want("z", "ws://z");
    dialing.advance(0);
    dialing.linkedFrom("z");
    dialing.fail();
    expect(dialing.untilDial()).toBe(false);
  });

  test("its addresses are tried in turn, those it has told last (N2)", () => {
    const dialing = new Dialing("m", []);
    dialing.want("z", "ws://z1", "ws://z2");
    dialing.advance(0);
    for (let i = 0; i < 2; i++) {
      dialing.fail();
      dialing.untilDial();
    }
    dialing.want("z", "ws://z3");
    dialing.fail();
    dialing.untilDial();
    expect(dialing.dials.map(({ url }) => url)).toEqual(["ws://z1", "ws://z2", "ws://z1", "ws://z3"]);
  });

  test("a member that tells wrong addresses is dialled at the seed that has led to it as well (N2)", () => {
    const dialing = new Dialing("m", [seed]);
    dialing.present.add("z");
    dialing.link("z");
    dialing.want("z", "ws://nowhere");
    dialing.unlink("z");
    dialing.untilDial();
    dialing.fail();
    dialing.untilDial();
    expect(
      dialing.dials
        .slice(1)
        .map(({ url }) => url)
        .toSorted(),
    ).toEqual(["ws://nowhere", seed].toSorted());
  });

  test("whom a dial is to reach is known of a member only (N5)", () => {
    const dialing = new Dialing("m", [seed]);
    const [configured] = dialing.open;
    dialing.want("z", "ws://z");
    dialing.advance(0);
    const { attempt } = dialing.open[1]!;
    expect([dialing.dialer.wanted(configured!.attempt), dialing.dialer.wanted(attempt)]).toEqual([undefined, "z"]);
    dialing.dialer.dialFailed(attempt, 0);
    expect(dialing.dialer.wanted(attempt)).toBe(undefined);
  });

  test("one that is down is dialled as long as it is wanted, and forgotten after (N2)", () => {
    const dialing = new Dialing("m", []);
    dialing.want("z", "ws://z");
    dialing.advance(0);
    for (let i = 0; i < 20; i++) {
      dialing.fail();
      expect(dialing.untilDial()).toBe(true);
    }
    dialing.fail();
    expect([dialing.dialer.size.wanted, dialing.scheduled, dialing.dialer.failuresOf("z")]).toEqual([1, 1, 21]);
    dialing.dialer.unwant("z");
    expect(dialing.dialer.size).toEqual({ wanted: 0, dialing: 0 });
    expect(dialing.untilDial()).toBe(false);
  });

  test("a dial in progress is not forgotten before it has ended (N2)", () => {
    const dialing = new Dialing("m", []);
    dialing.want("z", "ws://z");
    dialing.advance(0);
    dialing.dialer.unwant("z");
    expect(dialing.dialer.size).toEqual({ wanted: 1, dialing: 1 });
    dialing.fail();
    expect(dialing.dialer.size).toEqual({ wanted: 0, dialing: 0 });
    expect(dialing.untilDial()).toBe(false);
  });

  test("one whose link breaks is dialled again while it is wanted (N2)", () => {
    const dialing = new Dialing("m", []);
    dialing.linkedFrom("z");
    dialing.want("z", "ws://z");
    dialing.unlink("z");
    expect(dialing.untilDial()).toBe(true);
    expect(dialing.urls).toEqual(["ws://z"]);
    dialing.link("z");
    dialing.dialer.gone("z", dialing.nowMs);
    dialing.unlink("z");
    expect(dialing.untilDial()).toBe(false);
    expect(dialing.dialer.size.wanted).toBe(0);
  });
});

describe("members that work waits for", () => {
  test("one that waits for its time is dialled at once (N7)", () => {
    const dialing = new Dialing("m", []);
    dialing.want("z", "ws://z");
    for (let i = 0; i < 10; i++) {
      dialing.untilDial();
      dialing.fail();
    }
    const before = dialing.nowMs;
    expect(dialing.reach("z", "ws://z")).toBe(true);
    expect([dialing.untilDial(), dialing.nowMs - before]).toEqual([true, 0]);
  });

  test("one that nobody wants to keep is forgotten when its link is there (N7)", () => {
    const dialing = new Dialing("m", []);
    expect(dialing.reach("a", "ws://a")).toBe(true);
    dialing.advance(0);
    dialing.link("a");
    expect(dialing.dialer.size).toEqual({ wanted: 0, dialing: 0 });
    dialing.unlink("a");
    expect([dialing.untilDial(), dialing.unreachable]).toEqual([false, []]);
  });

  test("each of its addresses is tried once, then the work hears that there is no way (N7)", () => {
    const dialing = new Dialing("m", []);
    dialing.reach("z", "ws://z1", "ws://z2");
    dialing.advance(0);
    dialing.fail();
    expect(dialing.unreachable).toEqual([]);
    dialing.advance(0);
    dialing.fail();
    expect(dialing.unreachable).toEqual(["z"]);
    expect(dialing.dials.map(({ url, atMs }) => [url, atMs])).toEqual([
      ["ws://z1", 0],
      ["ws://z2", 0],
    ]);
    expect(dialing.untilDial()).toBe(false);
    expect(dialing.dialer.size).toEqual({ wanted: 0, dialing: 0 });
  });

  test("a member that is wanted as well is dialled on after the work has heard (N2) (N7)", () => {
    const dialing = new Dialing("m", []);
    dialing.want("z", "ws://z");
    dialing.reach("z", "ws://z");
    dialing.advance(0);
    dialing.fail();
    expect(dialing.unreachable).toEqual(["z"]);
    expect(dialing.untilDial()).toBe(true);
    dialing.fail();
    expect(dialing.unreachable).toEqual(["z"]);
  });

  test("there is no way to one without an address (N7)", () => {
    expect(new Dialing("m", []).reach("hidden")).toBe(false);
  });

  test("it does not wait behind a crowd (N6) (N7)", () => {
    const dialing = new Dialing("m", []);
    for (let i = 0; i < 200; i++) dialing.want(`z${i}`, `ws://z${i}`);
    dialing.advance(0);
    dialing.reach("z199", "ws://z199");
    dialing.reach("new", "ws://new");
    dialing.advance(0);
    expect(dialing.urls).toContain("ws://z199");
    expect(dialing.urls).toContain("ws://new");
  });
});

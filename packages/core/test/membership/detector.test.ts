import { describe, expect, test } from "vitest";
import { Detector } from "../../src/membership/detector.js";
import type { MembershipOptions } from "../../src/membership/index.js";
import { Clock } from "../support/clock.js";
import { options } from "../support/membership.js";

/** A detector alone: tests answer its probes. Its first probe is due after half an interval. */
class Probing extends Clock {
  readonly detector: Detector;
  /** What it has sent, and what it has told, with their time. */
  readonly log: string[] = [];
  /** Ids of the probes that were sent, the last one last. */
  readonly ids: number[] = [];
  /** The observers that there are to ask. */
  observers: readonly string[] = [];
  heardMs = -Infinity;

  constructor(given: Partial<MembershipOptions> = {}) {
    super();
    this.detector = new Detector(
      { ...options, ...given },
      {
        schedule: this.schedule,
        unschedule: this.unschedule,
        random: { next: () => 0.5, bytes: (length) => new Uint8Array(length) },
        heardMs: () => this.heardMs,
        probe: (nodeId, id) => {
          this.#say(`probe ${nodeId}`);
          this.ids.push(id);
        },
        ping: (nodeId) => {
          this.#say(`ping ${nodeId}`);
        },
        probeThrough: (target, id) => {
          this.#say(`ask ${this.observers.length} for ${target}`);
          this.ids.push(id);
          return this.observers;
        },
        silent: (target) => {
          this.#say(`${target} is silent`);
        },
        answered: (target, roundTripMs) => {
          this.#say(`${target} has answered${roundTripMs === undefined ? "" : ` after ${roundTripMs}`}`);
        },
      },
    );
  }

  get lastId(): number {
    return this.ids.at(-1)!;
  }

  acknowledge(id: number = this.lastId, from = "b"): void {
    this.detector.acknowledged(from, id, this.nowMs);
  }

  report(from: string, reached: boolean, id: number = this.lastId): void {
    this.detector.reported(from, id, reached, this.nowMs);
  }

  #say(what: string): void {
    this.log.push(`${this.nowMs}: ${what}`);
  }
}

function watching(observers: readonly string[] = []): Probing {
  const probing = new Probing();
  probing.observers = observers;
  probing.detector.watch("b", 0);
  return probing;
}

describe("a member with a link", () => {
  test("is probed once per interval, and a round trip is measured", () => {
    const probing = watching();
    for (let i = 0; i < 3; i++) {
      probing.advance(i === 0 ? 500 : 1_000 - 7);
      probing.advance(7);
      probing.acknowledge();
    }
    expect(probing.log).toEqual([
      "500: probe b",
      "507: b has answered after 7",
      "1507: probe b",
      "1507: b has answered after 0",
      "2507: probe b",
      "2507: b has answered after 0",
    ]);
  });

  test("that does not answer is probed twice, then by others, then asked in a way that is not lost, then silent (P1) (P6)", () => {
    const probing = watching(["c", "d"]);
    probing.advance(1_499);
    expect(probing.log).toEqual(["500: probe b", "750: probe b", "1000: ask 2 for b", "1000: ping b"]);
    for (const from of probing.observers) probing.report(from, false);
    expect(probing.log).toHaveLength(4);
    probing.advance(1);
    expect(probing.log.at(-1)).toBe("1500: b is silent");
    expect([probing.detector.health.score, probing.detector.size]).toEqual([1, 1]);
  });

  test("that one of those asked has reached is not silent (P1)", () => {
    const probing = watching(["c", "d"]);
    probing.advance(1_100);
    probing.report("c", false);
    probing.report("d", true);
    expect(probing.log.at(-1)).toBe("1100: b has answered");
    probing.advance(1_000);
    expect(probing.log.at(-1)).toBe("2100: probe b");
  });

  test("that is heard meanwhile, whatever it says, is not silent (P6)", () => {
    const direct = watching();
    direct.advance(600);
    direct.heardMs = 600;
    direct.advance(150);
    expect(direct.log.at(-1)).toBe("750: b has answered");
    const asked = watching(["c"]);
    asked.advance(1_100);
    asked.heardMs = 1_100; // the answer to the ping
    asked.advance(400);
    expect(asked.log.at(-1)).toBe("1500: b has answered");
  });

  test("that was heard before it was asked is silent all the same (P1)", () => {
    const probing = watching();
    probing.heardMs = 499;
    probing.advance(2_000);
    expect(probing.log.slice(0, 2)).toEqual(["500: probe b", "750: probe b"]);
    probing.advance(1_000);
    expect(probing.log.some((line) => line.endsWith("b is silent"))).toBe(true);
  });

  test("whose first probe was not answered in time gives no round trip (P5)", () => {
    const probing = watching();
    probing.advance(800);
    probing.acknowledge();
    expect(probing.log.at(-1)).toBe("800: b has answered");
  });

  test("has one probe at a time: answers to earlier ones, and of others, count for nothing (P4)", () => {
    const probing = watching();
    probing.advance(500);
    const [first] = probing.ids;
    probing.detector.watch("b", 500); // a new link
    probing.acknowledge(first);
    expect(probing.log).toEqual(["500: probe b"]);
    probing.advance(500);
    probing.acknowledge(probing.lastId, "liar");
    probing.acknowledge(first);
    expect(probing.log).toEqual(["500: probe b", "1000: probe b"]);
    probing.acknowledge();
    probing.acknowledge();
    expect(probing.log.slice(2)).toEqual(["1000: b has answered after 0"]);
    expect(probing.scheduled).toBe(1);
  });

  test("that has just probed this node is not probed this time", () => {
    const probing = watching();
    probing.advance(400);
    probing.detector.probed("b", 400);
    probing.advance(999);
    expect(probing.log).toEqual([]);
    probing.advance(1);
    expect(probing.log).toEqual(["1400: probe b"]);
    probing.detector.probed("b", 1_400); // a probe that is under way goes on
    probing.advance(250);
    expect(probing.log.at(-1)).toBe("1650: probe b");
  });

  test("that was silent is probed, though it probes this node all the time, until it has answered (P7)", () => {
    const probing = watching();
    probing.advance(1_500);
    expect(probing.log.at(-1)).toBe("1500: b is silent");
    probing.detector.probed("b", 1_500);
    probing.advance(900);
    probing.detector.probed("b", 2_400);
    probing.advance(100);
    expect(probing.log.at(-1)).toBe("2500: probe b");
    probing.acknowledge();
    probing.advance(900);
    probing.detector.probed("b", 3_400);
    probing.advance(999);
    expect(probing.log.at(-1)).toBe("2500: b has answered after 0");
  });

  test("is asked longer by a node that may not trust itself", () => {
    const probing = watching();
    probing.detector.health.failed();
    probing.advance(2_500);
    expect(probing.log).toEqual([
      "500: probe b",
      "1000: probe b",
      "1500: ask 0 for b",
      "1500: ping b",
      "2500: b is silent",
    ]);
  });

  test("is not asked for when nobody watches it any more", () => {
    const probing = watching(["c"]);
    probing.advance(500);
    probing.detector.unwatch("b");
    probing.acknowledge();
    probing.advance(60_000);
    expect([probing.log, probing.scheduled, probing.detector.size]).toEqual([["500: probe b"], 0, 0]);
    const others = watching();
    others.detector.stop();
    expect([others.scheduled, others.detector.size]).toEqual([0, 0]);
  });
});

describe("a timer that fires late", () => {
  test.for([
    ["the first probe", 500, "probe b"],
    ["the second probe", 750, "probe b"],
    ["others", 1_000, "probe b"],
  ] as const)("lets %s be asked anew, and proves nothing (P2) (H2)", ([, askedMs, again]) => {
    const probing = watching(["c"]);
    probing.advance(askedMs);
    const before = probing.log.length;
    probing.standStill(10_000);
    expect(probing.log.slice(before)).toEqual([`${askedMs + 10_000}: ${again}`]);
    expect(probing.detector.health.score).toBe(1);
    probing.acknowledge();
    expect(probing.detector.health.score).toBe(0);
  });

  test("lets others be asked anew where there is no link (P2)", () => {
    const probing = watching(["c"]);
    probing.detector.lost("b", 0);
    probing.standStill(10_000);
    expect(probing.log).toEqual(["0: ask 1 for b", "10000: ask 1 for b"]);
    probing.report("c", true);
    expect(probing.log.at(-1)).toBe("10000: b has answered");
  });

  test("by a little is none (P2)", () => {
    const probing = watching();
    probing.advance(500);
    probing.advance(200);
    probing.standStill(100); // the timer was due in 50
    expect(probing.log).toEqual(["500: probe b", "800: probe b"]);
    expect(probing.detector.health.score).toBe(0);
  });
});

describe("a lost link", () => {
  test("lets others be asked at once, and is a silence when none of them reaches the member (P1) (P3)", () => {
    const probing = watching(["c", "d", "e"]);
    probing.advance(100);
    probing.detector.lost("b", 100);
    expect(probing.log).toEqual(["100: ask 3 for b"]);
    for (const from of ["c", "d"]) probing.report(from, false);
    expect(probing.log).toHaveLength(1);
    probing.report("e", false);
    expect(probing.log.at(-1)).toBe("100: b is silent");
    expect([probing.detector.size, probing.scheduled, probing.detector.health.score]).toEqual([0, 0, 0]);
  });

  test("is a silence at once where nobody is there to ask (P3)", () => {
    const probing = watching();
    probing.detector.lost("b", 0);
    expect(probing.log).toEqual(["0: ask 0 for b", "0: b is silent"]);
  });

  test("is a silence after a while when those asked do not report (P1) (P3)", () => {
    const probing = watching(["c", "d"]);
    probing.detector.lost("b", 0);
    probing.report("c", false);
    probing.advance(500);
    expect(probing.log.at(-1)).toBe("500: b is silent");
  });

  test("of a member that others reach is none (P3)", () => {
    const probing = watching(["c", "d"]);
    probing.detector.lost("b", 0);
    probing.report("d", true);
    probing.advance(60_000);
    expect(probing.log).toEqual(["0: ask 2 for b", "0: b has answered"]);
    expect(probing.detector.size).toBe(0);
  });

  test("is asked for once, however often it is told (P4)", () => {
    const probing = watching(["c"]);
    for (let i = 0; i < 3; i++) probing.detector.lost("b", 0);
    expect(probing.log).toEqual(["0: ask 1 for b"]);
  });

  test("is proved by nobody but those that were asked, each once (P1)", () => {
    const probing = watching(["c", "d", "e"]);
    probing.detector.lost("b", 0);
    for (let i = 0; i < 5; i++) {
      probing.report("c", false);
      probing.report("liar", false);
      probing.report("liar", true);
    }
    expect(probing.log).toEqual(["0: ask 3 for b"]);
    probing.report("d", false);
    probing.report("e", false);
    expect(probing.log.at(-1)).toBe("0: b is silent");
  });
});

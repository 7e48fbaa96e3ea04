/** Who keeps what a handler has left behind, and until when. */
import { expect, test } from "vitest";
import { type Left, LeftBehind } from "../../src/rpc/left.js";
import { Leavings } from "../../src/rpc/results/leavings.js";

/** Something left behind, that the test ends. */
class Some implements Left {
  isAbandoned = false;
  end: () => void = () => undefined;

  abandon(): void {
    this.isAbandoned = true;
  }

  keptBy(letGo: () => void): void {
    this.end = letGo;
  }
}

function keeping(left: Left): LeftBehind {
  const kept = new LeftBehind();
  kept.add(left);
  return kept;
}

test("what has ended is kept by nobody (B2)", () => {
  const some = new Some();
  const kept = keeping(some);
  expect(kept.size).toBe(1);
  some.end();
  expect(kept.size).toBe(0);
});

test("what was handed on is kept, let go and abandoned by whom it was handed to only (B1) (B2)", () => {
  const some = new Some();
  const [first, second] = [keeping(some), new LeftBehind()];
  first.handOn({
    left: (left) => {
      second.add(left);
    },
  });
  expect([first.size, second.size]).toEqual([0, 1]);
  first.abandon();
  expect(some.isAbandoned).toBe(false);
  some.end();
  expect(second.size).toBe(0);
});

test("what nobody takes is kept by nobody, and goes on", () => {
  const some = new Some();
  const kept = keeping(some);
  kept.handOn({});
  kept.abandon();
  expect([kept.size, some.isAbandoned]).toEqual([0, false]);
});

test("what the handler of a stream leaves when nobody is there any more does not go on; its stream is not asked (V1)", () => {
  const [early, late] = [new Some(), new Some()];
  const leavings = new Leavings();
  const kept = keeping(leavings);
  leavings.add(early);
  kept.abandon();
  leavings.add(late);
  leavings.ended();
  expect([kept.size, early.isAbandoned, late.isAbandoned]).toEqual([0, true, true]);
});

test("whoever keeps what the handler of a stream leaves lets go of it when that has ended, and all of it (B2)", () => {
  const some = new Some();
  const leavings = new Leavings();
  const kept = keeping(leavings);
  leavings.add(some);
  leavings.ended();
  expect(kept.size).toBe(1);
  some.end();
  expect(kept.size).toBe(0);
});

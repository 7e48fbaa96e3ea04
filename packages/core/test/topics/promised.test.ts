import { expect, test } from "vitest";
import type { Outcome } from "../../src/topics/published.js";
import { Promises } from "../../src/topics/promised.js";

function toldOf(promises: Promises, outcome: Outcome): Outcome[] {
  const told: Outcome[] = [];
  promises.end(outcome, (one) => told.push(one));
  return told;
}

test("what a message has come to is told when the last of those who say themselves has said (R1, R2)", () => {
  const promises = new Promises();
  promises.begin(true);
  const [first, second] = [promises.add(2)!, promises.add(1)!];
  first(true); // at once
  const told = toldOf(promises, { handed: 5, waiting: 1, lost: 1 });
  second(false);
  expect(told).toEqual([]);
  first(true);
  expect(told).toEqual([{ handed: 4, waiting: 1, lost: 2 }]);
});

test("where nobody wants to know, nobody is asked; where nobody says, it is told at once (R1)", () => {
  const promises = new Promises();
  promises.begin(false);
  expect(promises.add(1)).toBeUndefined();
  promises.begin(true);
  expect(toldOf(promises, { handed: 1, waiting: 0, lost: 0 })).toEqual([{ handed: 1, waiting: 0, lost: 0 }]);
  expect(promises.add(1)).toBeUndefined(); // what comes behind is another message
});

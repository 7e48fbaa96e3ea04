import { expect, test } from "vitest";
import { semver } from "../support/semver.js";

test.each(["1.4.0", "0.0.1", "2.0.0-beta.1", "1.0.0+build.5", "1.0.0-rc.1+7"])("%s is a version (V1)", (text) => {
  expect(semver.isVersion(text)).toBe(true);
});

test.each([
  "",
  "1",
  "1.2",
  "v1.2.0",
  "=1.2.0",
  " 1.2.0",
  "1.2.0 ",
  "01.2.0",
  "1.2.0-",
  "latest",
  `1.0.0-${"a".repeat(300)}`,
])("%j is none: a version has one spelling (V1)", (text) => {
  expect(semver.isVersion(text)).toBe(false);
});

test.each(["^2", "1.4.0", ">=1.2 <3", "1.x || 2.x", "*", "~1.2"])("%s is a range", (text) => {
  expect(semver.isRange(text)).toBe(true);
});

test.each(["", " ", "two", "^", ">=1.2 <", "1".repeat(300), `${"1.2.3 || ".repeat(200)}1`])(
  "%j is none (V2)",
  (text) => {
    expect(semver.isRange(text)).toBe(false);
  },
);

test("versions are ordered by their numbers, those before a release below it", () => {
  const sorted = ["10.0.0", "2.0.0", "2.0.0-beta.2", "2.0.0-beta.10", "2.0.0+1"].toSorted((a, b) =>
    semver.compare(a, b),
  );
  expect(sorted).toEqual(["2.0.0-beta.2", "2.0.0-beta.10", "2.0.0", "2.0.0+1", "10.0.0"]);
  expect(["2.0.0", "2.0.0-0", "2.0.0+1-2"].map((version) => semver.isPrerelease(version))).toEqual([
    false,
    true,
    false,
  ]);
});

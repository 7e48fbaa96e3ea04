/** Where a client looks for nodes, and in which order. */
import { expect, test } from "vitest";
import { seeded } from "../../core/test/support/random.js";
import { Addresses } from "../src/addresses.js";

const random = seeded(3);

test("what was given is never forgotten; what was learned is replaced by what is learned later (D1)", () => {
  const addresses = new Addresses(["ws://a", "ws://b"]);
  addresses.learn(["ws://b", "ws://c"]);
  expect(addresses.all).toEqual(["ws://a", "ws://b", "ws://c"]);
  addresses.learn(["ws://d", "http://e", "nonsense"]);
  expect(addresses.all).toEqual(["ws://a", "ws://b", "ws://d"]);
  addresses.learn(Array.from({ length: 1_000 }, (_, index) => `ws://n${index}`));
  expect(addresses.all).toHaveLength(66);
  addresses.leave(
    "ws://n1",
    Array.from({ length: 1_000 }, (_, index) => `ws://m${index}`),
  );
  expect(addresses.all).toHaveLength(66);
});

test("whoever was given encrypted addresses alone goes to no other (D2)", () => {
  const addresses = new Addresses(["wss://a"]);
  addresses.learn(["ws://b", "wss://c"]);
  addresses.leave("wss://a", ["ws://d"]);
  expect(addresses.all).toEqual(["wss://a", "wss://c"]);
  const mixed = new Addresses(["wss://a", "ws://b"]);
  mixed.learn(["ws://c"]);
  expect(mixed.all).toContain("ws://c");
});

test("the last one comes first, one that is to be left last, the others in any order", () => {
  const addresses = new Addresses(["ws://a", "ws://b", "ws://c", "ws://d"]);
  addresses.leave("ws://b", []);
  const seconds = new Set<string>();
  for (let tries = 0; tries < 100; tries++) {
    const order = addresses.order("ws://a", random);
    expect([order[0], order[3]]).toEqual(["ws://a", "ws://b"]);
    seconds.add(order[1]!);
  }
  expect(seconds).toEqual(new Set(["ws://c", "ws://d"]));
  expect(addresses.order("ws://b", random)[3]).toBe("ws://b");
});

import type { NodeInfo } from "@mpreg/core";
import { expect, test } from "vitest";
import { sharedKeysText } from "../../src/render/nodes.js";

const info: NodeInfo = {
  id: "00112233445566778899aabbccddeeff",
  name: "worker",
  state: "alive",
  incarnation: 1,
  forMs: 0,
  urls: [],
  linked: true,
  functions: 2,
  inFlight: 0,
};

test("a node whose key another process uses is named, with where that one is", () => {
  expect(sharedKeysText([info, { ...info, name: "twin", sharedWith: ["ws://a:1", "ws://b:1"] }])).toEqual([
    "The key of twin (00112233) is in use by another process as well (ws://a:1 ws://b:1): each node needs its own data directory",
  ]);
  expect(sharedKeysText([{ ...info, sharedWith: [] }])).toEqual([
    "The key of worker (00112233) is in use by another process as well: each node needs its own data directory",
  ]);
});

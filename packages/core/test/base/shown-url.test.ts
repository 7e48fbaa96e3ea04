import { expect, test } from "vitest";
import { shownUrl } from "../../src/base/index.js";

test.for([
  ["ws://me:secret@host:9001/path", "ws://***@host:9001/path"],
  ["wss://secret@host", "wss://***@host"],
  ["ws://me:se@cret@host", "ws://***@host"],
  ["ws://me:se/cret@host", "ws://***@host"],
  ["me:secret@host:9001", "***@host:9001"],
  ["ws//me:secret@host", "***@host"],
  ["ws://me:secret\n@host", "ws://***@host"],
] as const)("of %s no user and no password is told (U1)", ([url, shown]) => {
  expect(shownUrl(url)).toBe(shown);
});

test.for(["ws://127.0.0.1:9001", "ws://host/a@b", "wss://[::1]:9001/?to=a@b", "nowhere", ""])(
  "%s, without a user, is told as it is",
  (url) => {
    expect(shownUrl(url)).toBe(url);
  },
);

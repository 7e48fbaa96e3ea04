/** How much one receive or browse gets. */
import { expect, test } from "vitest";
import { QueueWorld } from "./support.js";

test("a receive and a browse stop where they have as many bytes as one answer may have, and leave the rest for the next", () => {
  const w = new QueueWorld({ limits: { receiveBytesMax: 2_500 } });
  w.create("q");
  for (let sent = 0; sent < 5; sent++) w.send("q", { body: new Uint8Array(1_000) });
  const counts = [1, 2, 3].map(() => w.do<"receive">("q", { op: "receive", max: 10, waitMs: 0 }).length);
  expect(counts).toEqual([3, 2, 0]);
  expect(w.do<"browse">("q", { op: "browse", limit: 10 })).toHaveLength(3);
});

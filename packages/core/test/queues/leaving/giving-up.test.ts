/** A subscription that is over while it has much, and what its queue does meanwhile. */
import { expect, test } from "vitest";
import { QueueWorld } from "../support.js";

test("messages that only a subscription that is over has still to do are done some in each turn, and others are served between (U1)", () => {
  const w = new QueueWorld();
  w.create("q", { guarantee: { kind: "broadcast" }, messagesMax: 10_000 });
  for (const name of ["stays", "goes"]) w.do<"subscribe">("q", { op: "subscribe", name });
  const messages = Array.from({ length: 500 }, () => ({ body: Uint8Array.of(1) }));
  for (let sent = 0; sent < 2_500; sent += 500) w.do<"send">("q", { op: "send", messages });
  for (let done = 0; done < 2_500; done += 500) {
    const receipts = w.receive("q", 500, { subscription: "stays" }).map(({ receipt }) => receipt);
    w.do<"ack">("q", { op: "ack", receipts });
  }
  expect(w.stats("q").messages).toBe(2_500);
  w.do<"unsubscribe">("q", { op: "unsubscribe", name: "goes" });
  expect(w.stats("q").messages).toBe(1_500);
  w.send("q", { id: "later" });
  expect(w.receive("q", 1, { subscription: "stays" })).toMatchObject([{ id: "later" }]);
  for (const left of [501, 1]) {
    w.clock.advance(1);
    expect(w.stats("q").messages).toBe(left);
  }
});

/** Messages that wait for their consumer. */
import { expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import { Inbox, MessageOpener, ReceivedMessage } from "../../../src/topics/index.js";
import { codec } from "../../support/requests.js";
import { utf8 } from "../../support/wire.js";
import { message } from "./support.js";

const opener = new MessageOpener(codec, utf8);
const of = (id: string, ttlMs = 0, missedBefore = 0): ReceivedMessage =>
  new ReceivedMessage(message(id, null, { ttlMs }), opener, missedBefore);

function inboxOf() {
  const told: string[] = [];
  const clock = { ms: 0 };
  const inbox = new Inbox({
    nowMs: () => clock.ms,
    taken: () => told.push("taken"),
    expiredHere: () => told.push("expired"),
    left: () => told.push("left"),
  });
  return { inbox, told, clock };
}

test("messages leave in order, also to those who asked before they came; each counts as taken when it has left (B1, B2)", async () => {
  const { inbox, told } = inboxOf();
  const asked = [inbox.next(), inbox.next()];
  for (const id of ["1", "2", "3"]) inbox.push(of(id), 0);
  expect(told).toEqual(["taken", "taken"]);
  const all = [...(await Promise.all(asked)), await inbox.next()];
  expect(all.map(({ value }) => value!.id)).toEqual(["1", "2", "3"]);
  expect(told).toHaveLength(3);
});

test("when it fails what came is still taken, then it throws, once (B3)", async () => {
  const { inbox } = inboxOf();
  inbox.push(of("1"), 0);
  inbox.end(new MpregError("overloaded", "too slow"));
  inbox.push(of("2"), 0); // nothing comes any more
  let empty = 0;
  inbox.whenEmpty(() => (empty += 1));
  expect(empty).toBe(0);
  expect((await inbox.next()).value!.id).toBe("1");
  expect(empty).toBe(1);
  await expect(inbox.next()).rejects.toThrow("too slow");
  expect(await inbox.next()).toEqual({ value: undefined, done: true });
});

test("whoever waits for a message hears of the failure at once; others are done", async () => {
  const { inbox } = inboxOf();
  const asked = [inbox.next(), inbox.next()];
  inbox.end(new MpregError("overloaded", "too slow"));
  await expect(asked[0]).rejects.toThrow("too slow");
  expect(await asked[1]).toEqual({ value: undefined, done: true });
  expect(await inbox.next()).toEqual({ value: undefined, done: true });
});

test("a reader that leaves drops what waits, which does not count as taken (B3)", async () => {
  const { inbox, told } = inboxOf();
  inbox.push(of("1"), 0);
  let empty = 0;
  inbox.whenEmpty(() => (empty += 1));
  await inbox.return();
  expect([told, inbox.size, empty]).toEqual([["left"], 0, 1]);
  expect(await inbox.next()).toEqual({ value: undefined, done: true });
});

test("each loop that begins later hears why it failed, after what is still to be taken (B3)", async () => {
  const { inbox } = inboxOf();
  const asked = inbox.begin().next();
  inbox.push(of("1"), 0);
  inbox.push(of("2"), 0);
  inbox.end(new MpregError("overloaded", "too slow"));
  expect((await asked).value!.id).toBe("1");
  expect((await inbox.begin().next()).value!.id).toBe("2");
  await expect(inbox.next()).rejects.toThrow("too slow");
  expect((await inbox.next()).done).toBe(true);
  await expect(inbox.begin().next()).rejects.toThrow("too slow");
  expect((await inbox.next()).done).toBe(true);
});

test("a loop that begins when one was left throws; the one that was left is over (B4)", async () => {
  const { inbox } = inboxOf();
  const iterator = inbox.begin();
  inbox.push(of("1"), 0);
  await iterator.next();
  await iterator.return();
  expect((await iterator.next()).done).toBe(true);
  for (let loops = 0; loops < 2; loops++) {
    await expect(inbox.begin().next()).rejects.toMatchObject({
      code: "closed",
      message: expect.stringContaining("a loop over it was left") as string,
    });
    expect((await inbox.next()).done).toBe(true);
  }
});

test("what the program has ended is over for whoever begins later; a failure stays one (B3, B4)", async () => {
  const { inbox } = inboxOf();
  inbox.push(of("1"), 0);
  inbox.end();
  expect((await inbox.begin().next()).value!.id).toBe("1");
  expect((await inbox.next()).done).toBe(true);
  await inbox.return(); // of something that was over before
  expect((await inbox.begin().next()).done).toBe(true);
  const { inbox: failed } = inboxOf();
  failed.end(new MpregError("overloaded", "too slow"));
  failed.drop();
  expect((await failed.next()).done).toBe(true);
  await expect(failed.begin().next()).rejects.toThrow("too slow");
});

test("what has waited for longer than it may is not handed on; what was lost before it is told with the next one (B5)", async () => {
  const { inbox, told, clock } = inboxOf();
  clock.ms = 2 ** 31 - 50; // the times at which messages came go round meanwhile
  inbox.push(of("short", 100, 1), clock.ms);
  inbox.push(of("short too", 100, 2), clock.ms);
  inbox.push(of("long", 101), clock.ms);
  inbox.push(of("for ever", 0, 4), clock.ms);
  clock.ms += 101;
  expect((await inbox.next()).value).toMatchObject({ id: "long", missedBefore: 3 });
  clock.ms += 1e9;
  expect((await inbox.next()).value).toMatchObject({ id: "for ever", missedBefore: 4 });
  expect(told).toEqual(["expired", "expired", "taken", "taken"]);
});

test("where all that waits has expired the next message is the one that comes; whoever waits until it is empty hears of it (B5)", async () => {
  const { inbox, told, clock } = inboxOf();
  inbox.push(of("short", 100, 1), 0);
  clock.ms = 101;
  let empty = 0;
  inbox.whenEmpty(() => (empty += 1));
  const asked = inbox.next();
  expect(empty).toBe(1);
  inbox.push(of("new", 100, 1), clock.ms);
  expect((await asked).value).toMatchObject({ id: "new", missedBefore: 2 });
  expect(told).toEqual(["expired", "taken"]);
});

test("what cannot be read does not expire: its reader is told (B5)", async () => {
  const { inbox, clock } = inboxOf();
  inbox.push(new ReceivedMessage(new Uint8Array(0), opener, 0), 0);
  clock.ms = 1_000;
  const { value } = await inbox.next();
  expect(() => value!.topic).toThrow("it ends before its last field");
});

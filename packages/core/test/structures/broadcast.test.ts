import { expect, test } from "vitest";
import { Broadcast } from "../../src/structures/index.js";

interface Event {
  readonly kind: "event";
  readonly n: number;
}

const event = (n: number): Event => ({ kind: "event", n });

async function all(reader: AsyncIterable<object>): Promise<object[]> {
  const read: object[] = [];
  for await (const each of reader) read.push(each);
  return read;
}

test("every reader is told every event since it began, in order, those that it waits for as well (B1)", async () => {
  const broadcast = new Broadcast<Event>(10);
  const [early, waiting] = [broadcast.read(), broadcast.read()];
  const waited = [waiting.next(), waiting.next()];
  broadcast.publish(event(1));
  const late = broadcast.read();
  broadcast.publish(event(2));
  broadcast.end();
  expect(await all(early)).toEqual([event(1), event(2)]);
  expect(await all(late)).toEqual([event(2)]);
  expect((await Promise.all(waited)).map(({ value }) => value)).toEqual([event(1), event(2)]);
});

test("of more than a reader may keep the oldest are dropped, and it is told how many in their place (B2)", async () => {
  const broadcast = new Broadcast<Event>(3);
  const [slow, fast] = [broadcast.read(), broadcast.read()];
  const taken: unknown[] = [];
  for (let n = 1; n <= 5; n++) {
    broadcast.publish(event(n));
    taken.push((await fast.next()).value);
  }
  expect(taken).toEqual([1, 2, 3, 4, 5].map(event)); // whoever takes them in time misses none
  expect((await slow.next()).value).toEqual({ kind: "missed", count: 2 });
  broadcast.publish(event(6));
  broadcast.end();
  expect(await all(slow)).toEqual([{ kind: "missed", count: 1 }, event(4), event(5), event(6)]);
});

test("when it ends, whoever waits is done, and so is whoever comes later (B3)", async () => {
  const broadcast = new Broadcast<Event>(3);
  const waiting = all(broadcast.read());
  broadcast.end();
  broadcast.publish(event(1));
  expect(await waiting).toEqual([]);
  expect(await all(broadcast.read())).toEqual([]);
  expect(await all(broadcast.read(undefined, [event(0)]))).toEqual([event(0)]);
});

test("a reader whose loop is left is kept no longer, and nothing is kept for it (B3)", async () => {
  const broadcast = new Broadcast<Event>(3);
  const reader = broadcast.read();
  broadcast.publish(event(1));
  broadcast.publish(event(2));
  for await (const each of reader) {
    expect(each).toEqual(event(1));
    break;
  }
  expect(broadcast.readers).toBe(0);
  expect(await reader.next()).toEqual({ value: undefined, done: true });
});

test("a signal ends its reader, whether it waits, has not begun or comes too late, and is let go (B3)", async () => {
  const broadcast = new Broadcast<Event>(3);
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const counted = {
    get aborted() {
      return signal.aborted;
    },
    addEventListener: (...args: Parameters<AbortSignal["addEventListener"]>) => {
      listeners.add(args[1]);
      signal.addEventListener(...args);
    },
    removeEventListener: (...args: Parameters<AbortSignal["removeEventListener"]>) => {
      listeners.delete(args[1]);
      signal.removeEventListener(...args);
    },
  };
  const [waiting, ended] = [all(broadcast.read(counted)), broadcast.read(counted)];
  void ended.return?.();
  expect([listeners.size, broadcast.readers]).toEqual([1, 1]);
  const kept = broadcast.read(counted);
  broadcast.publish(event(1));
  controller.abort();
  listeners.clear(); // each was for once
  expect(await waiting).toEqual([event(1)]); // it had taken that
  expect(await all(kept)).toEqual([]);
  expect(await all(broadcast.read(counted, [event(0)]))).toEqual([]);
  expect([listeners.size, broadcast.readers]).toEqual([0, 0]);
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Outbox } from "../../src/link/index.js";
import { writeAnswer, writeCancel, writeDeliver, writePing } from "../../src/wire/index.js";
import { frameOf, messagesOf, utf8 } from "../support/wire.js";

const value = new Uint8Array(1_000);

/** Queues a counted message with that id, of 10 bytes and `bytes` more; answers what the outbox answers. */
function put(outbox: Outbox, id: number, bytes: number, bytesMax?: number): number {
  writeAnswer(outbox.writer, id, value.subarray(0, bytes));
  return bytesMax === undefined ? outbox.commit() : outbox.commit(bytesMax);
}

/** As {@link put}, of what has a window of its own. */
function windowed(outbox: Outbox, id: number, bytes: number, bytesMax: number): number {
  writeAnswer(outbox.writer, id, value.subarray(0, bytes));
  return outbox.commitWindowed(bytesMax);
}

/** As {@link put}, of news. */
function news(outbox: Outbox, id: number, bytes: number): number {
  return outbox.addNews(
    frameOf((writer) => {
      writeAnswer(writer, id, value.subarray(0, bytes));
    }),
  );
}

function ping(outbox: Outbox, id: number): void {
  writePing(outbox.writer, id);
  outbox.commitControl();
}

/** The ids of counted messages, and those of pings as negative numbers. */
function idsIn(batch: Uint8Array): number[] {
  return messagesOf(batch).map((message) =>
    message.kind === "ping" ? -message.id : "id" in message ? message.id : NaN,
  );
}

interface Queued {
  readonly id: number;
  readonly bytes: number;
  readonly isNews?: boolean;
}

/** The outbox as simply as it can be said: what is in the batch, what is parked, and how much is on its way. */
class Model {
  batch: Queued[] = [];
  parked: Queued[] = [];
  sentBytes = 0;
  admittedBytes = 0;
  readonly #windowBytes: number;
  readonly #queueBytesMax: number;

  constructor(windowBytes: number, queueBytesMax: number) {
    this.#windowBytes = windowBytes;
    this.#queueBytesMax = queueBytesMax;
  }

  get queuedBytes(): number {
    return [...this.batch, ...this.parked].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  news(message: Queued): number {
    const waiting = [...this.batch, ...this.parked].filter(({ isNews }) => isNews === true);
    const newsBytes = waiting.reduce((sum, { bytes }) => sum + bytes, 0);
    if (newsBytes > 0 && newsBytes + message.bytes > this.#queueBytesMax) return 0;
    this.parked.push({ ...message, isNews: true });
    this.#release();
    return message.bytes;
  }

  commit(message: Queued): number {
    if (this.queuedBytes > 0 && this.queuedBytes + message.bytes > this.#queueBytesMax) return 0;
    this.parked.push(message);
    this.#release();
    return message.bytes;
  }

  cancel(message: Queued): void {
    this.parked.push(message);
    this.#release();
  }

  control(message: Queued): void {
    this.batch.push(message);
  }

  credit(totalBytes: number): void {
    if (totalBytes > this.sentBytes) return;
    this.admittedBytes = Math.max(this.admittedBytes, totalBytes);
    this.#release();
  }

  take(): number[] {
    return this.batch.splice(0).map(({ id }) => id);
  }

  #release(): void {
    while (this.parked.length > 0 && this.sentBytes - this.admittedBytes < this.#windowBytes) {
      const message = this.parked.shift()!;
      this.batch.push(message);
      this.sentBytes += message.bytes;
    }
  }
}

const operations = fc.array(
  fc.oneof(
    {
      arbitrary: fc.record({ kind: fc.constant("commit" as const), bytes: fc.oneof(fc.nat(50), fc.nat(1_000)) }),
      weight: 5,
    },
    { arbitrary: fc.record({ kind: fc.constant("news" as const), bytes: fc.nat(1_000) }), weight: 3 },
    { arbitrary: fc.record({ kind: fc.constant("ping" as const) }), weight: 1 },
    { arbitrary: fc.record({ kind: fc.constant("cancel" as const) }), weight: 1 },
    { arbitrary: fc.record({ kind: fc.constant("take" as const) }), weight: 2 },
    { arbitrary: fc.record({ kind: fc.constant("credit" as const), bytes: fc.nat(1_500) }), weight: 2 },
  ),
  { maxLength: 60 },
);

describe("outbox", () => {
  test("it does what its model does, whatever is queued, taken and admitted (O1) (O2) (O3) (O4)", () => {
    fc.assert(
      fc.property(
        operations,
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 0, max: 3_000 }),
        (steps, windowBytes, queueBytesMax) => {
          const outbox = new Outbox(
            utf8,
            { queueBytesMax },
            () => undefined,
            () => undefined,
          );
          const model = new Model(windowBytes, queueBytesMax);
          outbox.setWindow(windowBytes);
          steps.forEach((step, index) => {
            const id = index + 1;
            if (step.kind === "commit")
              expect(put(outbox, id, step.bytes)).toBe(model.commit({ id, bytes: step.bytes + 10 }));
            else if (step.kind === "news")
              expect(news(outbox, id, step.bytes)).toBe(model.news({ id, bytes: step.bytes + 10 }));
            else if (step.kind === "take") expect(idsIn(outbox.take())).toEqual(model.take());
            else if (step.kind === "cancel") {
              writeCancel(outbox.writer, id);
              outbox.commitCancel();
              model.cancel({ id, bytes: 9 });
            } else if (step.kind === "ping") {
              ping(outbox, id);
              model.control({ id: -id, bytes: 9 });
            } else {
              outbox.credit(model.admittedBytes + step.bytes);
              model.credit(model.admittedBytes + step.bytes);
            }
            expect(outbox.queuedBytes).toBe(model.queuedBytes);
          });
          outbox.credit(model.sentBytes);
          model.credit(model.sentBytes);
          expect(idsIn(outbox.take())).toEqual(model.take());
        },
      ),
      { numRuns: 500 },
    );
  });

  test("a batch is full from 8 KiB on, and says so after each message until it is taken (O5)", () => {
    let told = 0;
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 100_000 },
      () => undefined,
      () => (told += 1),
    );
    put(outbox, 1, 1_000);
    for (let id = 2; outbox.queuedBytes + 1_010 < 8_192; id++) put(outbox, id, 1_000);
    expect(told).toBe(0);
    put(outbox, 20, 1_000);
    ping(outbox, 21);
    expect(told).toBe(2);
    outbox.take();
    put(outbox, 22, 1_000);
    expect(told).toBe(2);
  });

  test("a batch of deliveries is full from 32 KiB on; anything else that is behind them then fills it, too (O5)", () => {
    let told = 0;
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 100_000 },
      () => undefined,
      () => (told += 1),
    );
    const message = new Uint8Array(1_000);
    const deliver = (): void => {
      writeDeliver(outbox.writer, [1], 1, message);
      outbox.commitDelivery();
    };
    while (outbox.queuedBytes + 1_010 < 32_768) deliver();
    expect(told).toBe(0);
    deliver();
    expect(told).toBe(1);
    outbox.take();
    for (let count = 9; count > 0; count--) deliver();
    expect(told).toBe(1);
    ping(outbox, 1);
    expect(told).toBe(2);
  });

  test("without a window everything leaves at once", () => {
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 100_000 },
      () => undefined,
      () => undefined,
    );
    for (let id = 1; id <= 20; id++) put(outbox, id, 1_000);
    expect(idsIn(outbox.take())).toHaveLength(20);
  });

  test("the message that uses the window up leaves, the next waits for credit (O2)", () => {
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 100_000 },
      () => undefined,
      () => undefined,
    );
    outbox.setWindow(15);
    for (const id of [1, 2, 3]) put(outbox, id, 0);
    expect(idsIn(outbox.take())).toEqual([1, 2]);
    outbox.credit(10);
    expect(idsIn(outbox.take())).toEqual([3]);
  });

  test("a new message does not overtake those that wait, even when it would fit (O1)", () => {
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 100_000 },
      () => undefined,
      () => undefined,
    );
    outbox.setWindow(10);
    for (const id of [1, 2, 3]) put(outbox, id, 0);
    outbox.credit(10);
    put(outbox, 4, 0);
    expect(idsIn(outbox.take())).toEqual([1, 2]);
    outbox.credit(20);
    outbox.credit(30);
    expect(idsIn(outbox.take())).toEqual([3, 4]);
  });

  test("what keeps the link going leaves although everything else waits (O4)", () => {
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 25 },
      () => undefined,
      () => undefined,
    );
    outbox.setWindow(10);
    for (const id of [1, 2]) put(outbox, id, 0);
    expect(put(outbox, 3, 0)).toBe(0);
    ping(outbox, 4);
    outbox.control(
      frameOf((writer) => {
        writePing(writer, 5);
      }),
    );
    expect(idsIn(outbox.take())).toEqual([1, -4, -5]);
  });

  test("one message may be larger than all that may wait (O3)", () => {
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 100 },
      () => undefined,
      () => undefined,
    );
    expect(put(outbox, 1, 500)).toBe(510);
    expect(put(outbox, 2, 0)).toBe(0);
    outbox.take();
    expect(put(outbox, 3, 0)).toBe(10);
  });

  test("news is refused for other news alone, until that has left, the batch or the line (O3)", () => {
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 100 },
      () => undefined,
      () => undefined,
    );
    outbox.setWindow(500);
    expect([put(outbox, 1, 500), put(outbox, 2, 0)]).toEqual([510, 0]);
    expect([news(outbox, 3, 50), news(outbox, 4, 30), news(outbox, 5, 1)]).toEqual([60, 40, 0]);
    expect(idsIn(outbox.take())).toEqual([1]);
    expect(news(outbox, 6, 0)).toBe(0); // it waits for credit
    outbox.credit(510);
    expect(news(outbox, 7, 0)).toBe(0); // it waits for the transport
    expect(idsIn(outbox.take())).toEqual([3, 4]);
    expect([news(outbox, 8, 90), news(outbox, 9, 0)]).toEqual([100, 0]);
    expect(idsIn(outbox.take())).toEqual([8]);
    expect(news(outbox, 10, 90)).toBe(100);
  });

  test("what has a window of its own is queued whatever waits, in its order, unless it is larger than the far side takes (O3)", () => {
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 100 },
      () => undefined,
      () => undefined,
    );
    expect([put(outbox, 1, 200), put(outbox, 2, 10)]).toEqual([210, 0]);
    expect([windowed(outbox, 3, 10, 20), windowed(outbox, 4, 11, 20), windowed(outbox, 5, 0, 20)]).toEqual([
      20, -21, 10,
    ]);
    expect(idsIn(outbox.take())).toEqual([1, 3, 5]);
  });

  test("a message that is refused leaves nothing behind (O3)", () => {
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 30 },
      () => undefined,
      () => undefined,
    );
    put(outbox, 1, 0);
    expect([put(outbox, 2, 30), put(outbox, 3, 0, 9)]).toEqual([0, -10]);
    expect(put(outbox, 4, 0, 10)).toBe(10);
    expect(outbox.queuedBytes).toBe(20);
    expect(idsIn(outbox.take())).toEqual([1, 4]);
  });

  test("of what was sent, batches with answers are kept until they are admitted, and those of deliveries only are not (O6)", () => {
    const told: number[] = [];
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 100_000 },
      () => undefined,
      () => undefined,
    );
    outbox.keepSent((bytes) => told.push(bytes));
    const deliver = (id: number): void => {
      writeAnswer(outbox.writer, id, value.subarray(0, 90));
      outbox.commitDelivery();
    };
    const sent = (): Uint8Array => {
      const batch = outbox.take();
      outbox.reclaim();
      return batch;
    };
    deliver(1);
    const first = sent();
    expect(told).toEqual([]);
    put(outbox, 2, 0);
    deliver(3);
    const second = sent();
    expect(first.buffer).toBe(second.buffer); // written over
    deliver(4);
    const third = sent();
    expect(told).toEqual([110]);
    deliver(5);
    put(outbox, 6, 0);
    sent();
    expect(told).toEqual([110, 220]);
    expect([idsIn(second), idsIn(third).length]).toEqual([[2, 3], 1]);
    outbox.credit(210); // the first two
    expect(told).toEqual([110, 220, 110]);
    expect(outbox.takeUnadmitted().flatMap((batch) => idsIn(batch))).toEqual([5, 6]);
  });

  test("credit for more than was sent, or less than before, is ignored", () => {
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 100_000 },
      () => undefined,
      () => undefined,
    );
    outbox.setWindow(10);
    for (const id of [1, 2, 3]) put(outbox, id, 0);
    outbox.credit(1_000);
    expect(idsIn(outbox.take())).toEqual([1]);
    outbox.credit(10);
    outbox.credit(5);
    expect(idsIn(outbox.take())).toEqual([2]);
  });

  test("its owner is told once per batch that there is something to send", () => {
    let told = 0;
    const outbox = new Outbox(
      utf8,
      { queueBytesMax: 100_000 },
      () => (told += 1),
      () => undefined,
    );
    outbox.setWindow(10);
    put(outbox, 1, 0);
    ping(outbox, 2);
    expect(told).toBe(1);
    put(outbox, 3, 0); // waits
    outbox.take();
    expect(told).toBe(1);
    outbox.credit(10);
    expect(told).toBe(2);
  });
});

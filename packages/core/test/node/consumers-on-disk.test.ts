/** Functions that work off durable queues, whose disk is slow, full, or gone. */
import { expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { Consumers } from "../../src/node/consumers/consumers.js";
import type { End } from "../../src/queues/queues.js";
import type { Asker } from "../../src/rpc/index.js";
import { StepDisk } from "../queues/step-disk.js";
import { QueueWorld } from "../queues/support.js";
import { Clock } from "../support/clock.js";
import { codec } from "../support/requests.js";
import { utf8 } from "../values/values.js";

/** One life of an owner whose calls the test ends. */
class Owner {
  readonly queues: QueueWorld;
  readonly calls: { readonly asker: Asker; failed: MpregError | undefined }[] = [];
  readonly #consumers: Consumers;
  readonly #clock: Clock;

  constructor(disk: StepDisk, clock: Clock, seed: number) {
    this.#clock = clock;
    this.queues = new QueueWorld({ store: disk, clock, seed });
    disk.owner = this.queues;
    this.#consumers = new Consumers({
      schedule: clock.schedule,
      unschedule: clock.unschedule,
      codec,
      decodeText: (bytes) => utf8.decode(bytes, 0, bytes.length),
      operate: (queue, operation, end) => this.queues.queues.operate(queue, operation, end as End, clock.nowMs),
      call: (_fields, _origin, asker, _nowMs, onStart) => {
        const call: (typeof this.calls)[number] = { asker, failed: undefined };
        onStart({ fail: (error) => (call.failed = error), abandon: () => undefined });
        this.calls.push(call);
      },
    });
  }

  consume(queue: string): void {
    this.#consumers.changed(queue, this.queues.queues.describe(queue)!);
    this.settle();
  }

  settle(): void {
    while (this.#consumers.settle(this.#clock.nowMs));
  }

  answer(): void {
    this.calls.at(-1)!.asker.answered(codec.encode("done", "it"), undefined, undefined);
    this.settle();
  }

  advance(ms: number): void {
    for (let passed = 0; passed < ms; passed += 100) {
      this.#clock.advance(100);
      this.settle();
    }
  }
}

function life(): { disk: StepDisk; clock: Clock; owner: Owner } {
  const disk = new StepDisk();
  const clock = new Clock();
  const owner = new Owner(disk, clock, 1);
  const settings = { durable: true, visibilityMs: 2_000, consumer: { function: "f" } };
  owner.queues.queues.create("q", settings, () => undefined, clock.nowMs);
  disk.commitAll();
  owner.queues.begin<"send">("q", { op: "send", messages: [{ body: codec.encode(1, "it").slice() }] });
  disk.commitAll();
  owner.consume("q");
  disk.commitAll();
  expect(owner.calls).toHaveLength(1);
  return { disk, clock, owner };
}

test("an acknowledgement that the disk has no room for is tried until there is room; the call is not made again (F2, F3)", () => {
  const { disk, owner } = life();
  owner.answer();
  for (let second = 0; second < 20; second++) {
    disk.refuse();
    while (disk.waiting > 0) disk.refuse(); // nor is there room for what extends the lease
    owner.advance(400);
  }
  expect(owner.queues.queues.describe("q")).toBeDefined();
  disk.commitAll();
  owner.advance(2_000);
  disk.commitAll();
  owner.settle();
  expect(owner.calls).toHaveLength(1);
  disk.commitAll();
  expect(owner.queues.do<"browse">("q", { op: "browse", limit: 1 })).toEqual([]);
});

test("a lease that the disk has no room to extend is tried again before it is over: the call goes on where there is room by then (F3)", () => {
  const { disk, owner } = life();
  owner.advance(900);
  disk.commitAll();
  owner.advance(100);
  expect(disk.waiting).toBe(1);
  disk.refuse();
  owner.settle();
  owner.advance(300);
  disk.commitAll();
  owner.settle();
  owner.advance(900);
  expect(owner.calls).toMatchObject([{ failed: undefined }]);
  expect(owner.queues.stats("q")).toMatchObject({ leased: 1, leasesExpired: 0 });
});

test("a message whose call has succeeded is called with again where the crash came before its acknowledgement, and not after it", () => {
  for (const kept of [0, 1]) {
    const { disk, clock, owner } = life();
    owner.answer();
    disk.crash(kept);
    const next = new Owner(disk, clock, 2);
    next.consume("q");
    next.advance(3_000);
    expect(next.calls).toHaveLength(1 - kept);
  }
});

test("a queue whose store has failed makes no more calls, and its consumer makes no storm", () => {
  const { owner } = life();
  owner.queues.queues.frozen({ error: new MpregError("storage-failed", "broken") } as never, 0);
  owner.answer();
  let operations = 0;
  const { queues } = owner.queues;
  const operate = queues.operate.bind(queues);
  queues.operate = (...args) => {
    operations += 1;
    return operate(...args);
  };
  owner.advance(60_000);
  expect(owner.calls).toHaveLength(1);
  expect(operations).toBeLessThan(20);
});

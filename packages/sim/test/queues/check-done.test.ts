import { expect, it } from "vitest";
import { checkDone } from "../../src/queues/check-done.js";
import { type Delivery, History, type SentMessage } from "../../src/queues/history.js";
import { planQueues } from "../../src/index.js";

interface Way {
  readonly clockSteps: number;
  readonly downMs?: number;
}

/** What is told where lease 1 is acknowledged at 300 ms, and lease 2 of the same run was asked for at 100 ms. */
function told({ clockSteps, downMs }: Way): number {
  const { queues } = planQueues(1);
  const [planned] = queues;
  if (planned === undefined) throw new Error("a world without a queue");
  const settings = { durable: true };
  const steps = Array.from({ length: clockSteps }, () => ({ atMs: 150, node: planned.owner, byMs: -1_000 }));
  const history = new History({ queues: [{ ...planned, settings }], clockSteps: steps, diskFaults: [] });
  const message: SentMessage = {
    index: 0,
    client: 0,
    queue: planned.name,
    group: undefined,
    dedup: undefined,
    idempotencyKey: undefined,
    delayMs: 0,
    askedMs: 0,
    batch: undefined,
    after: [],
    keepResult: false,
    end: { kind: "done", id: "~1.1", sequence: 1, duplicate: false, spooled: false, atMs: 1 },
  };
  const delivery = (lease: number, askedMs: number): Delivery => ({
    message,
    queue: planned.name,
    subscription: undefined,
    lease: { run: "a", queue: 1, sequence: 1, lane: 0, lease },
    id: "~1.1",
    receives: lease,
    receive: lease,
    visibleForMs: 50,
    deadLetter: undefined,
    askedMs,
    gotMs: askedMs + 1,
    settlings: [],
  });
  const [first, second] = [delivery(1, 10), delivery(2, 100)];
  const end = { kind: "done", atMs: 300 } as const;
  first.settlings.push({ what: "ack", result: undefined, askedMs: 200, visibilityMs: 0, end });
  history.deliveries.push(first, second);
  if (downMs !== undefined) history.down(planned.owner, downMs);
  let count = 0;
  checkDone(history, () => count++);
  return count;
}

it("a later lease of the same run is a fault, but where a crash has forgotten it, and the clock was set back (D1)", () => {
  expect(told({ clockSteps: 0 })).toBe(1);
  expect(told({ clockSteps: 1 })).toBe(1);
  expect(told({ clockSteps: 0, downMs: 150 })).toBe(1);
  expect(told({ clockSteps: 1, downMs: 50 })).toBe(1);
  expect(told({ clockSteps: 1, downMs: 350 })).toBe(1);
  expect(told({ clockSteps: 1, downMs: 150 })).toBe(0);
});

import { expect, test } from "vitest";
import { onAbort } from "../../src/structures/index.js";

/** Counts the listeners on it, as platforms do. */
class Signal {
  aborted = false;
  readonly listeners = new Set<() => void>();

  addEventListener(_type: "abort", listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.listeners.delete(listener);
  }

  abort(): void {
    this.aborted = true;
    const listeners = [...this.listeners];
    this.listeners.clear(); // once
    for (const listener of listeners) listener();
  }
}

test("a signal has one listener while anybody waits for it, and none when nobody does (A1)", () => {
  const signal = new Signal();
  const leave = Array.from({ length: 100 }, () => onAbort(signal, () => undefined));
  expect(signal.listeners.size).toBe(1);
  const last = leave.pop()!;
  for (const each of leave) each();
  expect(signal.listeners.size).toBe(1);
  last();
  last();
  expect(signal.listeners.size).toBe(0);
  onAbort(signal, () => undefined);
  expect(signal.listeners.size).toBe(1);
});

test("who waits is told once, in order; who has left, even while others are told, is not (A2)", () => {
  const signal = new Signal();
  const told: string[] = [];
  const tell = (): void => void told.push("twice");
  onAbort(signal, () => {
    told.push("first");
    leaveLast();
  });
  onAbort(signal, () => told.push("gone"))();
  onAbort(signal, tell);
  onAbort(signal, tell);
  const leaveLast = onAbort(signal, () => told.push("last"));
  signal.abort();
  signal.abort();
  expect(told).toEqual(["first", "twice", "twice"]);
});

test("signals do not tell each other's (A1)", () => {
  const [one, other] = [new Signal(), new Signal()];
  const told: string[] = [];
  onAbort(one, () => told.push("one"));
  onAbort(other, () => told.push("other"));
  other.abort();
  expect(told).toEqual(["other"]);
});

/** What a node with far more calls than it can run still does of use, in simulated time. */
import { describe, expect, test } from "vitest";
import { alone, drive } from "../../support/overload.js";

describe("five times more than a node can run, of handlers that wait 50 ms", () => {
  const runMs = 50;
  const permits = 20;
  const steady = (): number => runMs;
  const drivenMs = 3_000;
  const peakPerMs = permits / runMs;

  test.for([
    ["all with the same time", () => 1_000],
    ["some with little time", (n: number) => [100, 300, 1_000, 5_000][n % 4]!],
  ] as const)("nearly all of what it can do is of use, %s, and what waits is bounded (A2) (A3)", ([, timeoutOf]) => {
    const { mesh, node } = alone({ concurrencyMax: permits, queueMax: 200 });
    const clients = [1, 2, 3].map(() => mesh.client(node));
    const calls: number[][] = clients.map(() => []);
    let [most, n, owed] = [0, 0, 0];
    drive(mesh, [node], steady, drivenMs, () => {
      for (owed += 5 * peakPerMs; owed >= 1; owed--, n++) {
        const client = n % clients.length;
        calls[client]!.push(clients[client]!.call("work", [1], { timeoutMs: timeoutOf(n), priority: n % 10 }));
      }
      const { tasks, queued, asked, running } = node.machine.size;
      most = Math.max(most, tasks, queued, asked, running);
    });
    const good = clients.flatMap(({ heard }) => heard).filter(({ kind }) => kind === "answer").length;
    expect(good).toBeGreaterThan(0.85 * drivenMs * peakPerMs);
    expect(most).toBeLessThanOrEqual(permits + 200 + 1);
    drive(mesh, [node], steady, 1_000, () => undefined);
    const ended = clients.map(({ heard }) => heard.flatMap((message) => ("id" in message ? [message.id] : [])));
    expect(ended.map((each) => each.sort((a, b) => a - b))).toEqual(calls); // each once
    mesh.expectQuiet();
  });

  // the line is as long as their time allows: whoever has his turn has hardly any left
  test("runs that take now less, now more, are not begun with too little time (A3) (T2)", () => {
    const { mesh, node } = alone({ concurrencyMax: permits });
    const client = mesh.client(node);
    const uneven = (number: number): number => [20, 30, 40, 50, 60, 70, 80][number % 7]!;
    let owed = 0;
    drive(mesh, [node], uneven, drivenMs, () => {
      for (owed += 5 * peakPerMs; owed >= 1; owed--) client.call("work", [1], { timeoutMs: 500 });
    });
    const good = client.heard.filter(({ kind }) => kind === "answer").length;
    expect(good).toBeGreaterThan(0.85 * drivenMs * peakPerMs);
    expect(good).toBeGreaterThan(0.97 * node.invoked.length); // hardly a run was in vain
    drive(mesh, [node], uneven, 1_000, () => undefined);
    mesh.expectQuiet();
  });
});

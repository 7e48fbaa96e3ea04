/** What a handler in a thread logs, on its way to the main thread. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { MpregError } from "@mpreg/core/base";
import { expect, onTestFinished, test } from "vitest";
import type { FromThread } from "../../src/threads/messages.js";
import { logOver } from "../../src/threads/worker-log.js";

type Line = Extract<FromThread, { kind: "log" }>;

function startLog() {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => {
    port1.close();
  });
  const logged = new Int32Array(new SharedArrayBuffer(4));
  return { log: logOver(port1, ["warn", "info"], logged), logged, port: port2 };
}

function taken(port: MessagePort): Line[] {
  const lines: Line[] = [];
  for (let each = receiveMessageOnPort(port); each !== undefined; each = receiveMessageOnPort(port)) {
    lines.push(each.message);
  }
  return lines;
}

test("lines that the main thread does not take in time are counted instead, and the next one that has room says so (L2)", () => {
  const { log, logged, port } = startLog();
  for (let line = 0; line < 1_500; line++) log.info({ line }, "line");
  expect(taken(port)).toHaveLength(1_000);
  log.info("still no room");
  expect(taken(port)).toEqual([]);
  Atomics.add(logged, 0, 1_000);
  log.info("room again");
  expect(taken(port)).toMatchObject([
    { level: "warn", line: [{ lines: 501 }, expect.stringContaining("lines were dropped")] },
    { level: "info", line: ["room again"] },
  ]);
});

test("lines of levels that are not logged are not sent (L1)", () => {
  const { log, port } = startLog();
  log.debug("not this");
  log.warn("this");
  expect(taken(port)).toMatchObject([{ level: "warn", line: ["this"] }]);
});

test("an error of ours keeps its code on the way, wherever it stands (L3)", () => {
  const { log, port } = startLog();
  const error = new MpregError("too-large", "1,200 bytes", { node: "a", cause: { why: () => "cannot be cloned" } });
  log.warn(error);
  log.warn(error, "said");
  log.warn({ error, rows: 3 }, "said");
  const told = {
    code: "too-large",
    message: "1,200 bytes",
    node: "a",
    outcome: "not-applied",
    cause: "[object Object]",
  };
  const err = { ...told, type: "MpregError", stack: error.stack };
  expect(taken(port)).toMatchObject([
    { line: [{ err }, "1,200 bytes"] },
    { line: [{ err }, "said"] },
    { line: [{ error: told, rows: 3 }, "said"] },
  ]);
});

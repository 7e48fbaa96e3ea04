/** What the log says of a node's links: what comes again and again is a warning once. */
import type { NodeEvent } from "@mpreg/core/node";
import { expect, test } from "vitest";
import { eventLogger, saidMax } from "../../src/event-log.js";
import { startLog } from "../support/log.js";

const dialFailed = (url: string): NodeEvent => ({ kind: "dial-failed", url, reason: "nobody listens" });
const linkRefused = (address: string, reason: string): NodeEvent => ({
  kind: "link-refused",
  address,
  reason: { code: "refused", reason },
});
const joined = (url: string): NodeEvent => ({ kind: "node-joined", nodeId: "1", name: "one", urls: [url] });

/** Answers how many of `events` were warned of. */
function logging() {
  const { log, lines } = startLog("warn");
  const tell = eventLogger(log);
  return (...events: readonly NodeEvent[]): number => {
    const before = lines.length;
    for (const event of events) tell(event);
    return lines.length - before;
  };
}

test("that an address cannot be reached is a warning once, until a node was met there (E1)", () => {
  const warned = logging();
  expect(warned(dialFailed("ws://a"), dialFailed("ws://a"), dialFailed("ws://b"))).toBe(2);
  expect(warned(joined("ws://a"), dialFailed("ws://b"))).toBe(0);
  expect(warned(dialFailed("ws://a"))).toBe(1);
});

test("a refusal is a warning once for each reason, until a node has joined (E1)", () => {
  const warned = logging();
  const [cluster, version] = [linkRefused("10.0.0.1", "another cluster"), linkRefused("10.0.0.1", "too old")];
  expect(warned(cluster, cluster, version, version)).toBe(2);
  expect(warned(joined("ws://a"), cluster)).toBe(1);
});

test.for([
  ["addresses", (number: number) => dialFailed(`ws://${number}`)],
  ["refusals", (number: number) => linkRefused(`10.0.0.${number}`, "no")],
] as const)("of %s beyond the last that are remembered the oldest is said again, the others are not (E2)", ([, of]) => {
  const warned = logging();
  expect(warned(...Array.from({ length: saidMax + 1 }, (_, number) => of(number)))).toBe(saidMax + 1);
  expect([warned(of(1)), warned(of(saidMax)), warned(of(0))]).toEqual([0, 0, 1]);
});

test.for([
  ["transport", "info"],
  ["silent", "info"],
  ["slow", "info"],
  ["refused", "info"],
  ["malformed", "info"],
  ["closing", "debug"],
  ["idle", "debug"],
] as const)("a link that is lost says why: %s is told to whoever reads %s", ([code, level]) => {
  const { log, lines } = startLog("debug");
  const reason = { code, reason: "read ECONNRESET" };
  eventLogger(log)({ kind: "link-lost", nodeId: "1", name: "one", reason, endedBy: "transport" });
  const said = { id: "1", name: "one", code, reason: "read ECONNRESET", endedBy: "transport" };
  expect(lines).toEqual([{ level: log.levels.values[level], msg: "link lost", ...said }]);
});

/** `mpreg queue`, typed at one node for queues that another one may have. */
import { type Client, connect } from "@mpreg/client";
import { type MpregNode, createNode } from "@mpreg/node";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { startMesh } from "../../../node/test/support/cluster.js";
import { type Finished, launchCommand, mpreg, startNode, temporaryFolder } from "../processes.js";

let node: MpregNode;
let other: MpregNode;
let client: Client;
let env: Record<string, string>;

beforeAll(async () => {
  node = await createNode({ name: "desk", log: "silent" });
  other = await createNode({ name: "store", peers: [node.url], log: "silent" });
  client = await connect(node.url);
  env = { MPREG_URL: node.url };
  await vi.waitUntil(() => other.nodes().length === 2);
});

afterAll(async () => {
  await client.close();
  await other.close();
  await node.close();
});

const queue = (...args: string[]): Promise<Finished> => mpreg(["queue", ...args], { env });
const inMemory = ["--setting", "durable=false"];

/** A queue in memory. */
async function create(name: string, ...args: string[]): Promise<void> {
  expect(await queue("create", name, ...inMemory, ...args)).toMatchObject({ exitCode: 0, stderr: "" });
}

function lines({ stdout }: Finished): unknown[] {
  return stdout.trimEnd() === ""
    ? []
    : stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown);
}

describe("mpreg queue", () => {
  test("refuses settings that cannot work, with what would", async () => {
    const self = await queue(
      "create",
      "loop",
      ...inMemory,
      "--setting",
      "maxReceives=1",
      "--setting",
      "deadLetter=loop",
    );
    expect(self).toMatchObject({ exitCode: 2, stdout: "" });
    expect(self.stderr).toContain('"deadLetter" must be another queue, got "loop"');
    await create("short", "--setting", "ttlMs=1000");
    const late = await queue("update", "short", "--setting", "delayMs=2000");
    expect(late.stderr).toContain('make "delayMs" shorter, or "ttlMs" longer');
    await client.queue("short").delete();
  });

  test("moves dead letters back, shows how far that is, and lists and cancels redrives", async () => {
    await create("letters");
    await create("parcels", "--setting", "maxReceives=1", "--setting", "deadLetter=letters");
    await queue("send", "parcels", ...Array.from({ length: 5 }, (_, value) => String(value)));
    for (const message of await client.queue("parcels").receive({ max: 5 })) await message.release();
    const slow = await queue("redrive", "letters", "--to", "parcels", "--per-second", "0.01", "--detach", "--json");
    expect(lines(slow)).toMatchObject([{ state: "running", messages: 5, to: "parcels" }]);
    const [{ id }] = lines(slow) as [{ id: string }];
    expect((await queue("redrive", "letters", "--list")).stdout).toMatch(new RegExp(`${id} +running +parcels`));
    expect((await queue("redrive", "letters", "--cancel")).stdout).toMatch(
      /cancelled: moved [01] of 5 messages to parcels\n/,
    );
    expect(await queue("redrive", "letters", "--cancel")).toMatchObject({ exitCode: 2, stdout: "" });
    const rest = await queue("redrive", "letters");
    expect(rest).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/ done: moved [45] of [45] messages\n$/) });
    expect(await client.queue("parcels").stats()).toMatchObject({ messages: 5 });
    expect(lines(await queue("redrive", "letters", "--list", "--json"))).toMatchObject([
      [{ state: "cancelled" }, { state: "done" }],
    ]);
    expect(await queue("redrive", "letters", "--list", "--cancel")).toMatchObject({ exitCode: 2 });
    await queue("send", "letters", '"of nobody"');
    expect(await queue("redrive", "letters")).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/ done: moved 0 of 1 message; 1 stay/),
      stderr: expect.stringMatching(
        /1 message stays in queue "letters"; the last one: "~.+": is no dead letter of another queue/,
      ),
    });
  });

  test("keeps what is sent while the owner is away, where that is wanted, and shows what is kept", async () => {
    const [ownDir, awayDir] = [temporaryFolder(), temporaryFolder()];
    const own = await createNode({ name: "near", dataDir: ownDir, log: "silent", discovery: { mdns: false } });
    onTestFinished(() => own.close());
    const away = {
      name: "away",
      dataDir: awayDir,
      peers: [own.url],
      log: "silent",
      discovery: { mdns: false },
    } as const;
    const owner = await createNode(away);
    await vi.waitUntil(() => own.nodes().length === 2);
    const near = (...args: string[]): Promise<Finished> => mpreg(["queue", ...args], { env: { MPREG_URL: own.url } });
    await near("create", "mails", "--owner", "away");
    await owner.close();
    expect(await near("send", "mails", "1")).toMatchObject({ stdout: "", stderr: expect.stringContaining("mails") });
    expect((await near("send", "mails", "1", "2", "--spool")).stdout).toMatch(/^(~\S+ \(kept until .*\)\n){2}$/);
    const shown = await near("spool");
    expect(shown.stdout).toMatch(/mails +near +2 /);
    expect(shown.stderr).toContain("no node has the queue just now");
    expect(lines(await near("spool", "--json"))).toMatchObject([[{ queue: "mails", messages: 2, node: own.id }]]);
    const back = await createNode(away);
    onTestFinished(() => back.close());
    await vi.waitUntil(async () => (await own.spooled()).length === 0);
    expect((await near("receive", "mails", "--max", "2")).stdout).toMatch(/^~\S+ 1 receipt=\S+\n~\S+ 2 receipt=\S+\n$/);
  });

  test("what was set aside is discarded or tried again, where it is said what", async () => {
    const awayDir = temporaryFolder();
    const [own, away] = (await startMesh(
      { name: "near", dataDir: temporaryFolder() },
      { name: "away", dataDir: awayDir },
    )) as [MpregNode, MpregNode];
    const near = (...args: string[]): Promise<Finished> =>
      mpreg(["queue", "spool", ...args], { env: { MPREG_URL: own.url } });
    await away.queue("dead", { owner: "away", messageBytesMax: 50 }).create();
    await vi.waitUntil(async () => (await own.queues()).includes("dead"));
    await away.close();
    for (const value of ["x", "y"]) await own.queue("dead").send(value.repeat(100), { accept: "spool" });
    const peers = [own.url];
    const back = await createNode({ name: "away", dataDir: awayDir, log: "silent", discovery: { mdns: false }, peers });
    onTestFinished(() => back.close());
    await vi.waitUntil(async () => (await own.spooled())[0]?.refused === 2, { timeout: 20_000 });
    const [id] = (await own.spooled())[0]!.refusals.map((refusal) => refusal.id);
    const [shown, unsaid, twice, discarded] = await Promise.all([
      near(),
      near("discard"),
      near("discard", id!, "--all"),
      near("discard", id!),
    ]);
    expect(shown.stdout).toMatch(/dead +near +0 /);
    expect([unsaid.exitCode, twice.exitCode, discarded.stdout]).toEqual([2, 2, "discarded 1 message\n"]);
    await back.queue("dead").update({ messageBytesMax: 1_000 });
    expect(lines(await near("retry", "--queue", "dead", "--json"))).toEqual([{ retried: 1 }]);
    expect((await own.queue("dead").receive()).map(({ value }) => value)).toEqual(["y".repeat(100)]);
  });

  test("creates a queue with settings, once, and says where they differ", async () => {
    const settings = ["--setting", "visibilityMs=60000", "--setting", 'guarantee={"kind":"at-least-once"}', "--json"];
    const made = await queue("create", "made", ...inMemory, ...settings, "--owner", "store");
    expect(made).toMatchObject({ exitCode: 0, stderr: "" });
    expect(lines(made)).toMatchObject([{ durable: false, visibilityMs: 60_000, order: "standard" }]);
    expect(await queue("create", "made", ...inMemory, ...settings)).toMatchObject({ exitCode: 0 });
    const differs = await queue("create", "made", ...inMemory, "--setting", "visibilityMs=1");
    expect(differs).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining("visibilityMs") });
    expect(lines(await queue("list", "--json"))).toEqual([expect.arrayContaining(["made"])]);
    expect((await queue("list")).stdout.split("\n")).toContain("made");
  });

  test("schedules send at their times, are listed and end", async () => {
    await create("reports");
    const made = await queue(
      "schedule",
      "reports",
      "often",
      '{"n":1}',
      "--every",
      "100ms",
      "--header",
      "a=b",
      "--json",
    );
    expect(made).toMatchObject({ exitCode: 0, stderr: "" });
    expect(lines(made)).toMatchObject([{ name: "often", everyMs: 100, missed: "one" }]);
    const cron = ["--cron", "30 2 31 1 *", "--time-zone", "Europe/Berlin"];
    const nightly = await queue("schedule", "reports", "nightly", "hi there", ...cron);
    expect(nightly.stdout).toMatch(
      /^nightly cron "30 2 31 1 \*" Europe\/Berlin, next \d+-01-31T01:30:00.000Z \(0 sent\)\n$/,
    );
    const [message] = lines(await queue("receive", "reports", "--wait", "20s", "--json"));
    expect(message).toMatchObject({ value: { n: 1 }, headers: { a: "b", "mpreg-schedule": "often" } });
    expect((await queue("schedules", "reports")).stdout).toMatch(/^often every 100 ms, next .*\nnightly cron /);
    expect((await queue("unschedule", "reports", "often")).stdout).toBe("removed\n");
    expect((await queue("unschedule", "reports", "often")).stdout).toBe("there was none\n");
    for (const [args, why] of [
      [["--cron", "* * *"], "five fields"],
      [["--cron", "0 0 * * *", "--time-zone", "Mars/Phobos"], "Mars/Phobos"],
      [["--at", "2030-01-01"], "2030-01-31T12:00:00Z"],
      [["--at", "2020-01-01T00:00:00Z"], "has passed"],
      [[], '"everyMs"'],
    ] as const) {
      const refused = await queue("schedule", "reports", "bad", "1", ...args);
      expect(refused).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining(why) });
    }
  });

  test("what is sent is received in order with what travels with it, and is gone once it is acknowledged", async () => {
    await create("orders");
    const sent = await queue("send", "orders", '{"id":7}', "hi there!", "--header", "region=eu", "--group", "ann");
    expect(sent).toMatchObject({ exitCode: 0, stderr: "" });
    const ids = sent.stdout.trimEnd().split("\n");
    expect(ids).toHaveLength(2);
    expect(lines(await queue("browse", "orders", "--json"))).toMatchObject([
      { id: ids[0], value: { id: 7 }, state: "available", receives: 0 },
      { id: ids[1], value: "hi there!", state: "available" },
    ]);
    const args = ["receive", "orders", "--max", "10", "--ack", "--json", "--url", other.url];
    const got = await mpreg(["queue", ...args]);
    expect(got).toMatchObject({ exitCode: 0, stderr: "" });
    const about = { headers: { region: "eu" }, group: "ann", receives: 1, receipt: expect.any(String) };
    expect(lines(got)).toMatchObject([
      { id: ids[0], value: { id: 7 }, ...about },
      { id: ids[1], value: "hi there!", ...about },
    ]);
    const [told] = lines(await queue("stats", "orders", "--json")) as [unknown];
    expect(told).toMatchObject([{ queue: "orders", messages: 0, sent: 2, acknowledged: 2 }]);
  });

  test("without --ack a message stays leased; where none came there is no line, and no failure (M3)", async () => {
    await create("leased");
    await queue("send", "leased", "1", "--id", "one");
    expect((await queue("receive", "leased")).stdout).toMatch(/^one 1 receipt=\S+\n$/);
    expect(await queue("receive", "leased", "--wait", "off")).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "no message came\n",
    });
    expect(await queue("receive", "leased", "--wait", "off", "--json")).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    expect((await queue("browse", "leased", "--state", "leased")).stdout).toBe("one 1 (leased, received once)\n");
  });

  test("a message whose line could not be written is not acknowledged (M2)", async () => {
    await create("deaf");
    await queue("send", "deaf", "1");
    const args = ["queue", "receive", "deaf", "--ack"];
    expect(await mpreg(args, { env, stdoutPath: "/dev/full" })).toMatchObject({ exitCode: 1 });
    expect(await client.queue("deaf").stats()).toMatchObject({ leased: 1, acknowledged: 0 });
  });

  test("what was received is acknowledged, released or kept for longer by its receipt, each on its own (L1)", async () => {
    await create(
      "held",
      "--setting",
      "visibilityMs=600000",
      "--setting",
      "maxReceives=2",
      "--setting",
      "deadLetter=dead",
    );
    await create("dead");
    await queue("send", "held", "1", "2", "3");
    const receive = async (): Promise<string[]> => {
      const { stdout } = await queue("receive", "held", "--max", "3", "--wait", "off");
      return [...stdout.matchAll(/ receipt=(\S+)/g)].map(([, receipt]) => receipt!);
    };
    const [one, two, three] = (await receive()) as [string, string, string];
    expect(await queue("ack", "held", one)).toMatchObject({ exitCode: 0, stdout: "acknowledged 1 message\n" });
    const again = await queue("ack", "held", one);
    expect(again).toMatchObject({ exitCode: 1, stdout: "acknowledged 0 messages\n" });
    expect(again.stderr).toMatch(/its message was acknowledged/);
    expect(await queue("extend", "held", two, "--visibility", "1h", "--json")).toMatchObject({
      stdout: '{"extended":1,"refused":[]}\n',
    });
    const released = await queue("release", "held", one, two, three, "--delay", "off", "--error", "no paper");
    expect(released).toMatchObject({ exitCode: 1, stdout: "released 2 messages\n" });
    expect(released.stderr).toMatch(new RegExp(`not ${one}: .*\\(2 of 3 messages were released\\)`, "s"));
    expect(await queue("release", "held", ...(await receive()), "--error", "no ink")).toMatchObject({ exitCode: 0 });
    expect((await queue("browse", "dead")).stdout).toContain(
      " 2 (available, received 0 times, max-receives: no ink)\n",
    );
    expect(lines(await queue("browse", "dead", "--json"))).toMatchObject([
      { value: 2, deadLetter: { error: "no ink", attempts: 2 } },
      { value: 3, deadLetter: { error: "no ink" } },
    ]);
    expect(await queue("extend", "held", one)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--visibility"),
    });
    expect((await queue("ack", "held", "what")).exitCode).not.toBe(0);
  });

  test("what goes with a message is as it is given: what it waits for, its key, whom to answer", async () => {
    await create("chain");
    await queue("send", "chain", "1", "--id", "first");
    const about = ["--key", "k7", "--correlation-id", "c7", "--reply-to", "answers"];
    expect(await queue("send", "chain", "2", "--after", "first", ...about)).toMatchObject({ exitCode: 0 });
    expect(lines(await queue("receive", "chain", "--max", "2", "--ack", "--json"))).toMatchObject([{ value: 1 }]);
    expect(lines(await queue("receive", "chain", "--ack", "--json"))).toMatchObject([
      { value: 2, after: ["first"], idempotencyKey: "k7", correlationId: "c7", replyTo: "answers" },
    ]);
  });

  test("settings are printed and changed, subscriptions begun and ended", async () => {
    await create("wide", "--setting", "guarantee=broadcast", "--setting", 'rate={"perSecond":5,"burst":1}');
    const changed = await queue("update", "wide", "--setting", "visibilityMs=1000", "--setting", "rate=null");
    expect(JSON.parse(changed.stdout)).toMatchObject({ guarantee: { kind: "broadcast" }, visibilityMs: 1_000 });
    expect(JSON.parse(changed.stdout)).not.toHaveProperty("rate.perSecond");
    expect((await queue("update", "wide")).stdout).toBe(changed.stdout);
    const wrong = await queue("update", "wide", "--setting", "visibiltyMs=1");
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('did you mean "visibilityMs"') });
    expect((await queue("subscribe", "wide", "ann")).stdout).toBe("subscribed\n");
    expect((await queue("subscribe", "wide", "ann")).stdout).toBe("it was there already\n");
    await queue("send", "wide", "1");
    expect((await queue("receive", "wide", "--subscription", "ann", "--ack")).stdout).toMatch(/ 1\n$/);
    expect((await queue("unsubscribe", "wide", "ann", "--json")).stdout).toBe('{"changed":true}\n');
    expect((await queue("unsubscribe", "wide", "ann")).stdout).toBe("there was none\n");
  });

  test("a setting that is updated to null is the default again", async () => {
    await create("back", "--setting", "messagesMax=3", "--setting", "visibilityMs=5", "--setting", "resultMs=7");
    const changed = await queue("update", "back", "--setting", "messagesMax=null", "--setting", "visibilityMs=null");
    expect(JSON.parse(changed.stdout)).toMatchObject({ messagesMax: 1_000_000, visibilityMs: 30_000, resultMs: 7 });
  });

  test("delays and priorities are as they are given", async () => {
    await create("late", "--setting", "order=priority");
    await queue("send", "late", "1", "--delay", "1h");
    await queue("send", "late", "2", "--priority", "1");
    await queue("send", "late", "3", "--priority", "9");
    const got = await queue("receive", "late", "--max", "10", "--json");
    expect(lines(got)).toMatchObject([{ value: 3 }, { value: 2 }]);
    expect(lines(await queue("browse", "late", "--state", "delayed", "--json"))).toMatchObject([{ value: 1 }]);
  });

  test("of several messages it is told how many were sent (M1)", async () => {
    await create("narrow", "--setting", "messagesMax=2");
    const { exitCode, stdout, stderr } = await queue("send", "narrow", "1", "2", "3", "--json");
    expect(exitCode).toBe(1);
    expect(stdout.trimEnd().split("\n")).toHaveLength(2);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: "overloaded", message: expect.stringContaining("(2 of 3 messages were sent)") },
    });
  });

  test("purge and delete say how many messages are gone (Q1)", async () => {
    await create("gone");
    await queue("send", "gone", "1", "2");
    expect(await queue("purge", "gone")).toEqual({ exitCode: 0, stdout: "removed 2 messages\n", stderr: "" });
    await queue("send", "gone", "1");
    expect(lines(await queue("delete", "gone", "--json"))).toEqual([{ removed: 1 }]);
    expect(await queue("send", "gone", "1", "--json")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("unknown-queue"),
    });
  });

  test("stats are a table for people, and a queue that is not there is told of (S2)", async () => {
    await create("seen");
    await queue("send", "seen", "1");
    const { exitCode, stdout, stderr } = await queue("stats", "seen", "unseen");
    expect(exitCode).toBe(0);
    const [heading, row] = stdout.trimEnd().split("\n");
    expect(heading).toMatch(
      /^QUEUE +MESSAGES +AVAILABLE +DELAYED +LEASED +WAITING +OLDEST +SPOOLED +SENT +ACKED +DEAD$/,
    );
    expect(row).toMatch(/^seen +1 +1 +0 +0 +0 +\d+s +- +1 +0 +0$/);
    expect(stderr).toContain("queue unseen is not in it: ");
    expect(await queue("stats", "unseen")).toMatchObject({ exitCode: 1, stdout: "" });
  });

  test("watch tells again what has changed a second (S1)", async () => {
    await create("busy");
    const watching = launchCommand(["queue", "watch", "busy", "--json", "--url", node.url]);
    await watching.said('"perSecond":{}');
    await client.queue("busy").send(1);
    const line = await watching.said('"sent":1');
    const [{ perSecond }] = JSON.parse(line) as [{ perSecond: { sent: number; received: number } }];
    expect(perSecond).toMatchObject({ sent: expect.any(Number), received: 0 });
    expect(perSecond.sent).toBeGreaterThan(0);
    watching.kill("SIGINT");
    await watching.exitCode;
  });

  test("who watches a queue goes on while its node is away, and is told so (S2)", async () => {
    const dataDir = temporaryFolder();
    const keeper = await createNode({ name: "away", dataDir, peers: [node.url], log: "silent" });
    await keeper.joined();
    await client.queue("watched", { owner: "away" }).create();
    const watching = launchCommand(["queue", "watch", "watched", "--json", "--url", node.url]);
    await watching.said('"perSecond":{}');
    await keeper.close();
    await watching.said('"error":{"code":"unknown-queue"');
    const again = await createNode({ name: "away", dataDir, peers: [node.url], log: "silent" });
    await again.joined();
    await again.queue("watched").send(1);
    await watching.said('"sent":1');
    watching.kill("SIGINT");
    await watching.exitCode;
    await again.close();
  });

  test("a durable queue of a node that was killed is there again with its messages", async () => {
    const dataDir = temporaryFolder();
    const first = await startNode(["--port", "0", "--data-dir", dataDir]);
    const at = (url: string, ...args: string[]): Promise<Finished> => mpreg(["queue", ...args, "--url", url]);
    expect(await at(first.url, "create", "jobs")).toMatchObject({ exitCode: 0 });
    await at(first.url, "send", "jobs", "1", "2");
    first.kill("SIGKILL");
    await first.exitCode;
    const second = await startNode(["--port", "0", "--data-dir", dataDir]);
    const got = await at(second.url, "receive", "jobs", "--max", "10", "--ack", "--json");
    expect(lines(got)).toMatchObject([{ value: 1 }, { value: 2 }]);
    second.kill("SIGTERM");
    await second.exitCode;
  });

  test.each([
    [["create", "a b"], "1 to 80 letters"],
    [["create", "a", "--setting", "visibility"], "It is like"],
    [["create", "a", "--setting", "visibiltyMs=1"], 'did you mean "visibilityMs"'],
    [["send", "a", "1", "2", "--id", "x"], "--id is the id of one message"],
    [["send", "a"], "missing required argument 'values'"],
    [["receive", "a", "--max", "0"], "at least 1"],
  ])("what cannot be meant is said: queue %j", async (args, said) => {
    const { exitCode, stderr, stdout } = await queue(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(said);
  });

  test("a durable queue where no node has a disk is refused with what would work", async () => {
    expect(await queue("create", "nowhere")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("data directory"),
    });
  });
});

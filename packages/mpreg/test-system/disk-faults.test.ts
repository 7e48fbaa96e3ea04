/**
 * Durable queues on a disk that is slow, fails or is full, and under a clock that jumps. `strace` makes the kernel slow, or fail, for the process of a node; a small
 * tmpfs is the disk that fills; `libfaketime` is the clock.
 */
import { spawn } from "node:child_process";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Client, type MpregError, connect } from "mpreg";
import { expect, onTestFinished, test } from "vitest";
import { type StartedNode, startNode, temporaryFolder } from "../test/processes.js";

const patience = { timeout: 60_000, interval: 20 };
/** As the dynamic linker finds it. */
const libfaketime = "/usr/$LIB/faketime/libfaketime.so.1";
const common = ["--port", "0", "--no-mdns", "--log", "fatal"];

/** Lets every fdatasync of the process go wrong; answers what ends that. */
async function injected(pid: number, fault: string): Promise<() => Promise<void>> {
  const strace = spawn(
    "strace",
    ["-f", "-p", String(pid), "-e", "trace=fdatasync", "-e", `inject=fdatasync:${fault}`],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const exited = new Promise((resolve) => strace.once("exit", resolve));
  const stop = async (): Promise<void> => {
    strace.kill("SIGINT");
    await exited;
  };
  onTestFinished(stop);
  for await (const line of createInterface({ input: strace.stderr })) {
    if (line.includes("attached")) {
      strace.stderr.resume();
      return stop;
    }
  }
  throw new Error(`strace cannot attach to process ${pid}`);
}

async function connected({ url }: StartedNode): Promise<Client> {
  const client = await connect(url, { discover: false });
  onTestFinished(() => client.close());
  return client;
}

/** The numbers that a queue has. */
async function numbersIn(client: Client, name: string): Promise<number[]> {
  const messages = await client.queue<number>(name).browse({ limit: 1_000 });
  return messages.map(({ value }) => value);
}

const ends = async (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "done",
    (error: unknown) => `${(error as MpregError).code} ${(error as MpregError).outcome}`,
  );

test("an fdatasync that takes 300 ms keeps back every durable acknowledgement, and nothing else", async () => {
  const node = await startNode([...common, "--name", "slow", "--data-dir", `${temporaryFolder()}/data`]);
  const client = await connected(node);
  const durable = client.queue<number>("durable");
  const inMemory = client.queue<number>("memory", { durable: false });
  await Promise.all([client.queue("durable", {}).create(), inMemory.create()]);
  const stop = await injected(node.pid, "delay_enter=300000");
  for (let number = 1; number <= 3; number++) {
    const ended: string[] = [];
    const startedMs = performance.now();
    const note = (what: string) => (): void => void ended.push(what);
    const sending = durable.send(number).then(note("durable"));
    await inMemory.send(number).then(note("memory"));
    await sending;
    expect(ended).toEqual(["memory", "durable"]);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(300);
    const [message] = await durable.receive();
    const receivedMs = performance.now();
    await message!.ack();
    expect(performance.now() - receivedMs).toBeGreaterThanOrEqual(300);
  }
  await stop();
});

test("an fdatasync that fails freezes the store: nothing is acknowledged any more, and what was is there after a restart", async () => {
  const args = [...common, "--name", "failing", "--data-dir", `${temporaryFolder()}/data`];
  const node = await startNode(args);
  const client = await connected(node);
  await Promise.all([client.queue("q", {}).create(), client.queue("memory", { durable: false }).create()]);
  const queue = client.queue<number>("q");
  for (const number of [1, 2, 3]) await queue.send(number);
  const [first] = await queue.receive({ visibilityMs: 60_000 });
  await first!.extend(60_000); // the lease is on the disk
  await queue.send(4);
  const stop = await injected(node.pid, "error=EIO");
  expect(await ends(queue.send(100))).toBe("storage-failed unknown");
  await stop(); // the disk works again, and is not believed
  for (const asked of [() => queue.send(101), () => queue.receive({ waitMs: 0 }), () => queue.purge()]) {
    expect(await ends(asked())).toBe("storage-failed not-applied");
  }
  expect(await ends(first!.ack())).toMatch(/^storage-failed/);
  expect(await ends(client.queue("memory").send(1))).toBe("done");
  expect(await ends(client.queue("another", {}).create())).toMatch(/^storage-failed/);
  node.kill("SIGTERM");
  await node.exitCode;

  const again = await connected(await startNode(args));
  await expect.poll(() => numbersIn(again, "q").then(() => "there", String), patience).toBe("there");
  const there = await numbersIn(again, "q");
  expect(there.filter((number) => number !== 100)).toEqual([1, 2, 3, 4]);
  expect(await again.queue("q").ack([first!.receipt])).toEqual([undefined]); // its lease is what it was
});

test("a disk that is full refuses sends and keeps what it has; what is acknowledged makes room for more, again and again", async () => {
  const folder = temporaryFolder();
  const mounted = `mount -t tmpfs -o size=3m none "${folder}" && exec "$0" "$@"`;
  const args = [...common, "--name", "full", "--data-dir", `${folder}/data`];
  const node = await startNode(args, { within: ["unshare", "--mount", "sh", "-c", mounted] });
  const client = await connected(node);
  await client.queue("q", {}).create();
  const queue = client.queue<string>("q");
  let next = 0;
  const there = new Map<string, string>();
  /** Sends until it is refused. */
  const fill = async (): Promise<void> => {
    for (;;) {
      const value = `${next} ${"x".repeat((next++ * 7_919) % 30_000)}`;
      const end = await ends(queue.send(value, { id: String(next) }).then(({ id }) => there.set(id, value)));
      if (end === "done") continue;
      expect(end).toBe("overloaded not-applied");
      return;
    }
  };
  for (let round = 1; round <= 20; round++) {
    await fill();
    expect((await queue.stats()).messages).toBe(there.size);
    expect(there.size).toBeGreaterThan(50);
    const some = await queue.receive({ max: round * 3 });
    expect(await queue.ack(some.map(({ receipt }) => receipt))).toEqual(some.map(() => undefined));
    for (const { id, value } of some) {
      expect(value).toBe(there.get(id));
      there.delete(id);
    }
  }
  const rest = await queue.receive({ max: 1_000 });
  expect(new Map(rest.map(({ id, value }) => [id, value]))).toEqual(there);
});

test("a disk that its own messages have filled takes others once these are gone, cycle after cycle, large ones and small ones", async () => {
  const folder = temporaryFolder();
  const mounted = `mount -t tmpfs -o size=8m none "${folder}" && exec "$0" "$@"`;
  const args = [...common, "--name", "cycles", "--data-dir", `${folder}/data`];
  const node = await startNode(args, { within: ["unshare", "--mount", "sh", "-c", mounted] });
  const client = await connected(node);
  await client.queue("q", {}).create();
  const queue = client.queue<string>("q");
  const fill = async (bytes: number): Promise<number> => {
    for (let sent = 0; ; sent++) {
      const end = await ends(queue.send("x".repeat(bytes)));
      if (end === "done") continue;
      expect(end).toBe("overloaded not-applied");
      return sent;
    }
  };
  const drain = async (): Promise<void> => {
    for (;;) {
      const some = await queue.receive({ max: 1_000, waitMs: 0 });
      if (some.length === 0) return;
      expect(await queue.ack(some.map(({ receipt }) => receipt))).toEqual(some.map(() => undefined));
    }
  };
  const first = await fill(10_000);
  for (let cycle = 0; cycle < 8; cycle++) {
    await drain();
    expect((await queue.stats()).messages).toBe(0);
    expect(await fill(10_000)).toBeGreaterThan(first / 5);
  }
  for (let cycle = 0; cycle < 3; cycle++) {
    await drain();
    expect(await fill(1_000)).toBeGreaterThan(first * 2);
  }
});

test("a disk that others have filled to the last byte refuses everything, and loses nothing of it, until there is room again", async () => {
  const folder = temporaryFolder();
  const mounted = `mount -t tmpfs -o size=4m none "${folder}" && exec "$0" "$@"`;
  const args = [...common, "--name", "filled", "--data-dir", `${folder}/data`];
  const node = await startNode(args, { within: ["unshare", "--mount", "sh", "-c", mounted] });
  const client = await connected(node);
  await client.queue("q", {}).create();
  const queue = client.queue<number>("q");
  for (const number of [1, 2, 3]) await queue.send(number);
  const [first] = await queue.receive({ visibilityMs: 60_000 });
  const filler = `/proc/${node.pid}/root${folder}/filler`; // as the node sees the disk
  for (const size of [65_536, 4_096, 1]) {
    const bytes = Buffer.alloc(size);
    expect(() => {
      for (;;) appendFileSync(filler, bytes);
    }).toThrow(/ENOSPC/);
  }
  for (const asked of [() => queue.send(4), () => first!.ack(), () => first!.extend(60_000), () => queue.purge()]) {
    expect(await ends(asked())).toBe("overloaded not-applied");
  }
  rmSync(filler);
  expect(await ends(first!.ack())).toBe("done");
  expect(await ends(queue.send(5))).toBe("done");
  expect(await numbersIn(client, "q")).toEqual([2, 3, 5]);
});

test("a clock that jumps a day ahead and back ends no lease, no delay and no message, and none lasts longer", async () => {
  const folder = temporaryFolder();
  const clock = `${folder}/clock`;
  const jump = (by: string): void => {
    writeFileSync(clock, `${by}\n`);
  };
  jump("+0");
  const faked = [
    "env",
    `LD_PRELOAD=${libfaketime}`,
    `FAKETIME_TIMESTAMP_FILE=${clock}`,
    ...["FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"],
  ];
  const node = await startNode([...common, "--name", "clock", "--data-dir", `${folder}/data`], { within: faked });
  const client = await connected(node);
  await client.queue("q", { ttlMs: 3_600_000 }).create();
  const queue = client.queue<string>("q");
  const wallMs = async (): Promise<number> => (await queue.browse({ limit: 1_000 })).at(-1)!.sentMs;
  await queue.send("leased");
  await queue.receive({ visibilityMs: 1_800_000 });
  await queue.send("delayed", { delayMs: 1_800_000 });
  await queue.send("waits");
  const beforeMs = await wallMs();
  for (const by of ["+1d", "-1d"]) {
    jump(by);
    await queue.send(by);
    expect(Math.round(((await wallMs()) - beforeMs) / 86_400_000)).toBe(Number.parseInt(by));
    expect((await queue.browse()).map(({ value, state }) => `${value} ${state}`).slice(0, 3)).toEqual([
      "leased leased",
      "delayed delayed",
      "waits available",
    ]);
  }
  expect((await queue.stats()).messages).toBe(5);
  await queue.send("soon", { delayMs: 200 });
  jump("-2d");
  const received: string[] = [];
  for await (const message of queue) {
    received.push(message.value);
    await message.ack();
    if (message.value === "soon") break;
  }
  expect(received).toEqual(["waits", "+1d", "-1d", "soon"]);
});

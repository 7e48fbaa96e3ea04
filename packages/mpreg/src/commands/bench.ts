/**
 * `mpreg bench topics`: how much a cluster takes, from clients of this process.
 *
 * (B1) Every figure was counted or measured in this run; what was lost is told beside what was delivered.
 * (B2) Publishers go as fast as their nodes take it; what has been published is delivered before the clock stops, or counted as lost.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@mpreg/client";
import { type Command, Option } from "commander";
import { usageError } from "../failure.js";
import { parseCount, parseDurationMs } from "../input/options.js";
import { valueJson } from "../render/json.js";
import type { Terminal } from "../terminal.js";
import { Latencies } from "../topics/latencies.js";
import { type ConnectionFlags, withClients, withConnectionOptions } from "./connection.js";

interface BenchFlags extends ConnectionFlags {
  readonly size: number;
  readonly subscribers: number;
  readonly publishers: number;
  /** In ms. */
  readonly seconds: number;
}

/** What a run has come to. Rates are per second. */
export interface BenchFigures {
  readonly publishers: number;
  readonly subscribers: number;
  /** Bytes of each payload. */
  readonly size: number;
  /** From the first publish to the last delivery. */
  readonly seconds: number;
  readonly published: number;
  readonly delivered: number;
  readonly lost: number;
  readonly publishedPerSecond: number;
  readonly deliveredPerSecond: number;
  /** Bytes of payloads that were delivered. */
  readonly bytesPerSecond: number;
  /** From the call of publish to that of the subscriber's callback, in ms; absent where nothing was delivered. */
  readonly latencyMs?: { readonly p50: number; readonly p99: number; readonly max: number };
}

const sizeMin = 8;
const sizeMax = 8 * 1024 * 1024;
const clientsMax = 1_000;
/** After so long without a message the rest counts as lost. */
const quietMs = 5_000;
const pollMs = 10;

export function defineBench(program: Command, terminal: Terminal): void {
  const bench = program.command("bench").description("Measure a cluster.");
  const command = bench
    .command("topics")
    .description("Publish to a topic as fast as the cluster takes it, and measure what comes out.")
    .option("--size <bytes>", "of each payload", parseCount, 128)
    .option("--subscribers <n>", "each gets every message, over a connection of its own", parseCount, 1)
    .option("--publishers <n>", "each over a connection of its own", parseCount, 1)
    .addOption(
      new Option("--seconds <duration>", "how long is published, in seconds or like 500ms, 1m")
        .argParser(parseDurationMs)
        .default(5_000, "5s"),
    );
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action((flags: BenchFlags) => benchTopics(flags, terminal));
}

async function benchTopics(flags: BenchFlags, { stdout }: Terminal): Promise<void> {
  const { size, subscribers, publishers } = flags;
  if (size < sizeMin || size > sizeMax) throw usageError(`--size is from ${sizeMin} to ${sizeMax} bytes, got ${size}`);
  if (subscribers + publishers > clientsMax) throw usageError(`At most ${clientsMax} publishers and subscribers work`);
  const figures = await withClients(flags, subscribers + publishers, (clients) => measure(clients, flags));
  stdout.write(flags.json === true ? valueJson(figures, "line") : benchText(figures));
  await stdout.written();
}

async function measure(
  clients: readonly Client[],
  { size, subscribers, publishers, seconds: forMs }: BenchFlags,
): Promise<BenchFigures> {
  const topic = `bench.${randomBytes(8).toString("hex")}`; // nobody else's
  const latencies = new Latencies();
  let delivered = 0;
  let lastMs = 0;
  const onMessage = ({ payload }: { readonly payload: unknown }): void => {
    const { buffer, byteOffset } = payload as Uint8Array;
    lastMs = performance.now();
    latencies.add(lastMs - new DataView(buffer, byteOffset).getFloat64(0));
    delivered += 1;
  };
  const subscriptions = await Promise.all(
    clients.slice(0, subscribers).map((client) => client.subscribe(topic, { overflow: "block-publisher", onMessage })),
  );
  await Promise.all(subscriptions.map((subscription) => subscription.everywhere()));
  const startMs = performance.now();
  const publishing = clients.slice(subscribers).map((client) => publishUntil(client, topic, size, startMs + forMs));
  const published = (await Promise.all(publishing)).reduce((sum, count) => sum + count, 0);
  await quiet(() => delivered, published * subscribers); // (B2)
  await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()));
  const lost = published * subscribers - delivered; // (B1)
  const seconds = (Math.max(lastMs, startMs + forMs) - startMs) / 1000;
  return {
    publishers,
    subscribers,
    size,
    seconds,
    published,
    delivered,
    lost,
    publishedPerSecond: published / seconds,
    deliveredPerSecond: delivered / seconds,
    bytesPerSecond: (delivered * size) / seconds,
    ...(delivered === 0 ? {} : { latencyMs: latencies.percentiles }),
  };
}

/** Waits until `count` is `all`, or has not grown for a while: what waits at nodes comes as fast as it is taken. */
async function quiet(count: () => number, all: number): Promise<void> {
  let last = count();
  let sinceMs = performance.now();
  while (count() < all && performance.now() - sinceMs < quietMs) {
    await sleep(pollMs);
    if (count() > last) [last, sinceMs] = [count(), performance.now()];
  }
}

async function publishUntil(client: Client, topic: string, size: number, endMs: number): Promise<number> {
  const payload = new Uint8Array(size);
  const view = new DataView(payload.buffer);
  let count = 0;
  for (let nowMs = performance.now(); nowMs < endMs; nowMs = performance.now()) {
    view.setFloat64(0, nowMs);
    await client.publish(topic, payload);
    count += 1;
  }
  await client.publish(topic.concat(".end"), null, { confirm: "local" }); // the node has taken all that came before
  return count;
}

function benchText(figures: BenchFigures): string {
  const { publishers, subscribers, size, seconds, published, delivered, lost, latencyMs } = figures;
  const rate = (perSecond: number): string => `${Math.round(perSecond).toLocaleString("en")}/s`;
  const lines = [
    `${publishers} publisher${publishers === 1 ? "" : "s"}, ${subscribers} subscriber${subscribers === 1 ? "" : "s"}, payloads of ${size} B, ${seconds.toFixed(1)} s`,
    `published  ${published.toLocaleString("en")} messages, ${rate(figures.publishedPerSecond)}`,
    `delivered  ${delivered.toLocaleString("en")}, ${rate(figures.deliveredPerSecond)}, ${(figures.bytesPerSecond / 1e6).toFixed(1)} MB/s`,
    `lost       ${lost.toLocaleString("en")}`,
  ];
  if (latencyMs === undefined) return lines.join("\n");
  const { p50, p99, max } = latencyMs;
  return [...lines, `latency    p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, longest ${max.toFixed(2)} ms`].join(
    "\n",
  );
}

const help = `
Publishers, subscribers and this process share the machine with whatever else runs on it, and the latency is that of a cluster which is
given all that it takes: most of it is waiting. Several addresses in --url are taken in turn.

Examples:
  mpreg bench topics
  mpreg bench topics --size 1024 --subscribers 20 --publishers 2 --seconds 10
  mpreg bench topics --json --url ws://127.0.0.1:9001,ws://127.0.0.1:9002`;

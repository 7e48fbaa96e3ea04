/**
 * A metrics collector: hosts publish samples to `metrics.HOST.NAME`, several collectors share them as a group, and publish what they
 * have found to `summary.NAME`, of which whoever comes late is told the last.
 */
import { connect, createNode } from "mpreg";

class Collector {
  #series = new Map();

  add(topic, value) {
    const [, , name] = topic.split(".");
    const series = this.#series.get(name) ?? { count: 0, sum: 0, max: -Infinity };
    series.count += 1;
    series.sum += value;
    series.max = Math.max(series.max, value);
    this.#series.set(name, series);
  }

  *summaries() {
    yield* this.#series;
  }
}

const node = await createNode({ log: "warn" });
const hosts = await connect(node.url);

// two collectors: each sample goes to one of them
const total = 60;
let taken = 0;
let tellTaken;
const allTaken = new Promise((resolve) => (tellTaken = resolve));
const collectors = await Promise.all(
  [1, 2].map(async () => {
    const client = await connect(node.url);
    const collector = new Collector();
    const onMessage = ({ topic, payload }) => {
      collector.add(topic, payload);
      if (++taken === total) tellTaken();
    };
    await client.subscribe("metrics.*.*", { group: "collectors", overflow: "block-publisher", onMessage });
    return { client, collector };
  }),
);

for (let n = 0; n < total / 2; n++) {
  await hosts.publish(`metrics.host-${n % 3}.cpu`, n % 10);
  await hosts.publish(`metrics.host-${n % 3}.memory`, 100 + n);
}
await allTaken;

for (const { client, collector } of collectors) {
  for (const [name, summary] of collector.summaries())
    await client.publish(`summary.${name}`, summary, { confirm: "local" });
}

// both have published; what belongs together is added up
const summaries = await hosts.subscribe("summary.*", { backlog: 100 });
const sums = new Map();
let samples = 0;
for await (const { topic, payload } of summaries) {
  const sum = sums.get(topic) ?? { count: 0, sum: 0, max: -Infinity };
  sums.set(topic, {
    count: sum.count + payload.count,
    sum: sum.sum + payload.sum,
    max: Math.max(sum.max, payload.max),
  });
  samples += payload.count;
  if (samples === total) break;
}
for (const [topic, { count, sum, max }] of [...sums].sort()) {
  console.log(`${topic}: ${count} samples, mean ${(sum / count).toFixed(1)}, max ${max}`);
}

for (const { client } of collectors) await client.close();
await hosts.close();
await node.close();

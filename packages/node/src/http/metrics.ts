/**
 * Metrics: what `/metrics` answers, in Prometheus' text format, through prom-client.
 *
 * The node's own figures are `metric-table.ts`; those of the process (memory, CPU, garbage collection, delay of the event
 * loop) are prom-client's default metrics.
 *
 * (P1) A node that nobody scrapes pays nothing: prom-client is loaded, and the loop's delay measured, from the first scrape on.
 * (P2) Nodes of one process have a registry each, and share the figures of the process: those are measured once, and what
 *      one scrape reads is not missing from another's.
 */
import { setTimeout as pause } from "node:timers/promises";
import { performance } from "node:perf_hooks";
import type { Metric as PromMetric, Registry } from "prom-client";
import type { Driver } from "../driver.js";
import type { MqttFigures } from "../mqtt/figures.js";
import { type MetricSource, metrics } from "./metric-table.js";
import type { HttpAnswer } from "./router.js";
import { version } from "./version.js";

const contentType = "text/plain; version=0.0.4; charset=utf-8";

/** prom-client measures the loop's delay every 10 ms; before it has done so there is nothing to tell. */
const firstReadingMs = 50;
const processReadingMs = 1_000;

export class Metrics {
  readonly #driver: Driver;
  readonly #mqtt: () => MqttFigures | undefined;
  #registry: Promise<Registry> | undefined;
  /** What the scrape under way reads. */
  #source: MetricSource | undefined;

  /** `mqtt` tells of the MQTT door, where there is one. */
  constructor(driver: Driver, mqtt: () => MqttFigures | undefined) {
    this.#driver = driver;
    this.#mqtt = mqtt;
  }

  async answer(): Promise<HttpAnswer> {
    const registry = await (this.#registry ??= this.#createRegistry());
    this.#source = this.#look();
    const [own, process] = await Promise.all([registry.metrics(), processText()]);
    return { status: 200, contentType, body: `${own}\n${process}` };
  }

  /** (P1) */
  async #createRegistry(): Promise<Registry> {
    const { Registry } = await import("prom-client");
    const registry = new Registry();
    for (const { name, help, type, read } of metrics) {
      const get = (): object => ({
        name,
        help,
        type,
        aggregator: "sum",
        values: read((this.#source ??= this.#look())),
      });
      // all that a registry asks of a metric; its own kinds keep their numbers, and ours are kept elsewhere
      registry.registerMetric({ name, help, get } as unknown as PromMetric);
    }
    return registry;
  }

  #look(): MetricSource {
    const driver = this.#driver;
    const { machine, functions, traffic } = driver;
    const cluster = driver.cluster();
    const info = { name: machine.name, id: machine.id, cluster: cluster.name, version };
    const { size, counters: calls, topicFigures: topics, spoolFigures: spool } = machine;
    const mqtt = this.#mqtt();
    return { size, calls, topics, spool, mqtt, traffic, cluster, functions: [...functions.values()].length, info };
  }
}

let processRegistry: Promise<Registry> | undefined;
let processReading: { readonly atMs: number; readonly text: Promise<string> } | undefined;

/** What is told of the process, at most a second old: reading it starts its measurements anew. (P2) */
function processText(): Promise<string> {
  const nowMs = performance.now();
  if (processReading === undefined || nowMs - processReading.atMs >= processReadingMs) {
    processReading = { atMs: nowMs, text: readProcess() };
  }
  return processReading.text;
}

async function readProcess(): Promise<string> {
  const registry = await (processRegistry ??= createProcessRegistry());
  return registry.metrics();
}

async function createProcessRegistry(): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await import("prom-client");
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  await registry.metrics(); // begins what is told at the next reading
  await pause(firstReadingMs, undefined, { ref: false });
  return registry;
}

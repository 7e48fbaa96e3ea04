/**
 * Metric table: everything a node counts, as Prometheus is told: names, kinds, labels, and where each figure is read.
 *
 * The guide's table (docs/guides/observing.md) is checked against this one. Figures of the process are prom-client's
 * (`metrics.ts`).
 *
 * (M1) Every figure is read where it is counted, when it is asked for. Nothing is kept here.
 * (M2) Labels have few values: functions are counted by name up to a bound (`core/rpc/counters.ts`), codes and states are
 *      closed lists.
 * (M3) Names follow Prometheus: a prefix, base units, `_total` for what only grows.
 */
import type { ClusterInfo } from "@mpreg/core/node";
import {
  type FunctionCounters,
  type RpcCounters,
  type WorkCounter,
  durationBoundsMs,
  otherFunctions,
} from "@mpreg/core/rpc";
import type { NodeSize } from "@mpreg/core/node";
import type { SpoolFigures } from "@mpreg/core/queues";
import type { TopicsFigures } from "@mpreg/core/topics";
import type { MqttFigures } from "../mqtt/figures.js";
import type { Traffic } from "../traffic.js";
import { membersByState } from "./members.js";
import { waitingFor } from "./waiting.js";

/** What figures are read from. */
export interface MetricSource {
  readonly size: NodeSize;
  readonly calls: RpcCounters;
  readonly topics: TopicsFigures;
  readonly spool: SpoolFigures;
  /** Of the MQTT door, where there is one. */
  readonly mqtt: MqttFigures | undefined;
  readonly traffic: Traffic;
  readonly cluster: ClusterInfo;
  /** How many functions are registered here. */
  readonly functions: number;
  readonly info: Readonly<Record<string, string>>;
}

/** One line of what Prometheus reads. */
export interface Sample {
  /** Where it differs from the metric's: the parts of a histogram. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (source: MetricSource) => Sample[];
}

const topicMetrics: readonly Metric[] = [
  counter(
    "mpreg_topic_messages_total",
    "Messages of topics: `published` here, `received` from other nodes, `forwarded` to them (once for each)",
    ({ topics: { published, received, forwarded } }) => labelled("way", { published, received, forwarded }),
    ["way"],
  ),
  counter("mpreg_topic_deliveries_total", "Times that a message was handed on to a subscription", ({ topics }) =>
    one(topics.handed),
  ),
  counter(
    "mpreg_topic_losses_total",
    "Times that one was lost, by why: to a subscription that was too `slow`; `expired` while it waited; `undelivered`, because the subscription or the other node was gone; `publisher-gone` while it waited for room",
    ({ topics }) => {
      const { dropped: slow, expired, undelivered, lostPublishes } = topics;
      return labelled("reason", { slow, expired, undelivered, "publisher-gone": lostPublishes });
    },
    ["reason"],
  ),
  counter("mpreg_topic_missed_total", "Messages of other nodes that got lost on their way here", ({ topics }) =>
    one(topics.missedElsewhere),
  ),
  gauge("mpreg_topic_subscriptions", "Subscriptions to topics", ({ topics }) => one(topics.subscriptions)),
  gauge("mpreg_topic_groups", "Groups of subscriptions that have members here", ({ topics }) => one(topics.groups)),
  gauge("mpreg_topic_waiting_bytes", "Bytes that wait for slow consumers, and for other nodes", ({ topics }) =>
    one(topics.waitingBytes),
  ),
  gauge("mpreg_topic_blocked_publishes", "Messages that wait for room with a subscription", ({ topics }) =>
    one(topics.blockedPublishes),
  ),
  gauge("mpreg_topic_backlog_messages", "Messages that are kept for those who come late", ({ topics }) =>
    one(topics.backlogMessages),
  ),
  gauge("mpreg_topic_backlog_bytes", "Bytes that are allocated for them", ({ topics }) => one(topics.backlogBytes)),
];

const spoolMetrics: readonly Metric[] = [
  gauge(
    "mpreg_spool_messages",
    "Messages that this node keeps for queues of other nodes, by queue (the hundred with most; the others together are `~others`): `waiting` for it, or `set-aside` (`mpreg queue spool`)",
    readSpool,
    ["queue", "state"],
  ),
  gauge("mpreg_spool_bytes", "Bytes of those messages", ({ spool }) => one(spool.bytes)),
  counter(
    "mpreg_spool_set_aside_total",
    "What has become of those that were set aside: so many were, were `retried`, were `discarded`",
    ({ spool }) =>
      labelled("what", {
        "set-aside": spool["spool-refused"],
        retried: spool["spool-retried"],
        discarded: spool["spool-discarded"],
      }),
    ["what"],
  ),
];

/** Without a door there are none. */
const mqttMetrics: readonly Metric[] = [
  gauge(
    "mpreg_mqtt_connections",
    "MQTT clients that are connected; nothing of `mpreg_mqtt_…` is told where MQTT is off",
    ofMqtt(({ connections }) => one(connections)),
  ),
  gauge(
    "mpreg_mqtt_subscriptions",
    "Filters of MQTT clients; they count as subscriptions to topics, too",
    ofMqtt(({ subscriptions }) => one(subscriptions)),
  ),
  counter(
    "mpreg_mqtt_messages_total",
    "Messages that the node has taken from MQTT clients, and that were handed to their connections",
    ofMqtt(({ received, sent }) => labelled("direction", { in: received, out: sent })),
    ["direction"],
  ),
  counter(
    "mpreg_mqtt_losses_total",
    "Messages lost to MQTT clients, by why: the client was too `slow`, counted when it reads again (`mpreg_topic_losses_total` does so at once); they have no form in MQTT (`unsendable`); its connection was `gone` while they waited or were not acknowledged",
    ofMqtt(({ lost }) => labelled("reason", lost)),
    ["reason"],
  ),
  counter(
    "mpreg_mqtt_refusals_total",
    "What MQTT clients were refused: to `connect`, `publish` or `subscribe`",
    ofMqtt(({ refused }) => labelled("what", refused)),
    ["what"],
  ),
];

export const metrics: readonly Metric[] = [
  gauge(
    "mpreg_info",
    "This node: always 1, what it says is in the labels",
    ({ info }) => [{ labels: info, value: 1 }],
    ["name", "id", "cluster", "version"],
  ),
  ...workMetrics(
    "mpreg_call",
    "Steps that this node coordinates, on whichever node they run",
    ({ calls }) => calls.calls,
  ),
  ...workMetrics(
    "mpreg_run",
    "Handlers that run on this node, whoever coordinates the step",
    ({ traffic }) => traffic.runs,
  ),
  counter(
    "mpreg_reroutes_total",
    "Steps given to another node because the one chosen had no room or did not have the function",
    ({ calls }) => one(calls.rerouted),
  ),
  counter("mpreg_retries_total", "Steps run again because the node that ran them was lost", ({ calls }) =>
    one(calls.retried),
  ),
  gauge("mpreg_running", "Handlers that somebody waits for, running on this node now", ({ size }) => one(size.running)),
  gauge("mpreg_abandoned", "Handlers that run on though nobody waits for them any more", ({ size }) =>
    one(size.abandoned),
  ),
  gauge(
    "mpreg_waiting",
    "Steps that wait on this node, by what for: `turn` to run here, `provider`, `link` to it, `room` on the link, `retry`",
    ({ size }) => labelled("reason", { ...waitingFor(size) }),
    ["reason"],
  ),
  gauge("mpreg_requests", "Graphs of calls that this node coordinates now", ({ size }) => one(size.requests)),
  gauge("mpreg_steps", "Steps this node knows of that have not ended, wherever they are", ({ size }) =>
    one(size.tasks),
  ),
  gauge("mpreg_held_bytes", "Bytes of arguments and results that work under way keeps", ({ size }) =>
    one(size.heldBytes),
  ),
  gauge("mpreg_functions", "Functions registered on this node", ({ functions }) => one(functions)),
  gauge("mpreg_links", "Links to nodes and clients", ({ size }) => one(size.links)),
  gauge("mpreg_json_connections", "Connections of the JSON protocol", ({ size }) => one(size.doors)),
  gauge("mpreg_members", "Nodes of the cluster, this one included, as this one believes", readMembers, ["state"]),
  gauge("mpreg_doubt", "How much this node doubts itself: 0 = not at all, up to 8", ({ cluster }) =>
    one(cluster.doubt),
  ),
  ...topicMetrics,
  ...spoolMetrics,
  ...mqttMetrics,
  counter(
    "mpreg_frames_total",
    "Frames over all links and connections",
    ({ traffic }) => [
      { labels: { direction: "in" }, value: traffic.framesReceived },
      { labels: { direction: "out" }, value: traffic.framesSent },
    ],
    ["direction"],
  ),
  counter(
    "mpreg_frame_bytes_total",
    "Bytes of those frames",
    ({ traffic }) => [
      { labels: { direction: "in" }, value: traffic.bytesReceived },
      { labels: { direction: "out" }, value: traffic.bytesSent },
    ],
    ["direction"],
  ),
];

type Read = Metric["read"];

function gauge(name: string, help: string, read: Read, labels: readonly string[] = []): Metric {
  return { name, type: "gauge", help, labels, read };
}

function counter(name: string, help: string, read: Read, labels: readonly string[] = []): Metric {
  return { name, type: "counter", help, labels, read };
}

function one(value: number): Sample[] {
  return [{ labels: {}, value }];
}

function labelled(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

function ofMqtt(read: (figures: MqttFigures) => Sample[]): Read {
  return ({ mqtt }) => (mqtt === undefined ? [] : read(mqtt));
}

function readMembers({ cluster }: MetricSource): Sample[] {
  return labelled("state", membersByState(cluster));
}

/** (M2) */
function readSpool({ spool }: MetricSource): Sample[] {
  const others = { queue: "~others", waiting: spool.waiting, setAside: spool.setAside };
  for (const { waiting, setAside } of spool.queues) {
    others.waiting -= waiting;
    others.setAside -= setAside;
  }
  const lines = others.waiting + others.setAside > 0 ? [...spool.queues, others] : spool.queues;
  return lines.flatMap(({ queue, waiting, setAside }) => [
    { labels: { queue, state: "waiting" }, value: waiting },
    { labels: { queue, state: "set-aside" }, value: setAside },
  ]);
}

/** Work by function: how much has begun, how it ended, how long it took. */
function workMetrics(prefix: string, what: string, of: (source: MetricSource) => FunctionCounters): Metric[] {
  const each = (source: MetricSource, read: (work: WorkCounter, fun: string) => Sample[]): Sample[] => {
    const counters = of(source);
    const samples = [...counters.entries()].flatMap(([fun, work]) => read(work, fun));
    return counters.others.started === 0 ? samples : [...samples, ...read(counters.others, otherFunctions)];
  };
  const started: Read = (source) => each(source, (work, fun) => [{ labels: { function: fun }, value: work.started }]);
  const ended: Read = (source) =>
    each(source, (work, fun) =>
      work.codes().map((code) => ({ labels: { function: fun, code }, value: work.countOf(code) })),
    );
  const name = `${prefix}_duration_seconds`;
  const durations: Read = (source) => each(source, (work, fun) => histogramOf(name, work, fun));
  return [
    counter(`${prefix}s_started_total`, `${what}: begun`, started, ["function"]),
    counter(`${prefix}s_total`, `${what}: ended, \`ok\` or with which code`, ended, ["function", "code"]),
    { name, type: "histogram", help: `${what}: how long they took`, labels: ["function"], read: durations },
  ];
}

/** The classes as Prometheus wants them: each counts those below it, too. */
function histogramOf(name: string, { durations, durationMsSum }: WorkCounter, fun: string): Sample[] {
  let count = 0;
  const buckets = durations.map((inClass, index): Sample => {
    count += inClass;
    const boundMs = durationBoundsMs[index];
    const le = boundMs === undefined ? "+Inf" : String(boundMs / 1000);
    return { metricName: `${name}_bucket`, labels: { le, function: fun }, value: count };
  });
  const labels = { function: fun };
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: durationMsSum / 1000 },
    { metricName: `${name}_count`, labels, value: count },
  ];
}

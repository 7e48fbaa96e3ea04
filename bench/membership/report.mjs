/** The report on membership: the tables for people, of the same result that is kept as JSON. */
import { renderOrigin } from "../lib/machine.mjs";
import { number, table } from "../lib/markdown.mjs";
import { median } from "../lib/stats.mjs";
import { renderSections } from "../lib/sections.mjs";
import { renderVerdicts } from "../lib/verdicts.mjs";
import { convergencePicture } from "./pictures.mjs";

/**
 * @template T
 * @typedef {({ kind: "measured" } & T) | { kind: "unavailable" | "failed", title: string, reason: string }} Outcome
 *
 * @typedef {object} Measurements
 * @property {Outcome<import("./convergence.mjs").Convergence>} [convergence]
 * @property {Outcome<import("./detection.mjs").Detection>} [detection]
 * @property {Outcome<import("./traffic.mjs").Traffic>} [traffic]
 * @property {Outcome<import("./processes.mjs").Processes>} [processes]
 * @property {Outcome<import("./peers.mjs").Peers>} [serf]
 *
 * @typedef {object} Result
 * @property {string} commit
 * @property {string} date ISO 8601
 * @property {import("../lib/machine.mjs").Machine} machine
 * @property {{ budget: import("./measurement.mjs").Budget, otherLoad: number }} options
 * @property {import("../lib/verdicts.mjs").Verdict[]} targets
 * @property {Measurements} measurements
 */

/** @type {{ [Name in keyof Measurements]-?: { heading: string, render: (measured: any, result: Result) => string[] } }} */
const sections = {
  convergence: { heading: "## Convergence", render: renderConvergence },
  detection: { heading: "## A crash is noticed", render: renderDetection },
  traffic: { heading: "## What an idle node sends", render: renderTraffic },
  processes: { heading: "## Real processes", render: renderProcesses },
  serf: { heading: "## Beside Serf", render: renderPeers },
};

/**
 * @param {Result} result
 * @returns {string} Markdown
 */
export function renderMembership(result) {
  const parts = [
    "# Membership: who is there, and who offers what",
    "Written by `npm run bench`; do not edit.",
    [
      ...renderOrigin(result),
      "- simulated figures are simulated time, from the protocol as it runs and a network whose ways take 0.2 to 1 ms: but for the CPU, the same commit gives the same figures on every machine",
      "- figures of real processes are from the loopback interface, with all processes on the same cores",
      `- other programs used up to ${Math.round(result.options.otherLoad * 100)} % of the machine before the real processes started`,
    ].join("\n"),
    "## Targets",
    renderVerdicts(result.targets),
    ...renderSections(sections, result),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** @param {import("./convergence.mjs").Convergence} convergence */
function renderConvergence({ rows, curves }) {
  const cells = rows.map(({ nodes, lossRatio, added, removed, serfMs }) => [
    String(nodes),
    `${lossRatio * 100} %`,
    ...[added.p50, added.max, removed.p50, removed.max, serfMs].map(number),
    String(added.count),
  ]);
  const header = ["nodes", "lost", "added: p50, ms", "max", "removed: p50, ms", "max", "Serf's model, ms", "changes"];
  return [
    "Simulated, profile `lan`: from `register()` or `unregister()` on one node until every node knows whether calls can be sent there. " +
      "The share lost is that of gossip and probes. Serf's model is what [Serf's convergence simulator](https://www.serf.io/docs/internals/simulator.html) " +
      "draws for as many nodes, the same loss and the same gossip interval of 200 ms with a fanout of 3, until 99.99 % know; it is a formula, no agent was measured for it.",
    table(
      header,
      cells,
      header.map(() => "right"),
    ),
    "Up to 32 nodes each is linked with every other and tells all of them at once; what is lost on the way comes again with the gossip. " +
      "Larger clusters pass news on along a few links of each node, so that most hear them more than once and what is lost is not missed.",
    ...[...new Set(curves.map(({ nodes }) => nodes))].map(
      (nodes) => `![Share of ${nodes} nodes that know, over time, for each loss rate](${convergencePicture(nodes)})`,
    ),
  ];
}

/** @param {import("./detection.mjs").Detection} detection */
function renderDetection({ rows }) {
  const cells = rows.map(({ nodes, profile, silent, unrouted, down }) => [
    String(nodes),
    profile,
    silent ? "its machine falls silent" : "its connections break",
    ...[unrouted, down].flatMap(({ p50, p99, max }) => [p50, p99, max].map(number)),
  ]);
  const figures = ["unrouted: p50, ms", "p99", "max", "down: p50, ms", "p99", "max"];
  const wronglyDown = rows.reduce((sum, row) => sum + row.wronglyDown, 0);
  const others =
    wronglyDown === 0
      ? "Nobody else was taken for down."
      : `**Nodes that ran were taken for down ${wronglyDown} times.**`;
  return [
    "Simulated, over every crash and every node that is left: until it sends no more calls there (unrouted), and until the crashed node is down for it. " +
      others,
    table(["nodes", "profile", "how", ...figures], cells, ["right", "left", "left", ...figures.map(() => "right")]),
  ];
}

/** @param {import("./traffic.mjs").Traffic} traffic @param {Result} result */
function renderTraffic({ rows }, { options }) {
  const cells = rows.map(({ nodes, bytesPerSecond, cpuPercent, socketsMedian, socketsMax, observersMin }) => [
    String(nodes),
    Math.round(bytesPerSecond).toLocaleString("en-US"),
    number(cpuPercent),
    ...[socketsMedian, socketsMax, observersMin].map(String),
  ]);
  const header = ["nodes", "bytes/s and node", "CPU, % of a core", "sockets, median", "most", "observers, fewest"];
  return [
    `Simulated, profile \`lan\`, over ${options.budget.trafficMs.durationMs / 1_000} s in which nothing happens: bytes of frames, without those of WebSocket, TCP and IP. ` +
      "CPU is real time per node and simulated second, of the protocol and the simulator, without sockets. Observers are the nodes that probe a node.",
    table(
      header,
      cells,
      header.map(() => "right"),
    ),
    "![Bytes per second and node, by size of the cluster](traffic.svg)",
  ];
}

/** @param {import("./processes.mjs").Processes} processes @param {Result} result */
function renderProcesses({ rows }, { options }) {
  const cells = rows.map(({ nodes, formingMs, idle, registered }) => [
    String(nodes),
    spread(formingMs),
    `${number(idle.cpuPercent.median)} (${number(idle.cpuPercent.max)})`,
    `${number(idle.bytesPerSecond.median)} (${number(idle.bytesPerSecond.max)})`,
    String(idle.sockets),
    `${number(registered.p50)} (${number(registered.max)})`,
  ]);
  const figures = ["one mesh after, ms", "CPU, % of a core", "sent, bytes/s", "sockets", "register to answer, ms"];
  const killed = rows.flatMap(({ nodes, deaths }) => deaths.map((death) => ({ nodes, ...death })));
  return [
    "Profile `lan`. One mesh: from the start of the last process until every node believes that all are alive; median and range of the rounds. " +
      `CPU and bytes: per process over ${options.budget.idleMs.durationMs / 1_000} s in which nothing happens, median (and most) of the processes; bytes are what TCP was given, without headers. ` +
      "Register to answer: from `register()` on one node to the first answer at another that calls again and again, p50 (and max) of " +
      `${rows.map(({ nodes, registered }) => `${registered.count} at ${nodes}`).join(", ")}.`,
    table(["processes", ...figures], cells, ["right", ...figures.map(() => "right")]),
    ...(killed.length === 0 ? [] : renderDeaths(killed)),
  ];
}

/** @param {({ nodes: number } & import("./deaths.mjs").Deaths)[]} deaths */
function renderDeaths(deaths) {
  const cells = deaths.map(({ nodes, killed, downMs, answered, slowestMs, failed, failingMs, wronglyLost }) => [
    `${killed} of ${nodes}`,
    ...[downMs.p50, downMs.max].map(number),
    answered.toLocaleString("en-US"),
    number(slowestMs),
    Object.entries(failed)
      .map(([code, count]) => `${count} ${code}`)
      .join(", ") || "none",
    failingMs === 0 ? "–" : number(failingMs),
    String(wronglyLost),
  ]);
  const figures = [
    "down: p50, ms",
    "max",
    "calls answered",
    "slowest, ms",
    "failed",
    "last failure, ms",
    "survivors taken for down",
  ];
  const aligns = ["left", ...figures.map((figure) => (figure === "failed" ? "left" : "right"))];
  return [
    "`kill -9` of many at once while every survivor calls a function that all nodes offer and that takes 20 ms, 50 times a second: from the kill until a killed node is down, over every survivor and every one that was killed; " +
      "and what the callers saw. A row is a round.",
    table(["killed", ...figures], cells, aligns),
  ];
}

/** @param {import("./peers.mjs").Peers} peers */
function renderPeers({ version, rows }) {
  const [{ nodes }] = rows;
  const ways = { SIGKILL: "killed (`kill -9`)", SIGSTOP: "stopped (`kill -STOP`)" };
  const cells = rows
    .toSorted((a, b) => a.profile.localeCompare(b.profile) || a.signal.localeCompare(b.signal))
    .map(({ program, profile, signal, halfMs, allMs }) => [
      program,
      profile,
      ways[signal],
      spread(halfMs),
      spread(allMs),
    ]);
  return [
    `${nodes} processes of each on the loopback interface in turn, of which one after the other is lost: until half of the others have taken it for down, and all; median and range of ${rows[0].allMs.length} losses. ` +
      `Serf ${version} runs with its own profile of the same name, and says in its log when a member has failed. ` +
      "A killed process breaks its TCP connections, which mpreg hears of at once and Serf, which speaks UDP, does not; a stopped one leaves both to find out.",
    table(["program", "profile", "the lost one is", "half know after, ms", "all know after, ms"], cells, [
      "left",
      "left",
      "left",
      "right",
      "right",
    ]),
  ];
}

/** @param {readonly number[]} values */
function spread(values) {
  const range = values.length === 1 ? "" : ` (${number(Math.min(...values))}–${number(Math.max(...values))})`;
  return `${number(median(values))}${range}`;
}

/** The report on calls that survive: the tables for people, of the same result that is kept as JSON. */
import { renderOrigin } from "../lib/machine.mjs";
import { number, table } from "../lib/markdown.mjs";
import { pauseMsMin } from "../lib/pauses.mjs";
import { renderSections } from "../lib/sections.mjs";
import { renderVerdicts } from "../lib/verdicts.mjs";
import { admissions } from "./overload.mjs";
import { sizeText } from "./targets.mjs";

/**
 * @template T
 * @typedef {({ kind: "measured" } & T) | { kind: "unavailable" | "failed", title: string, reason: string }} Outcome
 *
 * @typedef {object} Measurements
 * @property {Outcome<import("./features.mjs").Features>} [features]
 * @property {Outcome<import("./overload.mjs").Overload>} [overload]
 * @property {Outcome<import("./intermediates.mjs").Intermediates>} [intermediates]
 * @property {Outcome<{ timeline: import("./timeline.mjs").Timeline }>} [restarts]
 * @property {Outcome<{ timeline: import("./timeline.mjs").Timeline, everyMs: number, downMs: number }>} [kills]
 * @property {Outcome<import("./reroutes.mjs").Reroutes>} [reroutes]
 *
 * @typedef {object} Result
 * @property {string} commit
 * @property {string} date ISO 8601
 * @property {import("../lib/machine.mjs").Machine} machine
 * @property {{ budget: import("./measurement.mjs").Budget, otherLoad: number }} options
 * @property {import("../lib/verdicts.mjs").Verdict[]} targets
 * @property {Measurements} measurements
 */

/** @type {{ [Name in keyof Measurements]-?: { heading: string, render: (measured: any) => string[] } }} */
const sections = {
  features: { heading: "## What features cost", render: renderFeatures },
  overload: { heading: "## Overload", render: renderOverload },
  intermediates: { heading: "## Large intermediates", render: renderIntermediates },
  restarts: { heading: "## A rolling restart", render: renderRestarts },
  kills: { heading: "## Killed nodes", render: renderKills },
  reroutes: { heading: "## From the loss of a node until its calls run elsewhere", render: renderReroutes },
};

/**
 * @param {Result} result
 * @returns {string} Markdown
 */
export function renderCalls(result) {
  const parts = [
    "# Calls that survive: what it costs, and what callers see",
    "Written by `npm run bench -- --only calls`; do not edit.",
    [
      ...renderOrigin(result),
      "- all processes, nodes and clients, are on the loopback interface and share the cores",
      `- other programs used up to ${Math.round(result.options.otherLoad * 100)} % of the machine before the measurements`,
    ].join("\n"),
    "## Targets",
    renderVerdicts(result.targets),
    ...renderSections(sections, result),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** @param {import("./features.mjs").Features} features */
function renderFeatures({ rows }) {
  const loads = [...new Set(rows.map(({ inFlight }) => inFlight))];
  const cells = rows
    .filter(({ inFlight }) => inFlight === loads[0])
    .map(({ variant, title }) => [
      title,
      ...loads.flatMap((load) => {
        const row = rows.find((each) => each.variant === variant && each.inFlight === load);
        return row === undefined ? ["", "", ""] : [number(row.callsPerSecond), spread(row), spread(row.own)];
      }),
    ]);
  return [
    "An echo of a small object, client to its node, whose calls use more and more. Blocks of all variants take turns; a ratio compares the blocks of one turn, its range is that of the rounds, each with fresh processes. " +
      "Tracing is OpenTelemetry's SDK for Node in both processes, with its parent-based sampler and batches of spans; what its queue does not take it drops.",
    "A program whose callers have traces runs each call in a context of OpenTelemetry's, whoever it calls. So there are two ratios: *of off* is against a program without any of this, " +
      "*of its program* against the same program, contexts and SDK included, where mpreg does not know of the SDK: that is what the feature of mpreg costs, and what the targets are about.",
    table(["", ...loads.flatMap((load) => [`calls/s, ${load} in flight`, "of off", "of its program"])], cells, [
      "left",
      ...loads.flatMap(() => ["right", "right", "right"]),
    ]),
  ];
}

/** @param {{ ratio: number, ratios: number[] }} row */
function spread({ ratio, ratios }) {
  if (ratios.length === 1) return number(ratio);
  return `${number(ratio)} (${number(Math.min(...ratios))}–${number(Math.max(...ratios))})`;
}

/** @param {import("./overload.mjs").Overload} overload */
function renderOverload({ capacity, timeoutMs, rows }) {
  const orNone = (/** @type {number | null} */ value) => (value === null ? "–" : number(value));
  const cells = rows.map(({ admission, factor, offered, goodput, failed, p50Ms, p99Ms, rssMb }) => [
    admissions.find(({ name }) => name === admission)?.title ?? admission,
    `${factor}×`,
    number(offered),
    number(goodput),
    orNone(p50Ms),
    orNone(p99Ms),
    codes(failed),
    `${number(rssMb.first)} to ${number(rssMb.last)}`,
  ]);
  const figures = ["offered, calls/s", "in time, calls/s", "p50, ms", "p99, ms"];
  return [
    `Calls of 8 clients come at random times, whether those before have ended or not, each with ${timeoutMs} ms. Their handler waits for a place in a pool, as for a connection of a database, which has no bound of its own and serves also those who have given up: it can do ${number(capacity)} calls per second. ` +
      "Without admission control everything that comes is run at once (`concurrencyMax` and all limits out of reach); circuits there are all the same. What ends otherwise is told per second. Memory is the node's, at the beginning and at the end of what was measured.",
    "![Calls answered in time, by offered load](overload-goodput.svg)",
    "![p99 of the calls answered in time, by offered load](overload-p99.svg)",
    table(["admission", "load", ...figures, "ended otherwise, 1/s", "resident, MB"], cells, [
      "left",
      "right",
      ...figures.map(() => "right"),
      "left",
      "right",
    ]),
  ];
}

/** @param {Record<string, number>} counts */
function codes(counts) {
  const texts = Object.entries(counts).map(([code, count]) => `${number(count)} ${code}`);
  return texts.join(", ") || "none";
}

/** @param {import("./intermediates.mjs").Intermediates} intermediates */
function renderIntermediates({ rows }) {
  const ways = { kept: "one graph", carried: "the client, call by call" };
  const holders = ["entry", "client", "first", "second", "third"];
  const cells = rows.map(({ mib, way, ms, extraMib, failure }) => [
    sizeText(mib),
    ways[way],
    ...(failure === null && ms !== null
      ? [number(ms), ...holders.map((name) => number(extraMib[name]))]
      : [`failed: ${failure}`, ...holders.map(() => "")]),
  ]);
  const figures = ["ms", "coordinator, MiB", "client, MiB", "first, MiB", "second, MiB", "third, MiB"];
  return [
    "The first of three nodes makes a value, the second makes another one of it, as large, the third reads it; a fourth, to which the client is connected, coordinates them. " +
      "As one graph results stay where they are made and the next node fetches them there; otherwise the client makes three calls and carries each result itself, with limits raised for messages that large. " +
      "Memory is the most that was resident beyond what was before, the worst of the runs. The time contains making, copying and checking the values.",
    table(["each", "passed on by", ...figures], cells, ["right", "left", ...figures.map(() => "right")]),
  ];
}

/** @param {{ timeline: import("./timeline.mjs").Timeline }} restarts */
function renderRestarts({ timeline }) {
  return [
    `${timeline.nodes} processes of \`mpreg start\` are asked to end (SIGTERM) and started again, one after the other. ${asked(timeline)}`,
    "![Time until the answer while all nodes are restarted](rolling-restart.svg)",
    renderKinds(timeline),
    ...pausesText(timeline),
  ];
}

/** @param {{ timeline: import("./timeline.mjs").Timeline, everyMs: number, downMs: number }} kills */
function renderKills({ timeline, everyMs, downMs }) {
  const killed = timeline.happenings.filter(({ what }) => what === "killed").length;
  return [
    `Of ${timeline.nodes} processes of \`mpreg start\` one is killed (SIGKILL) every ${number(everyMs / 1_000)} s, ${killed} in all, and started again ${number(downMs / 1_000)} s later. ${asked(timeline)} ` +
      "What a killed node was running may have taken effect: only what is idempotent is run again, and of anything else its caller is told that nobody knows.",
    "![Time until the answer while nodes are killed](kills.svg)",
    renderKinds(timeline),
    ...pausesText(timeline),
  ];
}

/** @param {import("./timeline.mjs").Timeline} timeline */
function asked({ nodes, callsPerSecond }) {
  return `Meanwhile ${nodes} clients, which know all addresses, make ${number(callsPerSecond)} calls per second, come what may, of functions that all nodes offer and that take 10 ms; times count from when a call was due.`;
}

/** What the machine did to the times. @param {import("./timeline.mjs").Timeline} timeline */
function pausesText({ pauses }) {
  if (pauses === undefined) return []; // kept from before it was looked at
  const who = "A process beside them that only waits";
  if (pauses.length === 0) return [`${who} was never held up for ${pauseMsMin} ms: the times are those of the calls.`];
  const longest = Math.max(...pauses.map(({ ms }) => ms));
  const when = pauses.map(({ atMs, ms }) => `at ${number(atMs / 1_000)} s for ${number(ms)} ms`).slice(0, 10);
  return [
    `${who} was held up ${pauses.length} times, ${number(longest)} ms at most (${when.join(", ")}${pauses.length > 10 ? ", …" : ""}): no core was free for it, or the whole machine stood still, and the calls of that time waited as well.`,
  ];
}

/** @param {import("./timeline.mjs").Timeline} timeline */
function renderKinds({ kinds }) {
  const titles = {
    idempotent: "an idempotent function",
    graph: "two of them in a chain",
    once: "one that is not idempotent",
  };
  const cells = Object.entries(kinds).map(([kind, { calls, failed, tookMs }]) => [
    titles[/** @type {keyof typeof titles} */ (kind)] ?? kind,
    calls.toLocaleString("en-US"),
    Object.entries(failed)
      .map(([code, count]) => `${count} ${code}`)
      .join(", ") || "none",
    ...(tookMs === null ? ["–", "–", "–"] : [tookMs.p50, tookMs.p99, tookMs.max].map(number)),
  ]);
  return table(["call of", "calls", "failed", "p50, ms", "p99, ms", "max, ms"], cells, [
    "left",
    "right",
    "left",
    "right",
    "right",
    "right",
  ]);
}

/** @param {import("./reroutes.mjs").Reroutes} reroutes */
function renderReroutes({ profile, rows }) {
  const ways = { SIGKILL: "killed (`kill -9`)", SIGSTOP: "stopped (`kill -STOP`)" };
  const cells = rows.map(({ signal, lost, noticedMs, reroutedMs, failed }) => [
    ways[signal],
    String(lost),
    ...[noticedMs.p50, noticedMs.max].map(number),
    String(reroutedMs.count),
    ...[reroutedMs.p50, reroutedMs.p99, reroutedMs.max].map(number),
    String(failed),
  ]);
  const figures = ["known after: p50, ms", "max", "calls", "elsewhere after: p50, ms", "p99", "max", "failed"];
  return [
    `Profile \`${profile}\`. A node calls an idempotent function of others, which takes 300 ms, 50 times a second, while one of them is lost. Known: the caller's node has seen the link break, or taken the node for down. ` +
      "Elsewhere: from then until each call that ran on the lost node was given to another one.",
    table(["the lost one is", "lost", ...figures], cells, ["left", "right", ...figures.map(() => "right")]),
  ];
}

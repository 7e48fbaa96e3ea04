/** The pictures of the report, drawn from its JSON and from nothing else. */
import { colors, drawChart, plot } from "../lib/svg/chart.mjs";
import { linearScale, logScale } from "../lib/svg/scale.mjs";
import { admissions } from "./overload.mjs";

const across = /** @type {[number, number]} */ ([plot.left, plot.right]);
const up = /** @type {[number, number]} */ ([plot.bottom, plot.top]);
const grouped = (/** @type {number} */ value) => Math.round(value).toLocaleString("en-US");
const [blue, green, red, grey] = colors;

/**
 * @param {import("./report.mjs").Result} result
 * @returns {Record<string, string>} SVG by file name, for what was measured
 */
export function drawPictures({ measurements: { overload, restarts, kills } }) {
  /** @type {Record<string, string>} */
  const pictures = {};
  if (overload?.kind === "measured") {
    pictures["overload-goodput.svg"] = drawGoodput(overload);
    pictures["overload-p99.svg"] = drawP99(overload);
  }
  if (restarts?.kind === "measured") {
    pictures["rolling-restart.svg"] = drawTimeline("A rolling restart of all nodes", restarts.timeline);
  }
  if (kills?.kind === "measured") {
    pictures["kills.svg"] = drawTimeline("One node after the other is killed", kills.timeline);
  }
  return pictures;
}

/** @param {import("./overload.mjs").Overload} overload */
function drawGoodput({ capacity, timeoutMs, rows }) {
  const largest = Math.max(...rows.map(({ factor }) => factor));
  const most = Math.max(capacity, ...rows.map(({ goodput }) => goodput));
  return drawChart({
    title: "What is of use under overload",
    subtitle: `Calls per second that are answered within ${timeoutMs} ms; handlers wait, and can do ${grouped(capacity)} per second`,
    x: offered(largest),
    y: { label: "answered in time, calls/s", scale: linearScale(most, up), text: grouped },
    series: [
      ...curves(rows, ({ goodput }) => goodput),
      {
        label: "as much as is offered, up to the capacity",
        color: grey,
        line: "dashed",
        points: [0, 1, largest].map((factor) => [factor, Math.min(1, factor) * capacity]),
      },
    ],
  });
}

/** @param {import("./overload.mjs").Overload} overload */
function drawP99({ timeoutMs, rows }) {
  const largest = Math.max(...rows.map(({ factor }) => factor));
  return drawChart({
    title: "How long the answers take under overload",
    subtitle: `p99 of the calls that are answered within their ${timeoutMs} ms; no point where none are`,
    x: offered(largest),
    y: { label: "p99, ms", scale: linearScale(timeoutMs, up), text: grouped },
    series: curves(rows, ({ p99Ms }) => p99Ms),
  });
}

/** @param {number} largest */
function offered(largest) {
  const scale = linearScale(largest, across);
  return { label: "offered load, of the capacity", scale, text: (/** @type {number} */ factor) => `${factor}×` };
}

/**
 * @param {readonly import("./overload.mjs").Row[]} rows
 * @param {(row: import("./overload.mjs").Row) => number | null} valueOf
 * @returns {import("../lib/svg/chart.mjs").Series[]}
 */
function curves(rows, valueOf) {
  return admissions.map(({ name, title }, index) => ({
    label: title,
    color: colors[index],
    line: /** @type {const} */ ("solid"),
    points: rows
      .filter(({ admission }) => admission === name)
      .flatMap((row) => {
        const value = valueOf(row);
        return value === null ? [] : [/** @type {[number, number]} */ ([row.factor, value])];
      }),
  }));
}

/**
 * @param {string} title
 * @param {import("./timeline.mjs").Timeline} timeline
 */
function drawTimeline(title, { nodes, callsPerSecond, bucketMs, buckets, happenings }) {
  const seconds = (/** @type {number} */ ms) => ms / 1_000;
  const longest = Math.max(100, ...buckets.map(({ max }) => max ?? 0));
  // what happens to nodes stands above all times, failures below all of them
  const scale = logScale([1, 10 ** Math.ceil(Math.log10(longest * 2))], up);
  const top = 10 ** Math.ceil(Math.log10(longest * 2));
  const line = (/** @type {string} */ label, /** @type {string} */ color, /** @type {"p50" | "max"} */ key) => ({
    label,
    color,
    line: /** @type {const} */ ("solid"),
    points: buckets.flatMap((bucket) =>
      bucket[key] === null ? [] : [/** @type {[number, number]} */ ([seconds(bucket.atMs), bucket[key]])],
    ),
  });
  const happened = (
    /** @type {readonly import("./timeline.mjs").Happening[]} */ those,
    /** @type {string} */ color,
  ) => ({
    label: those[0].what,
    color,
    line: /** @type {const} */ ("none"),
    points: those.map(({ atMs }) => /** @type {[number, number]} */ ([seconds(atMs), top])),
    marks: (/** @type {number} */ _value, /** @type {number} */ index) => those[index].node,
  });
  const back = happenings.filter(({ what }) => what === "ready again");
  const gone = happenings.filter(({ what }) => what !== "ready again");
  const failing = buckets.filter(({ failed }) => failed > 0);
  const failures = {
    label: "failed calls",
    color: "#d1242f",
    line: /** @type {const} */ ("none"),
    points: failing.map(({ atMs }) => /** @type {[number, number]} */ ([seconds(atMs), 1])),
    marks: (/** @type {number} */ _value, /** @type {number} */ index) => String(failing[index].failed),
  };
  return drawChart({
    title,
    subtitle: `${nodes} processes, ${nodes} clients, ${grouped(callsPerSecond)} calls per second that take 10 ms or, as a chain, 20 ms; in steps of ${bucketMs} ms`,
    x: {
      label: "time, s",
      scale: linearScale(Math.max(...buckets.map(({ atMs }) => seconds(atMs + bucketMs))), across),
      text: String,
    },
    y: { label: "until the answer, ms", scale, text: grouped },
    series: [
      line("median", blue, "p50"),
      line("slowest", green, "max"),
      ...[gone, back].flatMap((those, index) => (those.length === 0 ? [] : [happened(those, [red, grey][index])])),
      ...(failing.length === 0 ? [] : [failures]),
    ],
  });
}

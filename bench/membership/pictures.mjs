/** The pictures of the report, drawn from its JSON and from nothing else. */
import { colors, drawChart, plot } from "../lib/svg/chart.mjs";
import { linearScale, logScale } from "../lib/svg/scale.mjs";

const across = /** @type {[number, number]} */ ([plot.left, plot.right]);
const up = /** @type {[number, number]} */ ([plot.bottom, plot.top]);
const grouped = (/** @type {number} */ value) => Math.round(value).toLocaleString("en-US");

/**
 * @param {import("./report.mjs").Result} result
 * @returns {Record<string, string>} SVG by file name, for what was measured
 */
export function drawPictures({ measurements: { convergence, traffic, processes } }) {
  /** @type {Record<string, string>} */
  const pictures = {};
  if (convergence?.kind === "measured") {
    for (const nodes of new Set(convergence.curves.map((curve) => curve.nodes))) {
      pictures[convergencePicture(nodes)] = drawConvergence(
        convergence.curves.filter((curve) => curve.nodes === nodes),
      );
    }
  }
  if (traffic?.kind === "measured") {
    const real = processes?.kind === "measured" ? processes : undefined;
    pictures["traffic.svg"] = drawTraffic(traffic, real);
  }
  return pictures;
}

/** @param {number} nodes */
export const convergencePicture = (nodes) => `convergence-${nodes}.svg`;

/** @param {readonly import("./convergence.mjs").Curve[]} curves of one size */
function drawConvergence(curves) {
  const fromMs = 0.25;
  const percent = (/** @type {number[]} */ ms, /** @type {number[]} */ share) =>
    ms.map((at, index) => /** @type {[number, number]} */ ([Math.max(at, fromMs), share[index] * 100]));
  const lost = (/** @type {number} */ ratio) => `${ratio * 100} % lost`;
  const ours = curves.map(({ lossRatio, ms, share }, index) => ({
    label: `mpreg, ${lost(lossRatio)}`,
    color: colors[index],
    line: /** @type {const} */ ("solid"),
    steps: true,
    points: percent(ms, share),
  }));
  const serfs = curves.map(({ lossRatio, serf }, index) => ({
    label: `Serf's model, ${lost(lossRatio)}`,
    color: colors[index],
    line: /** @type {const} */ ("dashed"),
    points: percent(serf.ms, serf.share).slice(1),
  }));
  const endMs = Math.max(...curves.flatMap(({ ms, serf }) => [...ms, ...serf.ms]));
  return drawChart({
    title: "Who knows that a function has come or gone",
    subtitle: `${curves[0].nodes} simulated nodes, profile lan (gossip every 200 ms); at each loss rate, all changes together`,
    x: {
      label: "simulated time since the change",
      scale: logScale([fromMs, endMs * 1.1], across),
      text: (ms) => (ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`),
    },
    y: { label: "nodes that know, %", scale: linearScale(100, up), text: (value) => `${value} %` },
    series: [...ours, ...serfs],
  });
}

/**
 * @param {import("./traffic.mjs").Traffic} traffic
 * @param {import("./processes.mjs").Processes | undefined} processes
 */
function drawTraffic({ rows }, processes) {
  const simulated = rows.map(({ nodes, bytesPerSecond }) => /** @type {[number, number]} */ ([nodes, bytesPerSecond]));
  const real = (processes?.rows ?? []).map(
    ({ nodes, idle }) => /** @type {[number, number]} */ ([nodes, idle.bytesPerSecond.median]),
  );
  const twenty = rows.find(({ nodes }) => nodes === 20)?.bytesPerSecond;
  const largest = Math.max(...simulated.map(([nodes]) => nodes));
  const series = [
    {
      label: "simulated: bytes of frames",
      color: colors[0],
      line: /** @type {const} */ ("solid"),
      points: simulated,
      marks: grouped,
    },
    {
      label: "real processes: bytes of TCP",
      color: colors[2],
      line: /** @type {const} */ ("none"),
      points: real,
      marks: grouped,
    },
  ].filter(({ points }) => points.length > 0);
  const bound =
    twenty === undefined
      ? []
      : [
          {
            label: "1.5 × what it is at 20 nodes",
            color: "#8c959f",
            line: /** @type {const} */ ("dashed"),
            points: [0, largest].map((nodes) => /** @type {[number, number]} */ ([nodes, twenty * 1.5])),
          },
        ];
  const highest = Math.max(...[...series, ...bound].flatMap(({ points }) => points.map(([, value]) => value)));
  return drawChart({
    title: "What an idle node sends",
    subtitle: "Profile lan, by size of the cluster; up to 32 nodes each has a link to every other",
    x: { label: "nodes", scale: linearScale(largest, across), text: String },
    y: { label: "bytes per second and node", scale: linearScale(highest * 1.1, up), text: grouped },
    series: [...series, ...bound],
  });
}

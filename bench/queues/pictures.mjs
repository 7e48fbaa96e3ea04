/** The pictures of the report, drawn from its JSON and from nothing else. */
import { drawBars } from "../lib/svg/bars.mjs";
import { colors, drawChart, plot } from "../lib/svg/chart.mjs";
import { linearScale, logScale } from "../lib/svg/scale.mjs";
import { bodyBytes } from "./message.mjs";
import { syncsOf } from "./report.mjs";

const [blue] = colors;
const colorOf = { mpreg: blue, peer: "#57606a" };

/**
 * @param {import("./report.mjs").Result} result
 * @returns {Record<string, string>} SVG by file name, for what was measured
 */
export function drawPictures({ contestants, options }) {
  /** @type {Record<string, string>} */
  const pictures = {};
  const durable = Object.values(contestants).flatMap((each) =>
    each.group === "durable" && each.kind === "measured" ? [each] : [],
  );
  if (durable.length > 0) {
    pictures["queues-rates.svg"] = drawBars({
      title: "Durable messages per second",
      subtitle: `Sent, received and acknowledged, of about ${bodyBytes} bytes; medians of ${options.rounds} rounds`,
      groups: [
        {
          heading: "on the disk before they are confirmed",
          bars: durable.map(barOf).sort((a, b) => b.value - a.value),
        },
      ],
    });
  }
  const commits = contestants["queues-commits"];
  if (commits?.kind === "measured") pictures["queues-syncs.svg"] = drawSyncs(commits, options.rounds);
  return pictures;
}

/** @param {import("./report.mjs").Measured} member */
function barOf({ title, family, figures }) {
  const value = figures.messagesPerSecond.median;
  return { label: title.split(",")[0], color: colorOf[family], value, text: grouped(value) };
}

/**
 * @param {import("./report.mjs").Measured} commits
 * @param {number} rounds
 */
function drawSyncs(commits, rounds) {
  const points = syncsOf(commits).map(({ perSecond, figure }) => /** @type {const} */ ([perSecond, figure.median]));
  const loads = points.map(([perSecond]) => perSecond);
  const most = Math.max(...points.map(([, syncs]) => syncs));
  return drawChart({
    title: "Group commit: syncs of the disk per message",
    subtitle: `Each message is sent, received and acknowledged; medians of ${rounds} rounds`,
    x: {
      label: "messages offered per second",
      scale: logScale([Math.min(...loads), Math.max(...loads)], [plot.left, plot.right]),
      text: grouped,
    },
    y: { label: "syncs per message", scale: linearScale(most, [plot.bottom, plot.top]), text: (value) => `${value}` },
    series: [{ label: "mpreg, durable", color: blue, line: "solid", points, marks: (value) => value.toFixed(2) }],
  });
}

const grouped = (/** @type {number} */ value) => Math.round(value).toLocaleString("en-US");

/** Bars: one for each of those that are compared, longest where most is, with its figure beside it. */
import { openDocument, round, text, width, ink } from "./elements.mjs";
import { linearScale } from "./scale.mjs";

/**
 * @typedef {{ label: string, color: string, value: number, text: string }} Bar
 * @typedef {{ heading: string, bars: readonly Bar[] }} Group with a scale of its own, from 0
 */

const left = 190;
const right = width - 130;
const rowHeight = 26;
const barHeight = 16;
const top = 76;
const headingHeight = 34;

/**
 * @param {{ title: string, subtitle: string, groups: readonly Group[] }} picture
 * @returns {string} an SVG document
 */
export function drawBars({ title, subtitle, groups }) {
  let y = top;
  const rows = groups.flatMap(({ heading, bars }) => {
    const { place } = linearScale(Math.max(...bars.map(({ value }) => value)), [left, right]);
    const first = y + headingHeight;
    y = first + bars.length * rowHeight;
    return [
      text(24, first - 12, heading, 'font-weight="600"'),
      ...bars.flatMap((bar, index) => drawBar(bar, first + index * rowHeight, place(bar.value))),
    ];
  });
  return `${[...openDocument(title, subtitle, y + 16), ...rows, "</svg>"].join("\n")}\n`;
}

/**
 * @param {Bar} bar
 * @param {number} y
 * @param {number} end
 */
function drawBar({ label, color, text: figure }, y, end) {
  const baseline = y + barHeight - 3;
  return [
    text(left - 10, baseline, label, 'text-anchor="end"'),
    `<rect x="${left}" y="${round(y)}" width="${round(end - left)}" height="${barHeight}" rx="2" fill="${color}"/>`,
    text(end + 8, baseline, figure, `fill="${ink.muted}"`),
  ];
}

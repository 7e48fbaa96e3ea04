/**
 * Chart: lines over two axes, as SVG that needs nothing but itself: it has its own background and is read alike on light
 * and on dark pages. What is drawn is the caller's; which place a value has is `scale.mjs`.
 */
import { escape, ink, openDocument, round, text } from "./elements.mjs";

/**
 * @typedef {object} Axis
 * @property {string} label with its unit
 * @property {import("./scale.mjs").Scale} scale
 * @property {(value: number) => string} text of a tick
 *
 * @typedef {object} Series
 * @property {string} label
 * @property {string} color
 * @property {readonly (readonly [number, number])[]} points
 * @property {"solid" | "dashed" | "none"} line
 * @property {boolean} [steps] the value holds until the next point, instead of moving towards it
 * @property {((value: number, index: number) => string)} [marks] a mark at every point, with this text
 */

/** Where the lines are drawn: the ranges of the axes' scales. */
export const plot = { left: 76, right: 828, top: 84, bottom: 364 };
export const colors = ["#0969da", "#1a7f4b", "#c2410c", "#8c959f"];
const legend = { top: 426, rowHeight: 22, columns: 3 };

/**
 * @param {{ title: string, subtitle: string, x: Axis, y: Axis, series: readonly Series[] }} chart
 * @returns {string} an SVG document
 */
export function drawChart({ title, subtitle, x, y, series }) {
  const height = legend.top + Math.ceil(series.length / legend.columns) * legend.rowHeight;
  const parts = [
    ...openDocument(title, subtitle, height),
    ...drawAxes(x, y),
    ...series.flatMap((each) => drawSeries(each, x.scale, y.scale)),
    ...series.flatMap(drawLegendEntry),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

/**
 * @param {Axis} x
 * @param {Axis} y
 */
function drawAxes(x, y) {
  const { left, right, top, bottom } = plot;
  const middle = (left + right) / 2;
  return [
    ...y.scale.ticks.flatMap((value) => {
      const at = round(y.scale.place(value));
      const grid = line(left, at, right, at, value === 0 ? ink.muted : ink.grid);
      return [grid, text(left - 10, at + 4, y.text(value), `text-anchor="end" fill="${ink.muted}"`)];
    }),
    ...x.scale.ticks.flatMap((value) => {
      const at = round(x.scale.place(value));
      const grid = line(at, top, at, bottom, ink.grid);
      return [grid, text(at, bottom + 20, x.text(value), `text-anchor="middle" fill="${ink.muted}"`)];
    }),
    text(middle, bottom + 42, x.label, 'text-anchor="middle"'),
    `<text transform="translate(22 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escape(y.label)}</text>`,
  ];
}

/**
 * @param {Series} series
 * @param {import("./scale.mjs").Scale} x
 * @param {import("./scale.mjs").Scale} y
 */
function drawSeries({ points, color, line: style, steps = false, marks }, x, y) {
  const places = points.map(([at, value]) => [round(x.place(at)), round(y.place(value))]);
  const path = places.map(([px, py], index) =>
    index === 0 ? `M${px} ${py}` : steps ? `H${px}V${py}` : `L${px} ${py}`,
  );
  const drawn = style === "none" ? [] : [`<path d="${path.join("")}" ${stroke(color, style)}/>`];
  if (marks === undefined) return drawn;
  // below the marks of a line, beside those that stand alone: series that say the same do not hide each other's figures
  const [dx, dy, anchor] = style === "none" ? [11, 4, "start"] : [0, 21, "middle"];
  const halo = `text-anchor="${anchor}" font-size="12" fill="${color}" stroke="${ink.paper}" stroke-width="4" paint-order="stroke"`;
  return [
    ...drawn,
    ...places.map(([px, py]) => mark(px, py, color, style)),
    ...points.map(([, value], index) => text(places[index][0] + dx, places[index][1] + dy, marks(value, index), halo)),
  ];
}

/**
 * @param {Series} series
 * @param {number} index
 */
function drawLegendEntry({ label, color, line: style }, index) {
  const x = plot.left + (index % legend.columns) * ((plot.right - plot.left) / legend.columns);
  const y = legend.top + Math.floor(index / legend.columns) * legend.rowHeight;
  const sample =
    style === "none" ? mark(x + 15, y, color, style) : `<path d="M${round(x)} ${y}h30" ${stroke(color, style)}/>`;
  return [sample, text(x + 40, y + 4, label)];
}

/**
 * @param {string} color
 * @param {Series["line"]} style
 */
function stroke(color, style) {
  const how = style === "dashed" ? 'stroke-width="1.75" stroke-dasharray="6 5"' : 'stroke-width="2.5"';
  return `fill="none" stroke="${color}" stroke-linejoin="round" ${how}`;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} color
 * @param {Series["line"]} style
 */
function mark(x, y, color, style) {
  const fill = style === "none" ? ink.paper : color;
  return `<circle cx="${round(x)}" cy="${round(y)}" r="4.5" fill="${fill}" stroke="${color}" stroke-width="2"/>`;
}

/**
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 * @param {string} color
 */
function line(x1, y1, x2, y2, color) {
  return `<path d="M${x1} ${y1}L${x2} ${y2}" stroke="${color}"/>`;
}

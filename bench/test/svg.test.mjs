import assert from "node:assert/strict";
import { test } from "node:test";
import { drawChart, plot } from "../lib/svg/chart.mjs";
import { linearScale, logScale } from "../lib/svg/scale.mjs";

test("a linear scale ends at a round number that is not below the largest value", () => {
  const { place, ticks } = linearScale(617, [0, 100]);
  assert.deepEqual(ticks, [0, 200, 400, 600, 800]);
  assert.equal(place(400), 50);
});

test("a largest value that is round is the end of its scale", () => {
  assert.deepEqual(linearScale(100, [0, 1]).ticks, [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(linearScale(0.5, [0, 1]).ticks.at(-1), 0.5);
});

test("an axis may run upwards on the page", () => {
  assert.equal(linearScale(100, [300, 100]).place(75), 150);
});

test("on a logarithmic scale each factor of ten has the same width, and a tick", () => {
  const { place, ticks } = logScale([1, 1_000], [0, 300]);
  assert.deepEqual(ticks, [1, 10, 100, 1_000]);
  assert.deepEqual(ticks.map(place).map(Math.round), [0, 100, 200, 300]);
});

test("ticks of a logarithmic scale lie within its domain", () => {
  assert.deepEqual(logScale([0.25, 2_640], [0, 1]).ticks, [1, 10, 100, 1_000]);
});

test("what lies outside a scale is drawn at its edge", () => {
  assert.equal(logScale([1, 100], [0, 10]).place(0), 0);
  assert.equal(linearScale(10, [0, 10]).place(99), 10);
});

/** @param {Partial<import("../lib/svg/chart.mjs").Series>} series */
function draw(series) {
  return drawChart({
    title: "a < b & c",
    subtitle: "",
    x: { label: "x", scale: linearScale(10, [plot.left, plot.right]), text: String },
    y: { label: "y", scale: linearScale(10, [plot.bottom, plot.top]), text: String },
    series: [
      {
        label: "s",
        color: "#000000",
        line: "solid",
        points: [
          [0, 0],
          [10, 10],
        ],
        ...series,
      },
    ],
  });
}

test("a line goes from value to value, and a line of steps holds each until the next", () => {
  const { left, right, top, bottom } = plot;
  assert.ok(draw({}).includes(`M${left} ${bottom}L${right} ${top}`));
  assert.ok(draw({ steps: true }).includes(`M${left} ${bottom}H${right}V${top}`));
});

test("texts of a chart are escaped", () => {
  assert.ok(draw({}).includes(">a &lt; b &amp; c</text>"));
});

test("a series without a line has its marks, with their texts", () => {
  const chart = draw({ line: "none", marks: (value) => `${value}!` });
  assert.ok(chart.includes(">10!</text>"));
  assert.ok(!chart.includes('stroke="#000000" stroke-linejoin'));
});

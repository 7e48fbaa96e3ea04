/**
 * The report on requests: one result object, written as JSON (every round kept) and as tables for people.
 */
import { renderAbsent, renderFigure } from "./figures.mjs";
import { renderOrigin } from "./machine.mjs";
import { number, table } from "./markdown.mjs";
import { renderVerdicts } from "./verdicts.mjs";

/**
 * @typedef {{ title: string, family: string, group: string } & import("./rounds.mjs").Outcome} Contestant
 *
 * @typedef {object} Result
 * @property {string} commit
 * @property {string} date ISO 8601
 * @property {import("./machine.mjs").Machine} machine
 * @property {{ rounds: number, budget: import("./load.mjs").Budget, otherLoad: number }} options `otherLoad` is the part of
 *   the machine that was busy while the run itself paused
 * @property {import("./verdicts.mjs").Verdict[]} targets
 * @property {Record<string, Contestant>} contestants
 */

/**
 * The tables, by group: key of the figure and heading of each column.
 *
 * @type {Record<string, { heading: string, introduction: string, columns: [string, string][] }>}
 */
const groups = {
  echo: {
    heading: "## Echo of a small object",
    introduction:
      "The bare limits do nothing but move and decode messages: no routing, no deadlines, no errors, no reconnection.",
    columns: [
      ["sequentialP50Us", "p50 µs"],
      ["sequentialP99Us", "p99 µs"],
      ["callsPerSecondAt64", "calls/s, 64 in flight"],
      ["callsPerSecondAt512", "calls/s, 512 in flight"],
    ],
  },
  graph: {
    heading: "## Graphs",
    introduction: "The time of a graph contains building it and reading its answer in the client.",
    columns: [
      ["wallMs", "whole graph, ms"],
      ["chainP50Us", "chain p50 µs"],
      ["remoteCallP50Us", "one remote call p50 µs"],
      ["stepsPerSecondAt64", "steps/s, 64 graphs in flight"],
    ],
  },
  memory: {
    heading: "## Resident memory",
    introduction: "As the system counts it, without forcing a collection.",
    columns: [
      ["idleMb", "idle, MB"],
      ["addedBy200ClientsMb", "added by 200 idle clients, MB"],
    ],
  },
};

/**
 * @param {Result} result
 * @param {import("../soak.mjs").SoakResult | undefined} soak the last one, which ran by itself
 * @returns {string} Markdown
 */
export function renderReport(result, soak) {
  const { options } = result;
  const sections = [
    "# Requests: speed and memory",
    "Written by `npm run bench`; do not edit. What the figures led to stands in the other files of this folder.",
    [
      ...renderOrigin(result),
      `- medians of ${options.rounds} interleaved rounds, each with fresh processes on the loopback interface; range in brackets`,
      "- servers, nodes and the load generator are separate processes and share the cores",
      `- other programs used up to ${Math.round(options.otherLoad * 100)} % of the machine between the rounds`,
    ].join("\n"),
  ];
  sections.push("## Targets", renderVerdicts(result.targets));
  for (const [group, { heading, introduction }] of Object.entries(groups)) {
    const members = Object.values(result.contestants).filter((contestant) => contestant.group === group);
    if (members.length > 0) sections.push(heading, introduction, renderGroup(members, group), renderAbsent(members));
  }
  if (soak !== undefined) sections.push("## Soak", renderSoak(soak));
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

/**
 * @param {Contestant[]} members
 * @param {string} group
 */
function renderGroup(members, group) {
  const measured = members.filter((member) => member.kind === "measured");
  const columns = groups[group].columns.filter(([key]) => measured.some(({ figures }) => key in figures));
  const rows = measured.map(({ title, figures }) => [
    title,
    ...columns.map(([key]) => (key in figures ? renderFigure(figures[key]) : "")),
  ]);
  return rows.length === 0
    ? ""
    : table(["", ...columns.map(([, heading]) => heading)], rows, ["left", ...columns.map(() => "right")]);
}

/** @param {import("../soak.mjs").SoakResult} soak */
function renderSoak(soak) {
  const operations = Object.entries(soak.operations).map(([name, count]) => `${number(count)} ${name}`);
  const rows = Object.entries(soak.processes).flatMap(([name, { heapUsed, rss }]) => [
    [name, "heap in use", ...growthCells(heapUsed)],
    [name, "resident", ...growthCells(rss)],
  ]);
  return [
    `${number(soak.minutes)} minutes of full load on ${soak.date.slice(0, 10)}, commit ${soak.commit}: ${operations.join(", ")}. ` +
      "Memory is sampled after a full collection; the slope leaves out the warm-up.",
    table(["process", "memory", "first, MB", "last, MB", "slope, MB/min", "growing"], rows, [
      "left",
      "left",
      "right",
      "right",
      "right",
      "left",
    ]),
  ].join("\n\n");
}

/** @param {import("./growth.mjs").Growth} growth */
function growthCells({ firstMb, lastMb, slopeMbPerMinute, growing }) {
  return [number(firstMb), number(lastMb), number(slopeMbPerMinute), growing ? "**yes**" : "no"];
}

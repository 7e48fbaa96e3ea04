/** The report on topics: the tables for people, of the same result that is kept as JSON. */
import { renderOrigin } from "../lib/machine.mjs";
import { number, table } from "../lib/markdown.mjs";
import { renderSections } from "../lib/sections.mjs";
import { renderVerdicts } from "../lib/verdicts.mjs";

/**
 * @template T
 * @typedef {({ kind: "measured" } & T) | { kind: "unavailable" | "failed", title: string, reason: string }} Outcome
 *
 * @typedef {object} Measurements
 * @property {Outcome<import("./matching.mjs").Matching>} [matching]
 * @property {Outcome<import("./worst.mjs").Worst>} [worst-patterns]
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
  matching: { heading: "## Who gets a publish", render: renderMatching },
  "worst-patterns": { heading: "## The worst patterns", render: renderWorst },
};

/**
 * @param {Result} result
 * @returns {string} Markdown
 */
export function renderTopics(result) {
  const parts = [
    "# Topics: what finding the subscribers costs",
    "Written by `npm run bench -- --only topics`; do not edit.",
    [
      ...renderOrigin(result),
      "- seconds are those of the CPU: nothing waits here, so what other programs take of the cores does not count",
      `- other programs used up to ${Math.round(result.options.otherLoad * 100)} % of the machine before the measurements`,
    ].join("\n"),
    "## Targets",
    renderVerdicts(result.targets),
    ...renderSections(sections, result),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** @param {import("./matching.mjs").Matching} matching */
function renderMatching({ size, matchesMean, bytesPerPattern, addsPerSecond, removesPerSecond, rows }) {
  const cells = rows.map(({ title, rate, rates, hits }) => [
    title,
    number(rate),
    `${number(Math.min(...rates))}–${number(Math.max(...rates))}`,
    `${Math.round(hits * 100)} %`,
  ]);
  return [
    `One process, no sockets: ${number(size.topics)} topics of four words (\`tenant7.site3.dev1540.alarm\`), published to as Zipf has it (the probability of a topic is 1 / its rank), and ${number(size.patterns)} patterns, all different and all with wildcards: stars and hashes in every place. ` +
      `A publish finds ${number(matchesMean)} subscriptions on average. Rounds are processes started anew, in which blocks of all variants take turns.`,
    table(["", "publishes/s", "of the rounds", "from the cache"], cells, ["left", "right", "right", "right"]),
    `The ${number(size.patterns)} patterns have ${number(size.nodes)} nodes, and take ${number(bytesPerPattern)} bytes each, all told. ${number(addsPerSecond)} of them are added in a second, ${number(removesPerSecond)} removed.`,
  ];
}

/** @param {import("./worst.mjs").Worst} worst */
function renderWorst({ patterns, rows }) {
  const cells = rows.map(({ words, visited, visitedMax, us }) => [
    words.toLocaleString("en-US"),
    ...[visited, visited / words, visitedMax, us].map(number),
  ]);
  const figures = ["words of the topic", "nodes looked at", "per word", "the bound", "µs"];
  return [
    `${patterns} patterns of up to ${patterns} hashes with the same word between them (\`#.a.#.a.#.b\`), and topics of nothing but that word: a matcher that tries every way to divide a topic takes longer than the universe is old.`,
    table(
      figures,
      cells,
      figures.map(() => "right"),
    ),
  ];
}

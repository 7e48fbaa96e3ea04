/** The report on publish/subscribe through sockets: the tables for people, of the same result that is kept as JSON. */
import { renderAbsent, renderFigure } from "../lib/figures.mjs";
import { renderOrigin } from "../lib/machine.mjs";
import { number, table } from "../lib/markdown.mjs";
import { renderVerdicts } from "../lib/verdicts.mjs";
import { fanOuts, fixedPerSecond } from "./contestant.mjs";
import { bodyBytes, pattern, topics } from "./message.mjs";

/**
 * @typedef {{ title: string, family: "bare" | "peer" | "mpreg", group: "one" | "many" } & import("../lib/rounds.mjs").Outcome} Contestant
 * @typedef {Contestant & { kind: "measured" }} Measured
 *
 * @typedef {object} Result
 * @property {string} commit
 * @property {string} date ISO 8601
 * @property {import("../lib/machine.mjs").Machine} machine
 * @property {{ rounds: number, budget: import("./contestant.mjs").Budget, otherLoad: number }} options
 * @property {import("../lib/verdicts.mjs").Verdict[]} targets
 * @property {Record<string, Contestant>} contestants
 */

/** The contestant with which all are compared. */
const yardstick = "pubsub-nats";

const groups = [
  { group: "one", heading: "## One broker" },
  { group: "many", heading: "## More than one process" },
];

/**
 * @param {Result} result
 * @returns {string} Markdown
 */
export function renderPubsub(result) {
  const { options, contestants } = result;
  const parts = [
    "# Publish and subscribe: through sockets, beside brokers",
    "Written by `npm run bench -- --only pubsub`; do not edit. What makes it fair, and what does not, stands in [bench/README.md](../../bench/README.md#publish-and-subscribe).",
    [
      ...renderOrigin(result),
      `- medians of ${options.rounds} interleaved rounds, each with fresh processes on the loopback interface; range in brackets`,
      "- the broker, the publisher and all subscribers together are a process each, and share the cores",
      `- bodies of ${bodyBytes} bytes; ${topics.length} topics; each subscriber has a connection and the pattern \`${pattern}\``,
      "- a rate counts what was received, until the last of it came; lost and out of order are those of all rounds together",
      "- published: until the broker had taken it; with Mosquitto, RabbitMQ and mpreg until it was on its way",
      `- other programs used up to ${Math.round(options.otherLoad * 100)} % of the machine between the rounds`,
    ].join("\n"),
    "## Targets",
    renderVerdicts(result.targets),
  ];
  for (const { group, heading } of groups) {
    const members = Object.values(contestants).filter((contestant) => contestant.group === group);
    const measured = members.filter((member) => member.kind === "measured");
    if (members.length > 0) parts.push(heading);
    if (measured.length > 0) {
      if (group === "one") parts.push("![Messages delivered per second](pubsub-rates.svg)");
      parts.push(...fanOuts.flatMap((fanOut) => renderFanOut(measured, fanOut, contestants[yardstick])));
      parts.push(...renderMemory(measured));
    }
    parts.push(renderAbsent(members));
  }
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/**
 * @param {readonly Measured[]} members
 * @param {number} fanOut
 * @param {Contestant | undefined} compared
 * @returns {string[]}
 */
function renderFanOut(members, fanOut, compared) {
  const figure = (/** @type {Measured} */ { figures }, /** @type {string} */ key) => figures[`${key}At${fanOut}`];
  const cell = (/** @type {Measured} */ member, /** @type {string} */ key) => {
    const found = figure(member, key);
    return found === undefined ? "–" : renderFigure(found);
  };
  const rates = members.map((member) => [
    member.title,
    cell(member, "deliveriesPerSecond"),
    compared?.kind === "measured" ? ratio(member, compared, `deliveriesPerSecondAt${fanOut}`) : "–",
    cell(member, "publishesPerSecond"),
    cell(member, "deliveriesPerCpuSecond"),
    ...["lost", "disordered"].map((key) => countOf(figure(member, key))),
  ]);
  const times = members.map((member) => [
    member.title,
    ...["p50MsHalf", "p99MsHalf", "p50MsFixed", "p99MsFixed"].map((key) => cell(member, key)),
  ]);
  const right = (/** @type {number} */ count) => ["left", ...Array.from({ length: count }, () => "right")];
  const common = `${fixedPerSecond.toLocaleString("en-US")}/s`;
  return [
    `### ${fanOut === 1 ? "1 subscriber" : `${fanOut} subscribers`}`,
    table(
      [
        "",
        "delivered/s",
        "against NATS",
        "published/s",
        "delivered per second of the broker's CPU",
        "lost",
        "out of order",
      ],
      rates,
      right(6),
    ),
    table(
      ["ms from when it was due", "p50, half of its own load", "p99", `p50, ${common} published`, "p99"],
      times,
      right(4),
    ),
  ];
}

/** @param {readonly Measured[]} members */
function renderMemory(members) {
  const rows = members
    .filter(({ figures }) => figures.bytesPerSubscription !== undefined)
    .map(({ title, figures }) => [title, renderFigure(figures.bytesPerSubscription)]);
  if (rows.length === 0) return [];
  return ["### An idle subscription", table(["", "resident bytes of the broker"], rows, ["left", "right"])];
}

/**
 * @param {Measured} member
 * @param {Measured} compared
 * @param {string} key
 */
function ratio(member, compared, key) {
  return `${number(member.figures[key].median / compared.figures[key].median)}×`;
}

/** What must not happen at all: no median hides it. @param {import("../lib/rounds.mjs").Figure} figure */
function countOf({ rounds }) {
  const count = rounds.reduce((sum, each) => sum + each, 0);
  return count === 0 ? "0" : `**${count.toLocaleString("en-US")}**`;
}

/** The report on queues: the tables for people, of the same result that is kept as JSON. */
import { renderAbsent, renderFigure } from "../lib/figures.mjs";
import { renderOrigin } from "../lib/machine.mjs";
import { number, table } from "../lib/markdown.mjs";
import { renderVerdicts } from "../lib/verdicts.mjs";
import { inFlight } from "./exchange.mjs";
import { bodyBytes } from "./message.mjs";

/**
 * @typedef {"durable" | "memory" | "commits" | "idle" | "waiting" | "sqs"} Group
 * @typedef {{ title: string, family: "peer" | "mpreg", group: Group } & import("../lib/rounds.mjs").Outcome} Contestant
 * @typedef {Contestant & { kind: "measured" }} Measured
 *
 * @typedef {object} Result
 * @property {string} commit
 * @property {string} date ISO 8601
 * @property {import("../lib/machine.mjs").Machine} machine
 * @property {{ rounds: number, budget: import("./exchange.mjs").Budget, otherLoad: number }} options
 * @property {import("../lib/verdicts.mjs").Verdict[]} targets
 * @property {Record<string, Contestant>} contestants
 */

/** The contestant with which all are compared. */
const yardstick = "queues-rabbitmq";

/** @type {readonly { groups: readonly Group[], heading: string, render: (members: readonly Measured[], contestants: Record<string, Contestant>) => string[] }[]} */
const sections = [
  { groups: ["durable", "memory"], heading: "## Sent, received and acknowledged", render: renderExchanges },
  { groups: ["commits"], heading: "## Group commit", render: renderCommits },
  { groups: ["idle"], heading: "## Consumers that wait", render: renderIdle },
  { groups: ["waiting"], heading: "## Messages that wait", render: renderWaiting },
  { groups: ["sqs"], heading: "## The SQS door", render: renderSqs },
];

/**
 * @param {Result} result
 * @returns {string} Markdown
 */
export function renderQueues(result) {
  const { options, contestants } = result;
  const parts = [
    "# Queues: through sockets, beside brokers",
    "Written by `npm run bench -- --only queues`; do not edit. What makes it fair, and what does not, stands in [bench/README.md](../../bench/README.md#queues).",
    [
      ...renderOrigin(result),
      `- medians of ${options.rounds} interleaved rounds, each with fresh processes on the loopback interface; range in brackets`,
      "- the broker, the sender and the receiver are a process each, and share the cores",
      `- messages of about ${bodyBytes} bytes; ${inFlight} sends wait for their confirmation at a time`,
      "- durable: the broker has the message on its disk when it confirms it, but for those that say otherwise",
      "- a rate counts what was received, each message once, until the last of it came; lost and repeated are those of all rounds together",
      "- times are from the call of `send` to the handler, one message at a time",
      `- other programs used up to ${Math.round(options.otherLoad * 100)} % of the machine between the rounds`,
    ].join("\n"),
    "## Targets",
    renderVerdicts(result.targets),
  ];
  for (const { groups, heading, render } of sections) {
    const members = Object.values(contestants).filter(({ group }) => groups.includes(group));
    if (members.length === 0) continue;
    const measured = members.flatMap((member) => (member.kind === "measured" ? [member] : []));
    parts.push(heading);
    if (measured.length > 0) parts.push(...render(measured, contestants));
    parts.push(renderAbsent(members));
  }
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/**
 * @param {readonly Measured[]} members
 * @param {Record<string, Contestant>} contestants
 * @returns {string[]}
 */
function renderExchanges(members, contestants) {
  const compared = contestants[yardstick];
  const rows = members.map((member) => [
    member.title,
    cell(member, "messagesPerSecond"),
    compared?.kind === "measured"
      ? `${number(member.figures.messagesPerSecond.median / compared.figures.messagesPerSecond.median)}×`
      : "–",
    cell(member, "messagesPerCpuSecond"),
    cell(member, "p50Ms"),
    cell(member, "p99Ms"),
    ...["lost", "repeated"].map((key) => countOf(member.figures[key])),
  ]);
  const heads = ["", "messages/s", "against RabbitMQ", "per second of the broker's CPU", "p50, ms", "p99, ms"];
  return [
    "![Durable messages per second](queues-rates.svg)",
    table([...heads, "lost", "repeated"], rows, ["left", ...heads.map(() => /** @type {const} */ ("right")), "right"]),
  ];
}

/** @param {readonly Measured[]} members */
function renderCommits(members) {
  const rows = members.flatMap((member) =>
    syncsOf(member).map(({ perSecond, figure }) => [perSecond.toLocaleString("en-US"), renderFigure(figure)]),
  );
  return [
    "![Syncs of the disk per message](queues-syncs.svg)",
    "A message is sent, received and acknowledged: without group commit that would be three commits, and a commit is two syncs (the data, then the page that makes them valid).",
    table(["messages offered per second", "syncs per message"], rows, ["right", "right"]),
  ];
}

/**
 * @param {Measured} member
 * @returns {{ perSecond: number, figure: import("../lib/rounds.mjs").Figure }[]} by load
 */
export function syncsOf({ figures }) {
  const prefix = "syncsPerMessageAt";
  return Object.entries(figures)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, figure]) => ({ perSecond: Number(key.slice(prefix.length)), figure }))
    .sort((a, b) => a.perSecond - b.perSecond);
}

/** @param {readonly Measured[]} members */
function renderIdle(members) {
  const rows = members.flatMap((member) => {
    const [consumers, connections] = ["consumers", "connections"].map((key) =>
      member.figures[key].median.toLocaleString("en-US"),
    );
    return [
      ["nobody is connected", cell(member, "cpuSecondsPerMinuteAlone")],
      [`${connections} connections that do nothing`, cell(member, "cpuSecondsPerMinuteConnected")],
      [`${consumers} consumers wait over as many connections`, cell(member, "cpuSecondsPerMinute")],
      ["so much of it for their polls", cell(member, "cpuSecondsPerMinuteOfPolls")],
      ["their polls end after 20 s and begin anew", cell(member, "cpuSecondsPerMinuteRenewing")],
    ];
  });
  return [
    "Each connection is kept alive by a ping every five seconds; that is what a node with idle connections does.",
    table(["", "the node's CPU, seconds per minute"], rows, ["left", "right"]),
  ];
}

/** @param {readonly Measured[]} members */
function renderWaiting(members) {
  const rows = members.map((member) => [
    member.figures.messages.median.toLocaleString("en-US"),
    cell(member, "heapBytesPerMessage"),
    cell(member, "residentBytesPerMessage"),
    cell(member, "restartMs"),
    cell(member, "heapBytesPerMessageRestarted"),
  ]);
  const heads = [
    "messages",
    "bytes of memory for each",
    "resident bytes for each",
    "killed and back, ms",
    "bytes for each then",
  ];
  return [
    table(
      heads,
      rows,
      heads.map(() => /** @type {const} */ ("right")),
    ),
  ];
}

/** @param {readonly Measured[]} members */
function renderSqs(members) {
  const rows = members.map((member) => [member.title, cell(member, "messagesPerSecond")]);
  return [
    "Batches of ten, on a durable queue.",
    table(["", "messages/s, sent, received and deleted"], rows, ["left", "right"]),
  ];
}

/**
 * @param {Measured} member
 * @param {string} key
 */
function cell({ figures }, key) {
  const found = figures[key];
  return found === undefined ? "–" : renderFigure(found);
}

/** What must not happen at all: no median hides it. @param {import("../lib/rounds.mjs").Figure | undefined} figure */
function countOf(figure) {
  if (figure === undefined) return "–";
  const count = figure.rounds.reduce((sum, each) => sum + each, 0);
  return count === 0 ? "0" : `**${count.toLocaleString("en-US")}**`;
}

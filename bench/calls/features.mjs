/**
 * Features: what deadlines, retries and tracing cost, as the rate of an echo with them against the same echo without.
 *
 * An SDK is there for a whole process or not at all, so there are four pairs of a node and a client, of which one works
 * at a time. In each turn every variant has a block, and is compared with blocks of the same turn: with the bare one, and,
 * where it is traced, with the one of the same program of which mpreg traces nothing. Turns begin with another variant each
 * time, rounds with fresh processes.
 */
import { withChildren } from "../lib/child.mjs";
import { median } from "../lib/stats.mjs";

const nodeModule = new URL("../mpreg/feature-node.mjs", import.meta.url);
const loadModule = new URL("../mpreg/feature-load.mjs", import.meta.url);

const loads = [64, 512];
const deadlines = { timeoutMs: 5_000 };
const retries = { retries: 3 };

/** Share of the traces that are sampled, by pair of processes, null = no SDK; and whether mpreg knows of it. */
const pairs = {
  plain: { sampling: null, traced: true },
  beside: { sampling: 0.01, traced: false },
  sampled: { sampling: 0.01, traced: true },
  traced: { sampling: 1, traced: true },
};

/**
 * @typedef {object} Variant
 * @property {string} name
 * @property {string} title
 * @property {keyof typeof pairs} pair
 * @property {string} fun
 * @property {object | null} options
 * @property {import("../mpreg/feature-load.mjs").Around} [around]
 * @property {string} [without] the variant that is the same program without the feature, where that is not `off`
 *
 * @type {readonly Variant[]}
 */
export const variants = [
  { name: "off", title: "off", pair: "plain", fun: "reply", options: null },
  { name: "deadlines", title: "a deadline of its own", pair: "plain", fun: "reply", options: deadlines },
  {
    name: "retries",
    title: "an idempotent function, up to 3 retries",
    pair: "plain",
    fun: "retried",
    options: retries,
  },
  {
    name: "contexts",
    title: "the program's contexts alone: callers with traces, of which mpreg does not know",
    pair: "beside",
    fun: "reply",
    options: null,
    around: "parent",
  },
  {
    name: "tracing",
    title: "tracing, for callers of whose traces 1 % are sampled",
    pair: "sampled",
    fun: "reply",
    options: null,
    around: "parent",
    without: "contexts",
  },
  {
    name: "roots",
    title: "tracing, each call a trace of its own, 1 % sampled",
    pair: "sampled",
    fun: "reply",
    options: null,
  },
  {
    name: "sdk",
    title: "the SDK alone: a span of the program's per call, 1 % sampled",
    pair: "beside",
    fun: "reply",
    options: null,
    around: "own",
  },
  {
    name: "all",
    title: "all three, for such callers",
    pair: "sampled",
    fun: "retried",
    options: { ...deadlines, ...retries },
    around: "parent",
    without: "contexts",
  },
  { name: "everySpan", title: "tracing, 100 % sampled", pair: "traced", fun: "reply", options: null },
];

/**
 * @typedef {{ variant: string, title: string, inFlight: number, callsPerSecond: number, ratio: number, ratios: number[], own: { ratio: number, ratios: number[] } }} Row
 *   `ratio` against off: the median of the rounds, each the median of its turns
 *   `own` against the same program without the feature, in the same way
 * @typedef {{ rows: Row[], exportedSpans: Record<string, number> }} Features spans that were exported in all, by sampling
 */

/** @type {import("./measurement.mjs").Measurement} */
export const features = {
  name: "features",
  title: "what deadlines, retries and tracing cost an echo",
  measure: async ({ features: budget }, onProgress) => {
    /** @type {{ rates: Rates[], spans: Record<string, number> }[]} */
    const rounds = [];
    for (let round = 0; round < budget.rounds; round++) {
      rounds.push(await measureRound(budget, round));
      onProgress(`round ${round + 1}/${budget.rounds}  ${describe(rowsOf(rounds.slice(-1)))}`);
    }
    const exportedSpans = Object.fromEntries(
      Object.keys(pairs).map((pair) => [pair, rounds.reduce((sum, { spans }) => sum + spans[pair], 0)]),
    );
    return { rows: rowsOf(rounds), exportedSpans };
  },
};

/**
 * Calls per second of each variant, in one turn, with so many in flight.
 *
 * @typedef {{ inFlight: number, byVariant: Record<string, number> }} Rates
 */

/**
 * @param {import("./measurement.mjs").Budget["features"]} budget
 * @param {number} round
 */
function measureRound({ turns, warmUpMs, blockMs }, round) {
  return withChildren(async (open) => {
    /** @type {Record<string, { node: import("../lib/child.mjs").Child, client: import("../lib/child.mjs").Child }>} */
    const processes = {};
    for (const [pair, wanted] of Object.entries(pairs)) {
      processes[pair] = { node: open(nodeModule), client: open(loadModule) };
      const url = await processes[pair].node.call("open", wanted);
      await processes[pair].client.call("open", { url, ...wanted });
    }
    const run = (/** @type {Variant} */ variant, /** @type {number} */ inFlight, durationMs = blockMs) => {
      const { pair, fun, options, around } = variant;
      return processes[pair].client.call("runBlock", { fun, options, around, inFlight, durationMs });
    };

    /** @type {Rates[]} */
    const rates = [];
    for (const inFlight of loads) {
      for (const variant of variants) await run(variant, inFlight, warmUpMs);
      for (let turn = 0; turn < turns; turn++) {
        const first = (turn + round) % variants.length;
        /** @type {Record<string, number>} */
        const byVariant = {};
        for (const variant of [...variants.slice(first), ...variants.slice(0, first)]) {
          byVariant[variant.name] = await run(variant, inFlight);
        }
        rates.push({ inFlight, byVariant });
      }
    }
    /** @type {Record<string, number>} */
    const spans = {};
    for (const [pair, { node, client }] of Object.entries(processes)) {
      spans[pair] = (await node.call("exportedSpans")) + (await client.call("exportedSpans"));
    }
    if (spans.plain !== 0 || spans.traced === 0) {
      throw new Error(
        `Exported were ${spans.plain} spans without an SDK and ${spans.traced} with one that samples all`,
      );
    }
    return { rates, spans };
  });
}

/**
 * @param {{ rates: Rates[] }[]} rounds
 * @returns {Row[]}
 */
export function rowsOf(rounds) {
  return loads.flatMap((inFlight) =>
    variants.map(({ name, title, without = "off" }) => {
      const ofRound = rounds.map(({ rates }) => rates.filter((each) => each.inFlight === inFlight));
      const against = (/** @type {string} */ other) => {
        const ratios = ofRound.map((turns) => median(turns.map(({ byVariant }) => byVariant[name] / byVariant[other])));
        return { ratio: median(ratios), ratios };
      };
      const callsPerSecond = median(ofRound.flat().map(({ byVariant }) => byVariant[name]));
      return { variant: name, title, inFlight, callsPerSecond, ...against("off"), own: against(without) };
    }),
  );
}

/** @param {Row[]} rows */
function describe(rows) {
  return rows.map(({ variant, inFlight, own }) => `${variant}@${inFlight} ${own.ratio.toFixed(2)}`).join("  ");
}

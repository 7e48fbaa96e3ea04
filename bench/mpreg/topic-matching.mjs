/**
 * Topics matched in one process, without sockets: a child module, started with `--expose-gc`.
 *
 * Times are CPU time of the process: nothing here waits, so what other programs take of the cores does not count; what they
 * take of the caches does.
 */
import { makeLoad, variants, worstPatterns } from "../topics/workload.mjs";
import { importStructures } from "./build.mjs";

/** A pattern comes and another one goes for so many publishes. */
const publishesPerChange = 100;
const seed = 20_260_101;

/**
 * @typedef {object} Matched
 * @property {Record<string, number[]>} rates publishes per second of CPU, by variant, one for each turn
 * @property {Record<string, number>} hits the part of publishes answered from the cache, by variant
 * @property {{ patterns: number, nodes: number, topics: number }} size
 * @property {number} matchesMean
 * @property {number} bytesPerPattern of the trie, all told
 * @property {number} addsPerSecond
 * @property {number} removesPerSecond
 *
 * @param {{ turns: number, subscriptions: number, publishes: number }} job
 * @returns {Promise<Matched>}
 */
export async function measureMatching({ turns, subscriptions, publishes }) {
  const { PatternMatcher, parsePattern } = await importStructures();
  const load = makeLoad({ subscriptions, publishes, seed: 1 });
  const patterns = load.patterns.map((text) => parsePattern(text));
  const before = heldBytes();
  const matchers = variants.map(({ name, cache, changes }) => {
    const matcher = new PatternMatcher({ seed, ...(cache ? {} : { cache: { entriesMax: 0, bytesMax: 0 } }) });
    const started = cpuSeconds();
    patterns.forEach((pattern, value) => matcher.add(pattern, value));
    const addsPerSecond = patterns.length / (cpuSeconds() - started);
    return { name, changes, matcher, addsPerSecond, rates: /** @type {number[]} */ ([]) };
  });
  const bytesPerPattern = (heldBytes() - before) / matchers.length / patterns.length;
  const changing = patterns.map((_, index) => parsePattern(`tenant${index % 1_000}.reply.${index}.#`));
  let matches = 0;
  for (let turn = 0; turn <= turns; turn++) {
    for (const { changes, matcher, rates } of matchers) {
      const started = cpuSeconds();
      matches = changes ? publishAndChange(matcher, load, changing) : publish(matcher, load);
      const rate = publishes / (cpuSeconds() - started);
      if (turn > 0) rates.push(rate); // the first one fills caches, and is compiled on the way
    }
  }
  const { matcher, addsPerSecond } = matchers[0];
  const { nodes } = matcher.figures;
  const started = cpuSeconds();
  patterns.forEach((pattern, value) => matcher.remove(pattern, value));
  const removesPerSecond = patterns.length / (cpuSeconds() - started);
  if (matcher.figures.nodes !== 0) throw new Error(`${matcher.figures.nodes} nodes are left behind`);
  return {
    rates: Object.fromEntries(matchers.map(({ name, rates }) => [name, rates])),
    hits: Object.fromEntries(matchers.map(({ name, matcher: { figures } }) => [name, figures.hits / figures.matches])),
    size: { patterns: patterns.length, nodes, topics: load.topics.length },
    matchesMean: matches / publishes,
    bytesPerPattern,
    addsPerSecond,
    removesPerSecond,
  };
}

/**
 * @param {any} matcher
 * @param {import("../topics/workload.mjs").Load} load
 */
function publish(matcher, { topics, draws }) {
  let matches = 0;
  for (let i = 0; i < draws.length; i++) {
    const { start, end } = matcher.match(topics[draws[i]]);
    matches += end - start;
  }
  return matches;
}

/**
 * @param {any} matcher
 * @param {import("../topics/workload.mjs").Load} load
 * @param {string[]} changing
 */
function publishAndChange(matcher, { topics, draws }, changing) {
  let matches = 0;
  let next = 0;
  for (let i = 0; i < draws.length; i++) {
    if (i % publishesPerChange === 0) {
      if (next > 0) matcher.remove(changing[(next - 1) % changing.length], 0);
      matcher.add(changing[next % changing.length], 0);
      next += 1;
    }
    const { start, end } = matcher.match(topics[draws[i]]);
    matches += end - start;
  }
  matcher.remove(changing[(next - 1) % changing.length], 0);
  return matches;
}

/**
 * The worst patterns there are, many hashes with the same word between them, and topics of nothing but that word.
 *
 * @param {{ words: number[], matches: number }} job
 * @returns {Promise<{ patterns: number, rows: { words: number, visited: number, visitedMax: number, us: number }[] }>}
 */
export async function measureWorst({ words, matches }) {
  const { PatternTrie, parsePattern } = await importStructures();
  const trie = new PatternTrie({ seed });
  worstPatterns().forEach((text, value) => trie.add(parsePattern(text), value));
  const topicOf = (/** @type {number} */ count) => Array.from({ length: count }, () => "a").join(".");
  for (let i = 0; i < matches * 5; i++) trie.match(topicOf(words[0])); // compiled by then
  const rows = words.map((count) => {
    const topic = topicOf(count);
    const started = cpuSeconds();
    for (let i = 0; i < matches; i++) trie.match(topic);
    const us = ((cpuSeconds() - started) / matches) * 1e6;
    return { words: count, visited: trie.visitedCount, visitedMax: 2 * (count + 1) * trie.nodeCount, us };
  });
  return { patterns: trie.size, rows };
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function heldBytes() {
  /** @type {() => void} */ (globalThis.gc)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

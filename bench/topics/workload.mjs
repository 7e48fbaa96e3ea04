/**
 * The load of the topic benchmarks: a million topics of devices, published to as Zipf has it, and 100,000 subscriptions that
 * all have wildcards. The same seed makes the same load.
 */

/** Tenants, sites of each, devices of each site, and what each device tells: a million topics. */
const tenants = 1_000;
const sites = 10;
const devices = 20;
const readings = ["temperature", "pressure", "humidity", "alarm", "status"];

/** How the load is matched: with a cache or without, and while patterns come and go that nothing is published to. */
export const variants = [
  { name: "uncached", title: "no cache: the trie alone", cache: false, changes: false },
  { name: "cached", title: "with the cache, its limits as they are by default", cache: true, changes: false },
  {
    name: "changing",
    title: "the same, a pattern coming and one going for each 100 publishes",
    cache: true,
    changes: true,
  },
];

/** Thirty patterns that cost most: hashes with the same word between them, and in the end one that does not come. */
export function worstPatterns() {
  return Array.from({ length: 30 }, (_, index) => `${"#.a.".repeat(index + 1)}#.b`);
}

/**
 * @typedef {object} Load
 * @property {string[]} topics
 * @property {string[]} patterns all different
 * @property {Int32Array} draws which topics are published to, one after the other
 *
 * @param {{ subscriptions: number, publishes: number, seed: number }} size
 * @returns {Load}
 */
export function makeLoad({ subscriptions, publishes, seed }) {
  const random = seeded(seed);
  const topics = makeTopics();
  const zipf = zipfOf(topics.length, random);
  const topic = () => topics[random() < 0.03 ? zipf() : Math.floor(random() * topics.length)];
  return {
    topics,
    patterns: makePatterns(subscriptions, topic, random),
    draws: Int32Array.from({ length: publishes }, zipf),
  };
}

function makeTopics() {
  const topics = [];
  for (let tenant = 0; tenant < tenants; tenant++) {
    for (let site = 0; site < sites; site++) {
      for (let device = 0; device < devices; device++) {
        const serial = (tenant * sites + site) * devices + device;
        for (const reading of readings) topics.push(received(`tenant${tenant}.site${site}.dev${serial}.${reading}`));
      }
    }
  }
  return topics;
}

/**
 * Subscriptions to what is published to: some to all of a tenant or to one reading of all its devices, most to a device or
 * to a reading of a site, with stars and hashes in every place.
 *
 * @param {number} count
 * @param {() => string} topic
 * @param {() => number} random
 */
function makePatterns(count, topic, random) {
  /** @type {[share: number, make: (words: string[]) => string][]} */
  const kinds = [
    [0.002, ([tenant]) => `${tenant}.#`],
    [0.013, ([tenant, , , reading]) => `${tenant}.#.${reading}`],
    [0.13, ([tenant, site, , reading]) => `${tenant}.${site}.*.${reading}`],
    [0.2, ([tenant, site, device]) => `${tenant}.${site}.${device}.*`],
    [0.2, ([tenant, site, device]) => `${tenant}.${site}.${device}.#`],
    [0.15, ([tenant, , device, reading]) => `${tenant}.*.${device}.${reading}`],
    [0.15, ([, , device, reading]) => `#.${device}.${reading}`],
    [0.155, ([, site, device, reading]) => `*.${site}.${device}.${reading}`],
  ];
  /** @type {Set<string>} */
  const patterns = new Set();
  for (const [share, make] of kinds) {
    const end = patterns.size + Math.round(share * count);
    // where nearly all of a kind are taken, what is drawn is known already: the rest goes to the next kind
    for (let tries = 0; patterns.size < end && tries < count * 20; tries++) patterns.add(make(topic().split(".")));
  }
  return shuffled([...patterns].map(received), random);
}

/** A text as it comes from outside: the engine keeps one that was put together in parts until it is read. @param {string} text */
function received(text) {
  return Buffer.from(text, "latin1").toString("latin1");
}

/**
 * Draws ranks with the probability 1 / rank, and gives each rank a place at random.
 *
 * @param {number} count
 * @param {() => number} random
 * @returns {() => number}
 */
function zipfOf(count, random) {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) cumulative[rank] = sum += 1 / (rank + 1);
  const places = shuffled(
    Array.from({ length: count }, (_, index) => index),
    random,
  );
  return () => {
    const wanted = random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return places[low];
  };
}

/**
 * @template T
 * @param {T[]} items
 * @param {() => number} random
 */
function shuffled(items, random) {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other], items[last]];
  }
  return items;
}

/** mulberry32 (Tommy Ettinger). @param {number} seed */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

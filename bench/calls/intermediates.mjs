/**
 * Intermediates: a chain of three nodes whose results are large, and what it costs those that only coordinate it; beside
 * the same three calls by a client, which carries each result itself.
 *
 * The most that a process has ever held is the kernel's own figure (`VmHWM`), set back before every run: nothing that was
 * there between two samples is missed.
 */
import { withChildren } from "../lib/child.mjs";
import { residentBytes, residentBytesMost, resetResidentBytesMost } from "../lib/memory.mjs";
import { median } from "../lib/stats.mjs";

const nodeModule = new URL("../mpreg/chain-node.mjs", import.meta.url);
const loadModule = new URL("../mpreg/chain-load.mjs", import.meta.url);
const runTimeoutMs = 300_000;
const mib = 1024 * 1024;

/** Where each function of the chain is; the entry only coordinates. */
const nodesOfChain = { entry: [], first: ["make"], second: ["turn"], third: ["digest"] };
/** @type {readonly ("kept" | "carried")[]} */
const ways = ["kept", "carried"];

/**
 * @typedef {object} Row
 * @property {number} mib size of each intermediate
 * @property {"kept" | "carried"} way as one graph, whose results stay where they are, or by the client, call by call
 * @property {number | null} ms of a whole chain, median; null if it failed
 * @property {Record<string, number>} extraMib by process, the most that a run added to what was resident before it, the worst run
 * @property {string | null} failure
 * @typedef {{ rows: Row[] }} Intermediates
 */

/** @type {import("./measurement.mjs").Measurement} */
export const intermediates = {
  name: "intermediates",
  title: "chains of three nodes with large intermediates, against a client that carries them",
  measure: async ({ intermediates: sizes }, onProgress) => {
    /** @type {Row[]} */
    const rows = [];
    for (const size of sizes) {
      for (const way of ways) {
        const row = await measureChain(size, way);
        rows.push(row);
        onProgress(`${size.mib} MiB, ${way}: ${row.failure ?? `${row.ms?.toFixed()} ms, ${describe(row.extraMib)}`}`);
      }
    }
    return { rows };
  },
};

/**
 * @param {{ mib: number, runs: number }} size
 * @param {Row["way"]} way
 * @returns {Promise<Row>}
 */
function measureChain({ mib: sizeMib, runs }, way) {
  return withChildren(async (open) => {
    const bytes = sizeMib * mib;
    // what a client carries comes as one argument, in one message
    const limits =
      way === "carried"
        ? { messageBytesMax: Math.max(64 * mib, bytes + mib), arrivingBytesMax: 4 * bytes + 64 * mib }
        : {};
    /** @type {Record<string, import("../lib/child.mjs").Child>} */
    const processes = {};
    /** @type {string[]} */
    const urls = [];
    for (const [name, functions] of Object.entries(nodesOfChain)) {
      processes[name] = open(nodeModule);
      urls.push(await processes[name].call("open", { name, functions, peers: urls, limits }));
    }
    processes.client = open(loadModule);
    await processes.client.call("open", { url: urls[0], messageBytesMax: limits.messageBytesMax });
    await processes.client.call("runChain", { bytes: mib, way }); // compiled, and everybody linked

    const times = [];
    /** @type {Record<string, number>} */
    const extraMib = {};
    try {
      for (let run = 0; run < runs; run++) {
        const before = Object.values(processes).map(({ pid }) => residentBytes(pid));
        for (const { pid } of Object.values(processes)) resetResidentBytesMost(pid);
        times.push(await processes.client.call("runChain", { bytes, way }, runTimeoutMs));
        for (const [index, [name, { pid }]] of Object.entries(processes).entries()) {
          extraMib[name] = Math.max(extraMib[name] ?? 0, (residentBytesMost(pid) - before[index]) / mib);
        }
      }
    } catch (error) {
      return { mib: sizeMib, way, ms: null, extraMib: {}, failure: firstLine(error) };
    }
    return { mib: sizeMib, way, ms: median(times), extraMib, failure: null };
  });
}

/** @param {unknown} error */
function firstLine(error) {
  return String(error instanceof Error ? error.message : error).split("\n")[0];
}

/** @param {Record<string, number>} extraMib */
function describe(extraMib) {
  return Object.entries(extraMib)
    .map(([name, value]) => `${name} +${value.toFixed()} MiB`)
    .join(", ");
}

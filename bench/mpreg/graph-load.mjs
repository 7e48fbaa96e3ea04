/** Load generator for graphs: a child module. */
import { eventually } from "../lib/eventually.mjs";
import { loadInFlight, timeSequential } from "../lib/load.mjs";
import { assertEchoed, payload } from "../lib/payload.mjs";
import { median } from "../lib/stats.mjs";
import { importMpreg } from "./build.mjs";

/**
 * Connects and waits until each of the functions can be called.
 *
 * @param {string} url
 * @param {Record<string, unknown[]>} callables arguments of a trial call, by function
 */
async function connectWhenReady(url, callables) {
  const { connect } = await importMpreg();
  const client = await connect(url);
  for (const [fun, args] of Object.entries(callables)) await eventually(() => client.call(fun, args));
  return client;
}

/**
 * A chain: each step takes the result of the one before and runs on another node than it.
 *
 * @param {{ url: string, functions: string[], remoteFunction: string, budget: import("../lib/load.mjs").Budget }} job
 */
export async function measureChain({ url, functions, remoteFunction, budget }) {
  const client = await connectWhenReady(url, Object.fromEntries(functions.map((fun) => [fun, [payload]])));
  const runChain = () => {
    const graph = client.graph();
    /** @type {unknown} */
    let value = payload;
    for (const fun of functions) value = graph.call(fun, [value]);
    return graph.run(value);
  };
  const callRemote = () => client.call(remoteFunction, [payload]);
  assertEchoed(await runChain());

  // Chains and single calls by turns, so that the ratio of the two compares the same moments.
  const blocks = 10;
  const perBlock = Math.ceil(budget.sequentialCalls / blocks);
  await timeSequential(runChain, perBlock * 4);
  await timeSequential(callRemote, perBlock * 4);
  /** @type {number[]} */
  const chainsUs = [];
  /** @type {number[]} */
  const remoteCallsUs = [];
  for (let block = 0; block < blocks; block++) {
    chainsUs.push(...(await timeSequential(runChain, perBlock)));
    remoteCallsUs.push(...(await timeSequential(callRemote, perBlock)));
  }
  await loadInFlight(runChain, 64, budget.warmUpMs);
  const chainsPerSecond = await loadInFlight(runChain, 64, budget.loadMs);
  assertEchoed(await runChain());
  return {
    chainP50Us: median(chainsUs),
    remoteCallP50Us: median(remoteCallsUs),
    stepsPerSecondAt64: chainsPerSecond * functions.length,
  };
}

/**
 * Fan-out and fan-in: one source, `width` steps that each take its result, one sink that takes theirs. The time contains
 * the building of the graph, as for a user.
 *
 * @param {{ url: string, width: number, budget: import("../lib/load.mjs").Budget }} job
 */
export async function measureFan({ url, width, budget }) {
  const client = await connectWhenReady(url, { source: [], middle: [1, 1], sink: [[1]] });
  const expected = width + (width * (width - 1)) / 2;
  const runFan = async () => {
    const graph = client.graph();
    const source = graph.call("source", []);
    const middle = Array.from({ length: width }, (_, i) => graph.call("middle", [source, i]));
    const total = await graph.run(graph.call("sink", [middle]));
    if (total !== expected) throw new Error(`The fan answered ${total} instead of ${expected}`);
  };
  const count = Math.max(5, Math.ceil(budget.sequentialCalls / 200));
  await timeSequential(runFan, count);
  const fansUs = await timeSequential(runFan, count);
  return { wallMs: median(fansUs) / 1000 };
}

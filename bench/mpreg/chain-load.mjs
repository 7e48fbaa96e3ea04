/** The client of chains with large intermediates: a child module. */
import { eventually } from "../lib/eventually.mjs";
import { monotonicMs } from "../lib/monotonic.mjs";
import { importMpreg } from "./build.mjs";

const timeoutMs = 240_000;

/** @type {any} */
let client;

/** @param {{ url: string, messageBytesMax?: number }} where */
export async function open({ url, messageBytesMax }) {
  const { connect } = await importMpreg();
  client = await connect(url, messageBytesMax === undefined ? {} : { messageBytesMax });
  await eventually(() => runChain({ bytes: 100_000, way: "kept" }));
}

/**
 * @param {{ bytes: number, way: "kept" | "carried" }} job
 * @returns {Promise<number>} ms
 */
export async function runChain({ bytes, way }) {
  const startedMs = monotonicMs();
  const digested = await (way === "kept" ? runGraph(bytes) : carry(bytes));
  if (digested !== bytes) throw new Error(`The chain answered ${digested} instead of ${bytes}`);
  return monotonicMs() - startedMs;
}

/** @param {number} bytes */
function runGraph(bytes) {
  const graph = client.graph();
  return graph.run(graph.call("digest", [graph.call("turn", [graph.call("make", [bytes])])]), { timeoutMs });
}

/** @param {number} bytes */
async function carry(bytes) {
  const made = await client.call("make", [bytes], { timeoutMs });
  const turned = await client.call("turn", [made], { timeoutMs });
  return client.call("digest", [turned], { timeoutMs });
}

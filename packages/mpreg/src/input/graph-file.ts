/**
 * Graph files: a request in plain form, as JSON. What a step may hold is checked by the client.
 *
 * (H1) Nothing in a file changes in silence: bytes that are not UTF-8 are refused, numbers are read by `exact-json.ts`.
 */
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type { PlainStep } from "@mpreg/core";
import { usageError } from "../failure.js";
import { parseExactly } from "./exact-json.js";
import { reasonOf } from "./files.js";

export interface GraphFile {
  readonly steps: readonly PlainStep[];
  /** Names of the steps whose results are wanted; default: those of the steps that no other step uses. */
  readonly outputs: readonly string[] | undefined;
}

/** Reads a graph from a file, or from stdin for `-`: an array of steps, or an object of `steps` and `outputs`. */
export async function readGraph(path: string): Promise<GraphFile> {
  const name = path === "-" ? "the graph on stdin" : path;
  const bytes = await (path === "-" ? buffer(process.stdin) : readFile(path)).catch((error: unknown) => {
    throw usageError(`Cannot read ${name}: ${reasonOf(error)}`);
  });
  return shaped(parseGraph(bytes, name), name);
}

/** (H1) */
function parseGraph(bytes: Uint8Array, name: string): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes); // drops a byte order mark
  } catch {
    throw usageError(`Cannot read ${name}: it is not UTF-8`);
  }
  try {
    return parseExactly(text);
  } catch (error) {
    const what = error instanceof SyntaxError ? "is not JSON:" : "has";
    throw usageError(`Cannot read ${name}: it ${what} ${reasonOf(error)}`);
  }
}

function shaped(graph: unknown, name: string): GraphFile {
  // The client checks the steps and names one by one.
  if (Array.isArray(graph)) return { steps: graph as PlainStep[], outputs: undefined };
  if (typeof graph !== "object" || graph === null || !("steps" in graph)) {
    throw usageError(
      `Cannot run ${name}: a graph is an array of steps, or an object { "steps": [...], "outputs": [...] }`,
    );
  }
  const { steps, outputs, ...others } = graph as { steps: readonly PlainStep[]; outputs?: readonly string[] };
  const [unknown] = Object.keys(others);
  if (unknown === undefined) return { steps, outputs };
  throw usageError(`Cannot run ${name}: a graph has only the keys steps and outputs, not ${JSON.stringify(unknown)}`);
}

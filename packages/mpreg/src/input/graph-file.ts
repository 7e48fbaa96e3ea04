/**
 * Graph files: a request in plain form, as JSON. What a step may hold is checked by the client.
 */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { PlainStep } from "@mpreg/core";
import { usageError } from "../failure.js";
import { reasonOf } from "./files.js";

export interface GraphFile {
  readonly steps: readonly PlainStep[];
  /** Names of the steps whose results are wanted; default: those of the steps that no other step uses. */
  readonly outputs: readonly string[] | undefined;
}

/** Reads a graph from a file, or from stdin for `-`: an array of steps, or an object of `steps` and `outputs`. */
export async function readGraph(path: string): Promise<GraphFile> {
  const name = path === "-" ? "the graph on stdin" : path;
  const content = await (path === "-" ? text(process.stdin) : readFile(path, "utf8")).catch((error: unknown) => {
    throw usageError(`Cannot read ${name}: ${reasonOf(error)}`);
  });
  let graph: unknown;
  try {
    graph = JSON.parse(content.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw usageError(`Cannot read ${name}: it is not JSON: ${reasonOf(error)}`);
  }
  return shaped(graph, name);
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

/**
 * Peers file: how a text names seeds.
 *
 * One URL per line, `#` begins a comment; or a JSON array of URLs.
 *
 * (P1) What is no URL of a node is named by its line (in JSON by its place), and the others are used.
 */
import { shownUrl } from "@mpreg/core/base";
import { isNodeUrl } from "../node-url.js";

/** A line, or an entry of the array, that is no URL. */
export interface BadEntry {
  /** Counted from 1. */
  readonly line?: number;
  readonly entry?: number;
  readonly value: string;
}

export type PeersFile =
  | { readonly kind: "urls"; readonly urls: readonly string[]; readonly bad: readonly BadEntry[] }
  /** It begins like a JSON array and is none. */
  | { readonly kind: "broken"; readonly reason: string };

/** How much of a bad value a log line shows. */
const shownMax = 200;

export function parsePeersFile(content: string): PeersFile {
  const text = content.replace(/^\uFEFF/, "");
  return text.trimStart().startsWith("[") ? parseArray(text) : parseLines(text);
}

function parseLines(text: string): PeersFile {
  const urls: string[] = [];
  const bad: BadEntry[] = [];
  for (const [index, whole] of text.split(/\r\n|\n|\r/).entries()) {
    const value = whole.replace(/(?:^|\s)#.*$/, "").trim();
    if (value === "") continue;
    const shown = shownUrl(value).slice(0, shownMax);
    if (isNodeUrl(value)) urls.push(value);
    else bad.push({ line: index + 1, value: shown }); // (P1)
  }
  return { kind: "urls", urls, bad };
}

function parseArray(text: string): PeersFile {
  let entries: readonly unknown[];
  try {
    entries = JSON.parse(text) as readonly unknown[]; // it begins with a bracket
  } catch (error) {
    const { message } = error as Error;
    return { kind: "broken", reason: `it is not JSON: ${message.replace(/, (?:\.\.\.)?".*$/s, "")}` }; // without a part of the file
  }
  const urls: string[] = [];
  const bad: BadEntry[] = [];
  for (const [index, value] of entries.entries()) {
    const shown = JSON.stringify(value, redacted).slice(0, shownMax);
    if (isNodeUrl(value)) urls.push(value);
    else bad.push({ entry: index + 1, value: shown }); // (P1)
  }
  return { kind: "urls", urls, bad };
}

/** Texts in a value, as a log may tell them. */
function redacted(_key: string, value: unknown): unknown {
  return typeof value === "string" ? shownUrl(value) : value;
}

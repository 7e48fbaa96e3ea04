/** docs/protocol.md as its tests read it: tables, examples, and sessions frame by frame. */
import { expect } from "vitest";
import { messagesOf, frameOf } from "../support/wire.js";
import { type Written, kindNumbers, write } from "../wire/messages.js";
import { joined, linesOf, plain, statedMessage } from "./examples.js";
import { type Block, type Table, readMarkdown } from "./markdown.js";

export const file = new URL("../../../../docs/protocol.md", import.meta.url);
const { blocks, tables } = readMarkdown(file);

export function blocksOf(info: string): readonly Block[] {
  return blocks.filter((block) => block.info === info || block.info.startsWith(`${info} `));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Reads one example and checks that it means what it says; answers its bytes. */
export function checkedMessage(kind: string, text: readonly string[]): Uint8Array {
  const lines = linesOf(text);
  const bytes = joined(lines.map((line) => line.bytes));
  const [read, ...others] = messagesOf(bytes);
  expect(others).toEqual([]);
  expect(read!.kind).toBe(kind);
  expect(lines[0]!.comments).toEqual([`length ${bytes.length - 4}`]);
  expect(lines[1]!).toEqual({
    bytes: Uint8Array.of(kindNumbers[kind as Written["kind"]]),
    comments: [`kind: ${kind}`],
  });
  const stated = statedMessage(lines, read as Written);
  expect(plain(stated)).toEqual(plain(read));
  expect(hexOf(frameOf((writer) => write(writer, stated)))).toBe(hexOf(bytes));
  return bytes;
}

export interface Turn {
  readonly arrow: "→" | "←" | "…";
  readonly frame: Uint8Array;
  /** What happens where nothing is said: `0.2 s later`, or what a program does. */
  readonly event: string;
}

/** The frames of a session; messages of one direction in a row are one frame. */
export function turnsOf(name: string): Turn[] {
  const [block] = blocksOf(`text session ${name}`);
  const turns: { arrow: Turn["arrow"]; frame: Uint8Array; event: string }[] = [];
  let message: { arrow: "→" | "←"; kind: string; lines: string[] } | undefined;
  const endMessage = (): void => {
    if (message === undefined) return;
    const bytes = checkedMessage(message.kind, message.lines);
    const last = turns.at(-1);
    if (last?.arrow === message.arrow) last.frame = joined([last.frame, bytes]);
    else turns.push({ arrow: message.arrow, frame: bytes, event: "" });
    message = undefined;
  };
  for (const line of block!.lines) {
    const start = /^([→←]) ([\w-]+)$/.exec(line);
    if (start === null && !line.startsWith("…")) {
      message!.lines.push(line);
      continue;
    }
    endMessage();
    if (start === null) turns.push({ arrow: "…", frame: new Uint8Array(0), event: line.slice("… ".length) });
    else message = { arrow: start[1] as "→", kind: start[2]!, lines: [] };
  }
  endMessage();
  return turns;
}

/** For how long nothing happens; NaN where something does. */
export function waitMsOf({ event }: Turn): number {
  return Math.round(Number(/^([\d.]+) s later$/.exec(event)?.[1]) * 1_000);
}

export function tableOf(...head: string[]): Table {
  const found = tables.filter((table) => table.head.join("|") === head.join("|"));
  expect(found.length).toBe(1);
  return found[0]!;
}

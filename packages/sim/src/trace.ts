/**
 * Trace: every input of every node, as a hash and, when wanted, as lines to read.
 *
 * (R1) Two runs have the same hash only if every node got the same inputs at the same times in the same order.
 */
import { MpregError } from "@mpreg/core/base";
import { FrameReader, type Message, TextCache, defaultWireLimits } from "@mpreg/core/wire";
import { utf8 } from "./capabilities/utf8.js";

const linesMax = 200_000;

export class Trace {
  /** What has happened, in words; empty unless the trace was started with `recorded`. */
  readonly lines: string[] = [];
  readonly #recorded: boolean;
  #low = 0x811c9dc5;
  #high = 0x01000193;

  constructor(recorded: boolean) {
    this.#recorded = recorded;
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
    return hex(this.#high) + hex(this.#low);
  }

  /** Notes that `host` got an input of `kind` about its link or call number `id`. */
  input(nowMs: number, host: string, kind: string, id: number, bytes: Uint8Array | undefined): void {
    this.#mix(Math.round(nowMs * 1_000));
    this.#mix(kind.length * 31 + kind.charCodeAt(kind.length - 1));
    this.#mix(host.length * 31 + host.charCodeAt(host.length - 1));
    this.#mix(id);
    if (bytes !== undefined) this.#mixBytes(bytes); // (R1)
    if (this.#recorded) this.#line(nowMs, host, `${kind} ${id}${bytes === undefined ? "" : describeFrame(bytes)}`);
  }

  /** Notes something for the reader of the lines only. */
  remark(nowMs: number, host: string, text: () => string): void {
    if (this.#recorded) this.#line(nowMs, host, text());
  }

  #line(nowMs: number, host: string, text: string): void {
    if (this.lines.length < linesMax) this.lines.push(`${nowMs.toFixed(3).padStart(11)}  ${host.padEnd(10)} ${text}`);
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#high = Math.imul(this.#high ^ (this.#low >>> 15) ^ word, 0x85ebca6b);
  }

  #mixBytes(bytes: Uint8Array): void {
    this.#mix(bytes.length);
    const stride = bytes.length <= 256 ? 1 : Math.floor(bytes.length / 128);
    for (let at = 0; at < bytes.length; at += stride) this.#mix(bytes[at] as number);
  }
}

/** What a frame says, in a few words. */
function describeFrame(bytes: Uint8Array): string {
  const reader = new FrameReader(new TextCache(utf8), defaultWireLimits);
  const words: string[] = [];
  reader.open(bytes);
  try {
    for (let message = reader.next(); message !== undefined; message = reader.next()) words.push(describe(message));
  } catch (error) {
    words.push(error instanceof MpregError ? error.message : String(error));
  }
  return `: ${words.join(", ")}`;
}

function describe(message: Message): string {
  switch (message.kind) {
    case "call":
      return `call#${message.id} ${message.fun}`;
    case "step":
      return `step#${message.id} ${message.step} (${message.fun})`;
    case "request":
      return `request#${message.id} of ${message.steps.length} steps`;
    case "answer":
    case "results":
    case "cancel":
      return `${message.kind}#${message.id}`;
    case "failure":
      return `failure#${message.id} ${message.error.code} (${message.error.outcome})`;
    case "goodbye":
      return `goodbye ${message.code}`;
    case "record":
      return `record ${message.record.name} ${message.record.incarnation}.${message.record.sequence}${message.record.left ? " left" : ""}`;
    case "accusation":
      return `${message.accusation.verdict} ${message.accusation.target} ${message.accusation.incarnation}`;
    case "offers":
      return `offers ${message.head.nodeId} ${message.base}→${message.head.version} +${message.added.length} -${message.removed.length}`;
    default:
      return message.kind;
  }
}

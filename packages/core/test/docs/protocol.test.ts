/** docs/protocol.md says what the code does: its examples are read, written and played by the code, its tables compared. */
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { errorCodes } from "../../src/base/index.js";
import { type GoodbyeCode, defaultLinkOptions, frameBytesMax, nodeIdOf } from "../../src/link/index.js";
import { defaultRedialOptions } from "../../src/membership/index.js";
import { defaultRpcLimits } from "../../src/rpc/index.js";
import { pick } from "../../src/values/index.js";
import { defaultWireLimits, kinds, subprotocol } from "../../src/wire/index.js";
import { frameOf, messagesOf, rawMessage, utf8 } from "../support/wire.js";
import { type Written, write, writtenKinds } from "../wire/messages.js";
import { codec, encoded, joined, linesOf, plain, statedMessage } from "./examples.js";
import { type Table, readMarkdown } from "./markdown.js";
import { Stage, echoes, isSignature, keySeeds, signerOf } from "./stage.js";

const file = new URL("../../../../docs/protocol.md", import.meta.url);
const { blocks, tables } = readMarkdown(file);

function blocksOf(info: string) {
  return blocks.filter((block) => block.info === info || block.info.startsWith(`${info} `));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Reads one example and checks that it means what it says; answers its bytes. */
function checkedMessage(kind: string, text: readonly string[]): Uint8Array {
  const lines = linesOf(text);
  const bytes = joined(lines.map((line) => line.bytes));
  const [read, ...others] = messagesOf(bytes);
  expect(others).toEqual([]);
  expect(read!.kind).toBe(kind);
  expect(lines[0]!.comments).toEqual([`length ${bytes.length - 4}`]);
  expect(lines[1]!).toEqual({ bytes: Uint8Array.of(kinds[kind as Written["kind"]]), comments: [`kind: ${kind}`] });
  const stated = statedMessage(lines, read as Written);
  expect(plain(stated)).toEqual(plain(read));
  expect(hexOf(frameOf((writer) => write(writer, stated)))).toBe(hexOf(bytes));
  return bytes;
}

describe("messages", () => {
  const examples = blocksOf("text message").map(({ info, lines, line }) => ({
    kind: info.split(" ")[2]!,
    lines,
    line,
  }));

  test.for(examples)("the $kind of line $line is read and written as it says", ({ kind, lines }) => {
    const bytes = checkedMessage(kind, lines);
    const fixtures = new URL(`../wire/fixtures/${kind}.json`, import.meta.url);
    const known = JSON.parse(readFileSync(fixtures, "utf8")) as { readonly bytes: string }[];
    expect(known.map((fixture) => fixture.bytes)).toContain(hexOf(bytes));
  });

  test("every kind has an example", () => {
    expect([...new Set(examples.map(({ kind }) => kind))].toSorted()).toEqual(writtenKinds.toSorted());
  });
});

describe("values", () => {
  const valuesOf = (info: string) => {
    return blocks
      .filter((block) => block.info === info)
      .flatMap(({ lines }) => linesOf(lines).map(({ bytes, comments }) => [comments[0]!, bytes] as const));
  };

  test.for(valuesOf("text values"))("%s has these bytes", ([literal, bytes]) => {
    expect(hexOf(encoded(literal))).toBe(hexOf(bytes));
    if (literal.includes("hole(")) return;
    expect(hexOf(codec.encode(codec.decode(bytes), "value"))).toBe(hexOf(bytes));
  });

  test.for(valuesOf("text values read"))("%s is read from these bytes too", ([literal, bytes]) => {
    expect(hexOf(encoded(literal))).not.toBe(hexOf(bytes));
    expect(hexOf(codec.encode(codec.decode(bytes), "value"))).toBe(hexOf(encoded(literal)));
  });

  test.for(tableOf("value", "path", "part").rows)("the path of %s, %s, leads to %s", ([value, path, part]) => {
    const picked = pick(encoded(value!), runInNewContext(path!) as (string | number)[]);
    if (part === "nothing") expect(picked).toHaveProperty("missingAt");
    else expect(hexOf(picked as Uint8Array)).toBe(hexOf(encoded(part!)));
  });
});

interface Turn {
  readonly arrow: "→" | "←" | "…";
  readonly frame: Uint8Array;
}

/** The frames of a session; messages of one direction in a row are one frame. */
function turnsOf(name: string): Turn[] {
  const [block] = blocksOf(`text session ${name}`);
  const turns: { arrow: Turn["arrow"]; frame: Uint8Array }[] = [];
  let message: { arrow: "→" | "←"; kind: string; lines: string[] } | undefined;
  const endMessage = (): void => {
    if (message === undefined) return;
    const bytes = checkedMessage(message.kind, message.lines);
    const last = turns.at(-1);
    if (last?.arrow === message.arrow) last.frame = joined([last.frame, bytes]);
    else turns.push({ arrow: message.arrow, frame: bytes });
    message = undefined;
  };
  for (const line of block!.lines) {
    const start = /^([→←]) (\w+)$/.exec(line);
    if (start === null && !line.startsWith("…")) {
      message!.lines.push(line);
      continue;
    }
    endMessage();
    if (start === null) turns.push({ arrow: "…", frame: new Uint8Array(0) });
    else message = { arrow: start[1] as "→", kind: start[2]!, lines: [] };
  }
  endMessage();
  return turns;
}

describe("sessions", () => {
  test("a client hears from a node what the session says, frame by frame", () => {
    const node = new Stage({ name: "primary", keySeed: keySeeds.first, nonceFirst: 0x80, functions: echoes });
    node.open("native");
    for (const { arrow, frame } of turnsOf("client")) {
      if (arrow === "←") {
        expect(hexOf(node.take()!)).toBe(hexOf(frame));
        continue;
      }
      expect(node.take()).toBeUndefined();
      if (arrow === "→") node.receive(frame);
      else node.wait();
    }
    expect(node.take()).toBeUndefined();
    expect(node.closed).toBe(true);
    expect(node.machine.size.links).toBe(0);
  });

  test("two nodes say to each other what the session says, frame by frame", () => {
    const dialer = new Stage({ name: "dialer", keySeed: keySeeds.first, nonceFirst: 0, functions: {} });
    const train = { train: () => null };
    const acceptor = new Stage({
      name: "acceptor",
      keySeed: keySeeds.second,
      nonceFirst: 0x80,
      functions: train,
      resources: ["gpu"],
    });
    acceptor.open("native");
    dialer.open("native", true);
    for (const { arrow, frame } of turnsOf("nodes")) {
      const [from, to] = arrow === "→" ? [dialer, acceptor] : [acceptor, dialer];
      expect(hexOf(from.take()!)).toBe(hexOf(frame));
      to.receive(frame);
    }
    expect([dialer.take(), acceptor.take()]).toEqual([undefined, undefined]);
    expect(dialer.machine.inspect("functions")).toMatchObject([{ name: "train", offers: [{ node: "acceptor" }] }]);
  });

  test("what is signed, and the node ids, are what the text says they are", () => {
    const messages = turnsOf("nodes").map(({ arrow, frame }) => ({
      arrow,
      frame,
      read: messagesOf(frame) as Written[],
    }));
    const helloOf = (arrow: string) => {
      const { frame, read } = messages.find((turn) => turn.arrow === arrow)!;
      const hello = read[0] as Extract<Written, { kind: "hello" }>;
      const length = new DataView(frame.buffer, frame.byteOffset).getUint32(0);
      return { bytes: frame.subarray(0, 4 + length), publicKey: hello.identity!.publicKey };
    };
    const proofOf = (arrow: string) => {
      const proofs = messages
        .filter((turn) => turn.arrow === arrow)
        .flatMap(({ read }) => read.filter(({ kind }) => kind === "prove"));
      return (proofs[0] as Extract<Written, { kind: "prove" }>).signature;
    };
    const sides = { dialer: helloOf("→"), acceptor: helloOf("←") };
    for (const [role, arrow] of [
      ["dialer", "→"],
      ["acceptor", "←"],
    ] as const) {
      const { publicKey } = sides[role];
      const label = utf8.encode(`${subprotocol} link proof of the ${role}\n`);
      const signed = joined([label, sides.dialer.bytes, sides.acceptor.bytes]);
      expect(isSignature(publicKey, signed, proofOf(arrow))).toBe(true);
      expect(readFileSync(file, "utf8")).toContain(`\`${nodeIdOf(publicKey, signerOf(keySeeds.first))}\``);
      expect(readFileSync(file, "utf8")).toContain(`\`mpreg.v2 link proof of the ${role}\``);
    }
  });
});

describe("the JSON protocol", () => {
  const frames = blocks.filter(({ info }) => info === "json frame");
  const replies = blocks.filter(({ info }) => info === "json reply");
  const wrap = (value: unknown): unknown => ({ value, nested: { deep: value } });

  test("every frame has its reply", () => {
    expect(replies.length).toBe(frames.length);
    expect(frames.length).toBeGreaterThan(0);
  });

  test.for(
    frames.map(({ lines, line }, index) => ({
      line,
      frame: lines.join("\n"),
      reply: replies[index]!.lines.join("\n"),
    })),
  )("the frame of line $line is answered as it says", ({ frame, reply }) => {
    const functions = { ...echoes, wrap };
    const options = {
      name: "primary",
      keySeed: keySeeds.first,
      nonceFirst: 0,
      resources: ["cpu"],
      functions,
      runMs: 2,
    };
    const node = new Stage(options);
    node.open("json-v1");
    node.receive(utf8.encode(frame));
    expect(new TextDecoder().decode(node.take())).toBe(JSON.stringify(JSON.parse(reply)));
  });
});

function tableOf(...head: string[]): Table {
  const found = tables.filter((table) => table.head.join("|") === head.join("|"));
  expect(found.length).toBe(1);
  return found[0]!;
}

describe("tables", () => {
  const kindRows = tableOf("value", "kind", "sent by", "answered by", "costs credit").rows;

  test("the kinds are the code's", () => {
    const stated = kindRows.map(([value, kind]) => [kind, Number(value)]);
    expect(Object.fromEntries(stated)).toEqual(kinds);
    for (const [value, , , answered] of kindRows) expect(answered !== "").toBe((Number(value) & 0x80) !== 0);
  });

  test("what costs credit does, and what does not does not", () => {
    const messages: Partial<Record<Written["kind"], Uint8Array>> = Object.fromEntries(
      blocksOf("text message").map(({ info, lines }) => [
        info.split(" ")[2],
        joined(linesOf(lines).map(({ bytes }) => bytes)),
      ]),
    );
    const hello = turnsOf("client")[0]!.frame;
    const admitted = (bytes: Uint8Array): number => {
      const node = new Stage({ name: "n", keySeed: keySeeds.first, nonceFirst: 0, functions: {}, windowBytes: 4 });
      node.open("native");
      node.receive(hello);
      node.take();
      node.receive(bytes);
      const answers = messagesOf(node.take() ?? new Uint8Array(0));
      return answers.reduce((sum, message) => (message.kind === "credit" ? sum + message.admittedBytes : sum), 0);
    };
    const ends = new Set(["hello", "prove", "open", "goodbye", "members", "catalog", "results"]); // end the link
    for (const [, kind, , , costs] of kindRows) {
      const bytes = messages[kind as Written["kind"]]!;
      if (!ends.has(kind!)) expect([kind, admitted(bytes)]).toEqual([kind, costs === "yes" ? bytes.length : 0]);
    }
    for (const unknown of [rawMessage(0x7f, 1), rawMessage(0xff, 0, 0, 0, 1)])
      expect(admitted(unknown)).toBe(unknown.length);
  });

  test("the error codes are the code's, word for word", () => {
    const stated = tableOf("code", "meaning", "outcome").rows.map(([code, meaning]) => [code, meaning]);
    expect(stated).toEqual(Object.entries(errorCodes));
  });

  test("the limits are the code's", () => {
    const defaults = { ...defaultWireLimits, ...defaultLinkOptions, ...defaultRpcLimits, ...defaultRedialOptions };
    const stated = tableOf("option", "default", "bounds", "beyond").rows.map(([option, value]) => [
      option,
      Number(value!.replaceAll(",", "")),
    ]);
    expect(Object.fromEntries(stated)).toEqual(defaults);
    expect(readFileSync(file, "utf8")).toContain(`at most ${frameBytesMax.toLocaleString("en")} bytes (1 MiB) long`);
  });

  test("the goodbye codes are the code's", () => {
    const codes: Record<GoodbyeCode, true> = {
      closing: true,
      refused: true,
      duplicate: true,
      self: true,
      malformed: true,
      silent: true,
      slow: true,
      transport: true,
    };
    expect(tableOf("code", "WebSocket code", "meaning").rows.map(([code]) => code)).toEqual(Object.keys(codes));
  });
});

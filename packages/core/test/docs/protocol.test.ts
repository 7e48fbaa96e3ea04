/** docs/protocol.md says what the code does: its examples are read, written and played by the code, its tables compared. */
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { errorCodes } from "../../src/base/index.js";
import { type GoodbyeCode, defaultLinkOptions, frameBytesMax, nodeIdOf } from "../../src/link/index.js";
import type { FunctionInfo, NodeInput } from "../../src/node/index.js";
import { defaultRedialOptions, profiles } from "../../src/membership/index.js";
import { defaultRpcLimits } from "../../src/rpc/index.js";
import { pick } from "../../src/values/index.js";
import { defaultWireLimits, subprotocol } from "../../src/wire/index.js";
import { messagesOf, rawMessage, utf8 } from "../support/wire.js";
import { type Written, kindNumbers, writtenKinds } from "../wire/messages.js";
import { codec, encoded, joined, linesOf } from "./examples.js";
import { blocksOf, checkedMessage, file, hexOf, tableOf, turnsOf, waitMsOf } from "./document.js";
import { Stage, echoes, exchanged, isSignature, keySeeds, nodePair, signerOf } from "./stage.js";

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
    return blocksOf(info)
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

describe("sessions", () => {
  test("a client hears from a node what the session says, frame by frame", () => {
    const node = new Stage({ name: "primary", keySeed: keySeeds.first, nonceFirst: 0x80, functions: echoes });
    node.open("native");
    for (const turn of turnsOf("client")) {
      const { arrow, frame } = turn;
      if (arrow === "←") {
        expect(hexOf(node.take()!)).toBe(hexOf(frame));
        continue;
      }
      expect(node.take()).toBeUndefined();
      if (arrow === "→") {
        node.receive(frame);
        continue;
      }
      expect(node.machine.nextDueMs - node.nowMs).toBe(waitMsOf(turn));
      node.wait();
    }
    expect(node.take()).toBeUndefined();
    expect(node.closed).toBe(true);
    expect(node.machine.size.links).toBe(0);
  });

  test("two nodes say to each other what the session says, frame by frame", () => {
    const { dialer, acceptor } = nodePair();
    const offered: string[] = [];
    const events: Readonly<Record<string, NodeInput>> = {
      'the acceptor does not offer "train" any more': { kind: "unregister", fun: "train" },
      "the acceptor is closed": { kind: "close" },
    };
    for (const turn of turnsOf("nodes")) {
      const { arrow, frame, event } = turn;
      if (arrow === "…") {
        expect([dialer.take(), acceptor.take()]).toEqual([undefined, undefined]);
        const input = events[event];
        if (input !== undefined) {
          acceptor.enter(input);
          continue;
        }
        const dueMs = Math.min(dialer.machine.nextDueMs, acceptor.machine.nextDueMs);
        expect(dueMs - dialer.nowMs).toBe(waitMsOf(turn));
        for (const node of [dialer, acceptor]) node.wait(dueMs);
        continue;
      }
      const [from, to] = arrow === "→" ? [dialer, acceptor] : [acceptor, dialer];
      expect(hexOf(from.take()!)).toBe(hexOf(frame));
      to.receive(frame);
      offered.push(...(dialer.machine.inspect("functions", 0) as FunctionInfo[]).map(({ name }) => name));
    }
    expect([dialer.take(), acceptor.take()]).toEqual([undefined, undefined]);
    expect([...new Set(offered)]).toEqual(["train"]);
    expect(dialer.machine.inspect("functions", 0)).toEqual([]);
    expect(dialer.machine.inspect("cluster", 0)).toMatchObject({
      nodes: [
        { name: "dialer", state: "self" },
        { name: "acceptor", state: "left" },
      ],
    });
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
  const frames = blocksOf("json frame");
  const replies = blocksOf("json reply");
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

describe("topics on the JSON protocol", () => {
  const sessions = blocksOf("json topics");

  test("are told of", () => {
    expect(sessions.length).toBeGreaterThan(0);
  });

  test.for(sessions)("the session of line $line is what a node says", ({ lines }) => {
    const options = { name: "primary", keySeed: keySeeds.first, nonceFirst: 0, functions: echoes, runMs: 2 };
    const node = new Stage(options);
    node.open("json-v1");
    for (const turn of JSON.parse(lines.join("\n")) as readonly Readonly<Record<"→" | "←", unknown>>[]) {
      if (turn["→"] === undefined) {
        expect(new TextDecoder().decode(node.take())).toBe(JSON.stringify(turn["←"]));
        continue;
      }
      expect(node.take()).toBeUndefined();
      node.receive(utf8.encode(JSON.stringify(turn["→"])));
    }
    expect(node.take()).toBeUndefined();
  });
});

describe("tables", () => {
  const kindRows = tableOf("value", "kind", "sent by", "answered by", "costs credit").rows;

  test("the kinds are the code's", () => {
    const stated = kindRows.map(([value, kind]) => [kind, Number(value)]);
    expect(Object.fromEntries(stated)).toEqual(kindNumbers);
    for (const [value, , , answered] of kindRows) expect(answered !== "").toBe((Number(value) & 0x80) !== 0);
  });

  test("what costs credit does, and what does not does not", () => {
    const messages: Partial<Record<Written["kind"], Uint8Array>> = Object.fromEntries(
      blocksOf("text message").map(({ info, lines }) => [
        info.split(" ")[2],
        joined(linesOf(lines).map(({ bytes }) => bytes)),
      ]),
    );
    const admitted = (bytes: Uint8Array): number => {
      const { dialer, acceptor } = nodePair({ windowBytes: 4 });
      const heard = (): number => {
        const credits = exchanged(dialer, acceptor).filter((message) => message.kind === "credit");
        return credits.at(-1)?.admittedBytes ?? 0;
      };
      const before = heard();
      acceptor.receive(bytes);
      return Math.max(before, heard()) - before;
    };
    const ends = new Set(["hello", "prove", "open", "goodbye"]); // end the link
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

  test("the times and bounds of a cluster are those of the profiles", () => {
    const { rows } = tableOf("option", "local", "lan", "wan", "bounds");
    for (const [index, profile] of (["local", "lan", "wan"] as const).entries()) {
      const stated = rows.map((row) => [row[0], Number(row[1 + index]!.replaceAll(",", ""))]);
      expect(Object.fromEntries(stated)).toEqual(profiles[profile]);
    }
  });

  test("the goodbye codes are the code's", () => {
    const codes: Record<GoodbyeCode, true> = {
      closing: true,
      refused: true,
      duplicate: true,
      idle: true,
      self: true,
      malformed: true,
      silent: true,
      slow: true,
      transport: true,
    };
    expect(tableOf("code", "WebSocket code", "meaning").rows.map(([code]) => code)).toEqual(Object.keys(codes));
  });
});

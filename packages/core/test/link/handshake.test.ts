import { describe, expect, test } from "vitest";
import { nodeIdOf } from "../../src/link/index.js";
import { transcript } from "../../src/link/transcript.js";
import { kinds, writeHello, writeOpen, writeProve } from "../../src/wire/index.js";
import { type End, type EndOptions, Pair, identityOf } from "../support/links.js";
import { signerOf } from "../support/signer.js";
import { frameOf, joined, messagesOf, rawMessage } from "../support/wire.js";
import { readU32 } from "../../src/wire/reader.js";
import { samples } from "../wire/samples.js";

const client: EndOptions = { credentials: Uint8Array.of(9) };
const a: EndOptions = { node: "a" };
const b: EndOptions = { node: "b" };

function connected(dialer: EndOptions, acceptor: EndOptions): Pair {
  return new Pair(dialer, acceptor).settle();
}

/** Neither side has opened; `by` has ended the link with this code, the other has heard of it. */
function expectRefused({ dialer, acceptor }: Pair, code: string): void {
  expect([...dialer.opened, ...acceptor.opened]).toEqual([]);
  for (const { ends, closes } of [dialer, acceptor]) {
    expect(ends.map((goodbye) => goodbye.code)).toEqual([code]);
    expect(closes.map((goodbye) => goodbye.code)).toEqual([code]);
  }
}

describe("handshake", () => {
  test("two nodes open a link and know who the other is (L2)", () => {
    const { dialer, acceptor } = connected(a, b);
    expect([dialer.link.open, acceptor.link.open]).toEqual([true, true]);
    expect([dialer.opened, acceptor.opened]).toEqual([[0], [0]]);
    const idOf = (secret: string): string => nodeIdOf(signerOf(secret).publicKey, signerOf(secret));
    expect(dialer.admitted).toEqual([
      { kind: "node", nodeId: idOf("b"), identity: identityOf("b", signerOf("b")), resumes: false, callTimeoutMs: 0 },
    ]);
    expect(acceptor.admitted).toEqual([
      { kind: "node", nodeId: idOf("a"), identity: identityOf("a", signerOf("a")), resumes: false, callTimeoutMs: 0 },
    ]);
  });

  test("a client opens a link without a key, and its credentials arrive", () => {
    const { dialer, acceptor } = connected(client, b);
    expect([dialer.link.open, acceptor.link.open]).toEqual([true, true]);
    expect(acceptor.admitted).toEqual([{ kind: "client", credentials: Uint8Array.of(9) }]);
    expect(dialer.admitted[0]?.kind).toBe("node");
  });

  test("the handshake is what the header draws", () => {
    const pair = new Pair(a, b);
    const log: string[] = [];
    pair.settle((frame, from) => {
      log.push(
        `${from === pair.dialer ? "dialer" : "acceptor"}: ${messagesOf(frame)
          .map(({ kind }) => kind)
          .join(", ")}`,
      );
      return frame;
    });
    expect(log).toEqual(["dialer: hello", "acceptor: hello, prove", "dialer: prove", "acceptor: open"]);
  });

  test("a client proves nothing, and nothing is asked of it", () => {
    const { dialer, acceptor } = new Pair(client, b);
    dialer.link.flush();
    acceptor.link.receive(dialer.sent[0]!, 0);
    acceptor.link.flush();
    expect(acceptor.pending.map(({ kind }) => kind)).toEqual(["hello", "prove", "open"]);
  });

  test("each learns the other's limits", () => {
    const messageBytesMax = 5_000;
    const limits = {
      stepsMax: 1,
      nameBytesMax: 100,
      resourcesMax: 1,
      bindingsMax: 1,
      pathSegmentsMax: 1,
      messageBytesMax,
    };
    const { dialer, acceptor } = connected({ ...a, options: { limits } }, b);
    expect(acceptor.link.remoteMessageBytesMax).toBe(messageBytesMax);
    expect(dialer.link.remoteMessageBytesMax).toBe(64 * 1024 * 1024);
  });

  test("a node that has not the key it names is refused, whichever side it is on (L2)", () => {
    const thief: EndOptions = { identity: identityOf("a", signerOf("a")), signer: signerOf("thief") };
    expectRefused(connected(thief, b), "refused");
    expectRefused(connected(b, thief), "refused");
  });

  test("a proof that was made for another link does not open this one (L2)", () => {
    const first = new Pair(a, b);
    let proof: Uint8Array | undefined;
    first.settle((frame, from) => {
      if (from === first.dialer && frame[4] === kinds.prove) proof = frame;
      return frame;
    });
    const second = new Pair(
      { identity: identityOf("a", signerOf("a")), signer: signerOf("thief") },
      { ...b, seed: 77 },
    );
    second.settle((frame, from) => (from === second.dialer && frame[4] === kinds.prove ? proof! : frame));
    expectRefused(second, "refused");
  });

  test("the acceptor's own proof does not serve as the dialer's", () => {
    const { dialer, acceptor } = { dialer: Uint8Array.of(1), acceptor: Uint8Array.of(2) };
    expect(transcript("dialer", dialer, acceptor)).not.toEqual(transcript("acceptor", dialer, acceptor));
  });

  test.for(["dialer", "acceptor"] as const)(
    "whichever byte of the %s's hello is changed on its way, the link does not open (L2)",
    (from) => {
      let at = 0;
      for (let helloBytes = 1; at < helloBytes * 2; at++) {
        const pair = new Pair(a, b);
        let isFirst = true;
        pair.settle((frame, side) => {
          if (side !== pair[from] || !isFirst) return frame;
          isFirst = false;
          helloBytes = 4 + readU32(frame, 0);
          const changed = frame.slice();
          changed[at >> 1]! ^= at % 2 === 0 ? 0x01 : 0xff;
          return changed;
        });
        expect([pair.dialer.link.open, pair.acceptor.link.open]).not.toContain(true);
      }
      expect(at).toBeGreaterThan(200);
    },
  );

  test("a side that was dialled and does not say which node it is, is refused (L2)", () => {
    const pair = connected(a, { signer: signerOf("b") });
    expectRefused(pair, "refused");
    expect(pair.dialer.admitted).toEqual([]);
  });

  test.for([
    ["newer", 3, 9],
    ["older", 0, 1],
  ] as const)(
    "a side that only speaks %s versions is refused, and told what is spoken here",
    ([, versionMin, versionMax]) => {
      const pair = new Pair(a, b);
      pair.acceptor.link.receive(
        frameOf((writer) => {
          writeHello(writer, { ...(samples.hello[0] as Parameters<typeof writeHello>[1]), versionMin, versionMax });
        }),
        0,
      );
      expect(pair.acceptor.ends).toEqual([
        {
          code: "refused",
          reason: `this side speaks protocol versions 2 to 2, the other ${versionMin} to ${versionMax}`,
        },
      ]);
      expect(pair.acceptor.pending).toMatchObject([{ kind: "goodbye", code: "refused" }]);
      expect(pair.acceptor.admitted).toEqual([]);
    },
  );

  test.for([
    ["messages of less than a kilobyte", { messageBytesMax: 1_023 }],
    ["nothing before it admits it", { windowBytes: 0 }],
  ] as const)("a side that accepts %s is refused: no error would reach it", ([, less]) => {
    const { acceptor } = new Pair(client, b);
    acceptor.link.receive(
      frameOf((writer) => {
        writeHello(writer, { ...(samples.hello[0] as Parameters<typeof writeHello>[1]), ...less });
      }),
      0,
    );
    expect(acceptor.ends).toMatchObject([
      { code: "refused", reason: expect.stringContaining("must accept messages of 1024 bytes") },
    ]);
  });

  test("a side that speaks newer versions too is welcome", () => {
    const { acceptor } = new Pair(client, b);
    acceptor.link.receive(
      frameOf((writer) => {
        writeHello(writer, { ...(samples.hello[0] as Parameters<typeof writeHello>[1]), versionMin: 1, versionMax: 9 });
      }),
      0,
    );
    expect(acceptor.link.open).toBe(true);
  });

  test("whom the policy refuses hears the reason and nothing else", () => {
    const refusing: EndOptions = { ...b, admit: () => ({ allow: false, reason: "not on Sundays" }) };
    const pair = connected(a, refusing);
    expectRefused(pair, "refused");
    expect(pair.dialer.ends[0]?.reason).toBe("not on Sundays");
    expect(pair.dialer.admitted).toEqual([]); // the acceptor has not even introduced itself
  });

  test("a dialer may refuse the acceptor", () => {
    expectRefused(connected({ ...a, admit: () => ({ allow: false, reason: "no" }) }, b), "refused");
  });

  test("a handshake that takes too long is given up by both sides", () => {
    const pair = new Pair(a, b);
    const sides: readonly End[] = [pair.dialer, pair.acceptor];
    for (const { link, ends } of sides) {
      expect(link.nextDueMs).toBe(10_000);
      link.onDue(9_999);
      expect(ends).toEqual([]);
      link.onDue(10_000);
      expect(ends).toEqual([{ code: "silent", reason: "no handshake within 10000 ms" }]);
      expect(link.nextDueMs).toBe(Infinity);
    }
  });
});

describe("out of turn", () => {
  const hello = frameOf((writer) => {
    writeHello(writer, samples.hello[0] as Parameters<typeof writeHello>[1]);
  });
  const open = frameOf((writer) => {
    writeOpen(writer);
  });
  const prove = frameOf((writer) => {
    writeProve(writer, new Uint8Array(64));
  });
  const cancel = rawMessage(kinds.cancel, 0, 0, 0, 1);
  const unknown = rawMessage(0xf0, 0, 0, 0, 1);

  test.for([
    ["a message of another kind", joined(cancel, hello)],
    ["a call that cannot be read", joined(unknown, hello)],
    ["a proof", prove],
    ["the word that the link is open", open],
    ["bytes that are no message", Uint8Array.of(1, 2, 3)],
  ] as const)("an acceptor ends the link when %s comes before the hello (L1)", ([, frame]) => {
    const { acceptor } = new Pair(client, b);
    acceptor.link.receive(frame, 0);
    expect(acceptor.ends.map(({ code }) => code)).toEqual(["malformed"]);
    expect([acceptor.messages, acceptor.opened]).toEqual([[], []]);
  });

  test("a node that speaks before its proof is checked is not listened to (L1) (L2)", () => {
    const pair = new Pair(a, b);
    pair.carry(pair.dialer, pair.acceptor);
    pair.acceptor.link.receive(cancel, 0);
    expect(pair.acceptor.ends.map(({ code }) => code)).toEqual(["malformed"]);
    expect(pair.acceptor.messages).toEqual([]);
  });

  test("a dialer does not believe that a link is open before the acceptor's proof (L2)", () => {
    const pair = new Pair(a, b);
    pair.carry(pair.dialer, pair.acceptor);
    pair.acceptor.link.flush();
    const [frame] = pair.acceptor.sent;
    const helloBytes = 4 + readU32(frame!, 0);
    pair.dialer.link.receive(joined(frame!.subarray(0, helloBytes), open), 0);
    expect(pair.dialer.ends.map(({ code }) => code)).toEqual(["malformed"]);
    expect(pair.dialer.opened).toEqual([]);
  });

  test.for([
    ["hello", hello],
    ["prove", prove],
    ["open", open],
  ] as const)("a %s on an open link ends it (L1)", ([kind, frame]) => {
    const { acceptor } = connected(client, b);
    acceptor.link.receive(frame, 0);
    expect(acceptor.ends).toEqual([{ code: "malformed", reason: `a ${kind} on a link that is open` }]);
  });

  test("a second hello or proof ends the handshake (L1)", () => {
    const pair = new Pair(a, b);
    pair.carry(pair.dialer, pair.acceptor);
    pair.acceptor.link.receive(hello, 0);
    expect(pair.acceptor.ends.map(({ code }) => code)).toEqual(["malformed"]);
    const other = new Pair(a, b);
    other.settle((frame, from) => (from === other.acceptor ? joined(frame, prove) : frame));
    expect(other.dialer.ends.map(({ code }) => code)).toEqual(["malformed"]);
  });
});

/** What nodes tell each other about the cluster: what of it is signed, and what of it is refused. */
import { describe, expect, test } from "vitest";
import {
  type Message,
  type NodeRecord,
  type OfferRecord,
  digestParts,
  droppableKinds,
  kinds,
  observersMax,
  offersMax,
  tagsMax,
  writeDigestLines,
  writeOffersRequest,
  writeProbe,
} from "../../src/wire/index.js";
import { frameOf, messagesOf, rawMessage, thrownBy } from "../support/wire.js";
import type { Pattern } from "../../src/base/index.js";
import {
  type Written,
  bytesOf,
  entryOf,
  interestEntryOf,
  kindNumbers,
  recordBodyOf,
  write,
  writtenKinds,
} from "./messages.js";
import { samples } from "./samples.js";

type Of<K extends Written["kind"]> = Extract<Written, { kind: K }>;

const [, record] = samples.record as readonly Of<"record">[];
const [accusation] = samples.accusation as readonly Of<"accusation">[];
const [all, change] = samples.offers as readonly Of<"offers">[];

function frameWith(message: Written): Uint8Array {
  return frameOf((writer) => write(writer, message));
}

function readFirst(frame: Uint8Array): Message {
  return messagesOf(frame)[0]!;
}

/** The error with which a message is refused. */
function refusalOf(message: Written): { readonly code: string; readonly message: string } {
  return thrownBy(() => messagesOf(frameWith(message)));
}

function recordWith(changes: Partial<NodeRecord>): Written {
  const changed = { ...record!.record, ...changes };
  return { ...record!, record: changed, body: recordBodyOf(changed) };
}

function offersWith(changes: Partial<OfferRecord>): Written {
  return { ...all!, added: [entryOf({ ...all!.added[0]!.offer, ...changes })] };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);

describe("what is signed", () => {
  test("a record's signature is of everything behind it: no byte of a record is left out", () => {
    const frame = frameWith(record!);
    const start = 4 + 1 + 1 + 64;
    expect(record!.body).toEqual(frame.subarray(start));
    const further = rawMessage(kinds.record, ...frame.subarray(5), 1, 2, 3);
    expect(readFirst(further)).toMatchObject({ body: new Uint8Array([...record!.body, 1, 2, 3]) });
  });

  test("an accusation's signature is of everything behind it", () => {
    const frame = frameWith(accusation!);
    expect(accusation!.body).toEqual(frame.subarray(4 + 1 + 64));
  });

  test("the signature of offers is of their head alone, so that it holds for a change and for the whole", () => {
    expect(readFirst(frameWith(change!))).toMatchObject({ body: change!.body, head: change!.head });
    const whole: Written = { ...all!, head: change!.head, body: change!.body };
    expect(readFirst(frameWith(whole))).toMatchObject({ body: change!.body, signature: all!.signature });
  });

  test("an offer is known by the bytes that its origin has written, which its digest is of", () => {
    const [, train] = all!.added;
    const frame = frameWith(all!);
    const read = readFirst(frame) as Of<"offers">;
    expect(read.added[1]).toEqual(train);
    expect(Buffer.from(frame).includes(Buffer.from(train!.bytes))).toBe(true);
  });
});

describe("limits", () => {
  test("a record is at most 16 KiB long", () => {
    const urls = names(16).map((name) => name + "x".repeat(1_000));
    expect(refusalOf(recordWith({ urls, name: "n".repeat(1_000) }))).toMatchObject({ code: "too-large" });
    expect(readFirst(frameWith(recordWith({ urls: urls.slice(1) }))).kind).toBe("record");
  });

  test("a record has at most 16 urls and names at most 64 observers", () => {
    expect(refusalOf(recordWith({ urls: names(17) })).message).toBe("17 names; the limit is 16");
    expect(refusalOf(recordWith({ observers: names(observersMax + 1) })).message).toBe("65 names; the limit is 64");
  });

  test("an offer has at most 64 tags, and as many resources as a call may ask for", () => {
    expect(refusalOf(offersWith({ tags: names(tagsMax + 1) })).message).toBe("65 names; the limit is 64");
    expect(refusalOf(offersWith({ resources: names(257) })).message).toBe("257 names; the limit is 256");
  });

  test("a message tells of at most 100,000 offers, and withdraws as many", () => {
    const removed = names(offersMax + 1);
    expect(refusalOf({ ...change!, removed }).message).toBe("100001 names; the limit is 100000");
    const [first] = all!.added;
    const added = Array.from({ length: offersMax + 1 }, () => first!);
    expect(refusalOf({ ...all!, added }).message).toBe("100001 offers; the limit is 100000");
  });

  test("lines are complete for 64 parts at most, for there are no more", () => {
    const lines = frameOf((writer) => {
      writeDigestLines(writer, { parts: Array<number>(digestParts + 1).fill(0), lines: [], asks: false });
    });
    expect(thrownBy(() => messagesOf(lines)).message).toBe("65 parts; the limit is 64");
  });

  test.for([
    ["a probed member", kinds.probeRequest, [0, 0, 0, 1, 1]],
    ["a member whose offers are asked for", kinds.offersRequest, []],
  ] as const)("the id of %s is a name, and as short as one", ([, kind, before]) => {
    const id = frameOf((writer) => {
      writeOffersRequest(writer, "n".repeat(1_025));
    }).subarray(5);
    expect(thrownBy(() => messagesOf(rawMessage(kind, ...before, id))).message).toBe(
      "a name of 1025 bytes; the limit is 1024",
    );
  });
});

describe("what nobody can mean", () => {
  test("a verdict that is not known is malformed", () => {
    const bytes = frameWith(accusation!);
    bytes[4 + 1 + 64] = 2;
    expect(thrownBy(() => messagesOf(bytes)).message).toBe("an accusation with a verdict that is not known");
  });

  test("interest in what is no pattern, or not in normal form, is malformed", () => {
    const [interest] = samples.interest as readonly Of<"interest">[];
    for (const text of ["#.#", "#.*", "a#", "*b.c"]) {
      const added = [interestEntryOf({ pattern: text as Pattern, plain: true, groups: [] })];
      expect(refusalOf({ ...interest!, added })).toMatchObject({
        code: "malformed",
        message: "interest in a pattern that is not in normal form",
      });
    }
  });

  test("a purpose of lines that is not known is that of a comparison, which does no harm", () => {
    const [lines] = samples["interest-lines"];
    const bytes = frameWith(lines!);
    bytes[5] = 9;
    expect(readFirst(bytes)).toEqual(lines);
  });

  test("a wish about a link that is not known is malformed", () => {
    expect(thrownBy(() => messagesOf(rawMessage(kinds.keep, 3))).message).toBe("a wish about a link that is not known");
    expect(readFirst(rawMessage(kinds.keep, 2))).toEqual({ kind: "keep", wish: "released" });
  });

  test("offers that go back in their versions are malformed", () => {
    expect(refusalOf({ ...change!, base: 3 }).message).toBe("offers that go back in their versions");
    expect(readFirst(frameWith({ ...change!, base: 2 })).kind).toBe("offers");
  });

  test.for([
    ["longer", -1],
    ["shorter", 1],
  ] as const)("a head that is %s than it says is malformed", ([, difference]) => {
    const bytes = frameWith(all!);
    bytes[4 + 1 + 1 + 64]! += difference;
    expect(thrownBy(() => messagesOf(bytes)).message).toBe("a head of offers that is not as long as it says");
  });

  test("an offer with anything behind its fields is malformed, for its digest would not say what it is", () => {
    const [first] = all!.added;
    const longer = { ...first!, bytes: bytesOf((writer) => void writer.raw(first!.bytes).u8(0)) };
    expect(refusalOf({ ...all!, added: [longer] }).message).toBe("an entry of offers that is not as long as it says");
  });

  test("who may call a function in a way that is not known here is its own cluster only", () => {
    const [first] = all!.added;
    const bytes = bytesOf((writer) => {
      const { fun } = first!.offer;
      writer.text(fun).texts([]).field(3).u8(9).endField().endFields();
    });
    const read = readFirst(frameWith({ ...all!, added: [{ offer: first!.offer, bytes }] })) as Of<"offers">;
    expect(read.added[0]!.offer.scope).toBe("cluster");
  });
});

describe("kinds", () => {
  test("what a network may lose is what nodes tell each other about the cluster, and nothing that somebody waits for", () => {
    const droppable = writtenKinds.filter((kind) => droppableKinds.has(kindNumbers[kind]));
    expect(droppable).toEqual([
      ...["record", "accusation", "offers", "offers-request", "digest", "digest-lines"],
      ...["probe", "probe-ack", "probe-request", "probe-report"],
      ...["interest", "interest-digest", "interest-lines"],
    ]);
  });

  test("a probe is 9 bytes long: there is one per link and interval", () => {
    const probe = frameOf((writer) => {
      writeProbe(writer, 0xffff_ffff);
    });
    expect(probe.length).toBe(9);
  });
});

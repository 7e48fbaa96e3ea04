import { describe, expect, test } from "vitest";
import { isGenuineAccusation, isGenuineRecord, isSigned, sign } from "../../src/membership/records.js";
import { writeAccusation, writeRecord } from "../../src/wire/index.js";
import { accusationOf, received, signedBy } from "../support/membership.js";
import { recordOf } from "../support/news.js";
import { signerOf } from "../support/signer.js";
import { frameOf, messagesOf } from "../support/wire.js";

const [honest, liar] = [signerOf("honest"), signerOf("liar")];

describe("a record", () => {
  test("is genuine with the signature of the key it holds, and of no other (R1)", () => {
    const record = recordOf("honest", { observers: ["a"], incarnation: 9 });
    expect(isGenuineRecord(record, received(record), liar)).toBe(true);
    expect(isGenuineRecord(record, received(record, "liar"), honest)).toBe(false);
  });

  test("is not genuine when anything of it was changed on the way (R1)", () => {
    const record = recordOf("honest", { coordinate: { vector: [1, 2, 3, 4, 5, 6, 7, 8], heightMs: 1, error: 1 } });
    const { body, signature } = received(record);
    for (let at = 0; at < body.length; at++) {
      const changed = body.with(at, body[at]! ^ 1);
      expect(isGenuineRecord(record, { body: changed, signature }, honest)).toBe(false);
    }
    expect(isGenuineRecord(record, { body, signature: signature.with(63, signature[63]! ^ 1) }, honest)).toBe(false);
  });

  test("says the same, and is as genuine, after any number of hops (R1)", () => {
    let message = { ...received(recordOf("honest", { urls: ["ws://a", "ws://b"], left: true, sequence: 3 })) };
    for (let hop = 0; hop < 5; hop++) {
      const [read] = messagesOf(
        frameOf((writer) => {
          writeRecord(writer, message);
        }),
      );
      if (read?.kind !== "record") throw new Error("not a record");
      expect(read.record).toEqual(message.record);
      expect(isGenuineRecord(read.record, read, honest)).toBe(true);
      message = read;
    }
  });
});

describe("an accusation", () => {
  test("is genuine with the signature of its accuser, and of no other (R2)", () => {
    const accusation = accusationOf("target", "honest");
    expect(isGenuineAccusation(signedBy(accusation, "honest"), honest.publicKey, liar)).toBe(true);
    expect(isGenuineAccusation(signedBy(accusation, "liar"), honest.publicKey, liar)).toBe(false);
  });

  test("cannot be turned against another incarnation, target or verdict (R2)", () => {
    const { body, signature } = signedBy(accusationOf("target", "honest"), "honest");
    for (let at = 0; at < body.length; at++) {
      const changed = body.with(at, body[at]! ^ 1);
      expect(isGenuineAccusation({ body: changed, signature }, honest.publicKey, liar)).toBe(false);
    }
    const [read] = messagesOf(
      frameOf((writer) => {
        writeAccusation(writer, { body, signature });
      }),
    );
    expect(read).toMatchObject({ kind: "accusation", accusation: accusationOf("target", "honest") });
  });
});

describe("a signature", () => {
  test("that was given for one purpose serves no other (R3)", () => {
    const record = recordOf("honest");
    const signed = received(record);
    expect(isGenuineAccusation(signed, honest.publicKey, honest)).toBe(false);
    const accusation = signedBy(accusationOf("target", "honest"), "honest");
    expect(isGenuineRecord(record, accusation, honest)).toBe(false);
    expect(isSigned("mpreg.v2 offers\n", signed, honest.publicKey, honest)).toBe(false);
    expect(isSigned("", signed, honest.publicKey, honest)).toBe(false);
    const bare = { body: signed.body, signature: honest.sign(signed.body) };
    expect(isGenuineRecord(record, bare, honest)).toBe(false);
  });

  test("that was given under a label is good under that label only (R3)", () => {
    const body = Uint8Array.of(1, 2, 3);
    const signed = sign("one\n", body, honest);
    expect(isSigned("one\n", signed, honest.publicKey, liar)).toBe(true);
    for (const label of ["two\n", "one", "one\n\u0001", ""])
      expect(isSigned(label, signed, honest.publicKey, liar)).toBe(false);
  });
});

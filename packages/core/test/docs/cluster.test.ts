/** docs/protocol.md says how nodes sign and hash what they tell of the cluster: another reading of its text agrees with the code. */
import { runInNewContext } from "node:vm";
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { announcedOffers } from "../../src/catalog/announcements.js";
import { EntrySet } from "../../src/catalog/entry-set.js";
import { nodeIdOf } from "../../src/link/index.js";
import { profiles } from "../../src/membership/index.js";
import { signAccusation } from "../../src/membership/records.js";
import { partnersWanted } from "../../src/membership/view.js";
import { pairWeight } from "../../src/membership/weight.js";
import { hash32 } from "../../src/structures/index.js";
import { messagesOf, utf8 } from "../support/wire.js";
import type { Written } from "../wire/messages.js";
import { file, hexOf, tableOf, turnsOf } from "./document.js";
import { joined } from "./examples.js";
import { offersDigest, sha256, textHash } from "./hashes.js";
import { isSignature, keySeeds, signerOf } from "./stage.js";

describe("what nodes sign about the cluster", () => {
  const told = turnsOf("nodes").flatMap(({ frame }) => messagesOf(frame) as Written[]);
  const keys = new Map(
    told
      .filter((message) => message.kind === "record")
      .map(({ record: { publicKey } }) => [nodeIdOf(publicKey, signerOf(keySeeds.first)), publicKey]),
  );

  function expectSigned(label: string, publicKey: Uint8Array, body: Uint8Array, signature: Uint8Array): void {
    expect(readFileSync(file, "utf8")).toContain(`\`${label}\``);
    expect(isSignature(publicKey, joined([utf8.encode(`${label}\n`), body]), signature)).toBe(true);
  }

  test("the records of the session have the signatures that the text describes", () => {
    expect(keys.size).toBe(2);
    for (const message of told) {
      if (message.kind !== "record") continue;
      expectSigned("mpreg.v2 node record", message.record.publicKey, message.body, message.signature);
    }
  });

  test("the offers of the session have the signature and the digest that the text describes", () => {
    const offers = told.filter((message) => message.kind === "offers");
    expect(offers.map(({ base, head }) => [base, head.version])).toEqual([
      [0, 1],
      [0, 1], // told again
      [1, 2],
    ]);
    const known = new Map<string, Uint8Array>();
    for (const { head, body, signature, added, removed } of offers) {
      expectSigned("mpreg.v2 offers", keys.get(head.nodeId)!, body, signature);
      for (const fun of removed) known.delete(fun);
      for (const { offer, bytes } of added) known.set(offer.fun, bytes);
      const named = [...known].map(([fun, bytes]) => ({ fun, bytes }));
      expect(hexOf(offersDigest(named))).toBe(hexOf(head.digest));
    }
  });

  test("an accusation is signed as the text describes", () => {
    const accusation = { verdict: "suspect", target: "t", incarnation: 1, accuser: "a" } as const;
    const { signature, body } = signAccusation(accusation, signerOf(keySeeds.first), utf8);
    expectSigned("mpreg.v2 accusation", signerOf(keySeeds.first).publicKey, body, signature);
  });

  test("the digest of any offers is what the text describes", () => {
    const fun = fc.oneof(fc.constantFrom("f", "g"), fc.string({ unit: "binary", minLength: 1, maxLength: 12 }));
    const version = fc.constantFrom(undefined, "1.0.0", "2.0.0", "2.0.0-beta");
    const offers = fc.uniqueArray(fc.record({ fun, version }), {
      selector: (offer) => `${offer.version ?? ""} ${offer.fun}`,
      maxLength: 200,
    });
    fc.assert(
      fc.property(offers, (all) => {
        const named = all.map((each, index) => ({ ...each, bytes: Uint8Array.of(index, all.length) }));
        const set = new EntrySet(sha256, announcedOffers);
        const offer = {
          resources: [],
          tags: [],
          scope: "cluster",
          concurrencyMax: undefined,
          idempotent: "no",
        } as const;
        set.change(
          named.map(({ bytes, ...named }) => ({ bytes, offer: { ...offer, ...named } })),
          [],
        );
        expect(hexOf(set.digest())).toBe(hexOf(offersDigest(named)));
      }),
    );
  });
});

describe("hashes and weights", () => {
  const rows = tableOf("text", "hash").rows;

  test.for(rows)("%s has the hash %s", ([text, hash]) => {
    const content = runInNewContext(text!) as string;
    expect(hash32(content)).toBe(Number(hash));
    expect(textHash(content)).toBe(Number(hash));
  });

  test("any text has the hash that the text describes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(hash32(text)).toBe(textHash(text));
      }),
    );
  });

  test("the digests of the session are what the text describes", () => {
    const dialers = turnsOf("nodes").filter(({ arrow }) => arrow === "→");
    const told = dialers.flatMap(({ frame }) => messagesOf(frame) as Written[]);
    const [digest] = told.filter((message) => message.kind === "digest");
    const [record] = told.filter((message) => message.kind === "record"); // the dialer knows nobody else so far
    const nodeId = createHash("sha256").update(record!.record.publicKey).digest("hex").slice(0, 32);
    const { incarnation, sequence } = record!.record;
    const hashes = Array<number>(64).fill(0);
    hashes[textHash(nodeId) % 64] = textHash([nodeId, incarnation, 0, sequence, 0, 0].join(" "));
    expect(digest!.hashes).toEqual(hashes);
  });

  test.for(tableOf("members", "wanted").rows)("of %s members a node wants links to %s", ([members, wanted]) => {
    const count = Number(members!.replaceAll(",", ""));
    expect(partnersWanted(count, profiles.lan.fullMeshMax)).toBe(Number(wanted));
  });

  test.for(tableOf("one node", "other node", "weight").rows)(
    "the weight of %s and %s is %s",
    ([one, other, weight]) => {
      expect(pairWeight(one!, other!)).toBe(Number(weight));
      expect(pairWeight(other!, one!)).toBe(Number(weight));
    },
  );
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Announcements, type Heard } from "../../src/catalog/index.js";
import { sign } from "../../src/membership/index.js";
import {
  type OfferEntry,
  type OffersHead,
  type OffersMessage,
  Writer,
  writeOffer,
  writeOffers,
  writeOffersHead,
} from "../../src/wire/index.js";
import { idOf } from "../support/news.js";
import { offerOf } from "../support/mesh-node.js";
import { signerOf } from "../support/signer.js";
import { frameOf, messagesOf, thrownBy, utf8 } from "../support/wire.js";

/** What one node knows of all offers. All keys are known unless the test forgets one. */
class Listener {
  readonly name: string;
  readonly announcements: Announcements;
  readonly unknown = new Set<string>();
  /** With which incarnation the lives of nodes have begun, as their records tell. */
  readonly boots = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
    const keys = new Map(["origin", "liar", "listener", "other"].map((each) => [idOf(each), signerOf(each).publicKey]));
    this.announcements = new Announcements(idOf(name), {
      signer: signerOf(name),
      utf8,
      ownerOf: (nodeId) => {
        const publicKey = keys.get(nodeId);
        if (publicKey === undefined || this.unknown.has(nodeId)) return undefined;
        return { publicKey, boot: this.boots.get(nodeId) ?? 1 };
      },
    });
  }

  offer(fun: string, ...resources: readonly string[]): void {
    this.announcements.offer(offerOf(fun, resources));
  }

  /** What it tells of its own changes in the run `boot`. */
  announce(boot = 1): OffersMessage | undefined {
    const message = this.announcements.announce(boot);
    return message === undefined ? undefined : read(message);
  }

  /** What it tells of everything that `name` offers. */
  everything(name = "origin"): OffersMessage {
    const message = this.announcements.everything(idOf(name));
    if (message === undefined) throw new Error(`nothing is known of "${name}"`);
    return read(message);
  }

  hear(message: OffersMessage): Heard {
    return this.announcements.apply(message, () => true);
  }

  /** The offers it knows of `name`, sorted. */
  knows(name = "origin"): string[] {
    const offers = [...this.announcements.offersOf(idOf(name))];
    expect(this.announcements.countOf(idOf(name))).toBe(offers.length);
    return offers.map(({ fun, version = "", resources }) => `${fun}${version}[${resources.join()}]`).toSorted();
  }
}

function read(message: Uint8Array): OffersMessage {
  const [read] = messagesOf(message);
  if (read?.kind !== "offers") throw new Error("no offers");
  return read;
}

/** An announcement that says `head` and is signed by `signer`, whoever that is. */
function forged(
  message: OffersMessage,
  head: Partial<OffersHead>,
  signer: string,
  label = "mpreg.v2 offers\n",
): OffersMessage {
  const writer = new Writer(utf8);
  writeOffersHead(writer, { ...message.head, ...head });
  const signed = sign(label, writer.take().slice(), signerOf(signer));
  return { ...message, ...signed, head: { ...message.head, ...head } };
}

function entryOf(fun: string): OfferEntry {
  const writer = new Writer(utf8);
  writeOffer(writer, offerOf(fun));
  return { offer: offerOf(fun), bytes: writer.take().slice() };
}

const act = fc.record({
  fun: fc.constantFrom("f", "g", "h"),
  version: fc.constantFrom(undefined, "1.0.0", "2.0.0"),
  resources: fc.subarray(["x", "y"]),
  offered: fc.boolean(),
});

describe("announcements", () => {
  test("versions of one run count up by one with every change that is told (A1)", () => {
    const origin = new Listener("origin");
    expect(origin.announce()).toBe(undefined);
    origin.offer("f");
    origin.offer("g");
    expect(origin.announce()).toMatchObject({ base: 0, head: { boot: 1, version: 1 } });
    expect(origin.announce()).toBe(undefined);
    origin.offer("h");
    origin.announcements.withdraw("f");
    const change = origin.announce();
    expect(change).toMatchObject({ base: 1, head: { boot: 1, version: 2 }, removed: ["f"] });
    expect(change?.added.map(({ offer }) => offer.fun)).toEqual(["h"]);
    expect(origin.announcements.versionOf(idOf("origin"))).toMatchObject({ boot: 1, version: 2 });
  });

  test("a later run tells everything anew, from version one (A1)", () => {
    const origin = new Listener("origin");
    origin.offer("f");
    origin.announce(1);
    expect(origin.announce(4)).toMatchObject({
      base: 0,
      head: { boot: 4, version: 1 },
      added: [{ offer: { fun: "f" } }],
    });
  });

  test("whoever hears all changes, lost, repeated and late as they may be, and asks where there is a gap, knows all (A1) (A2)", () => {
    const heard = fc.array(fc.record({ act, drop: fc.boolean(), again: fc.nat(10), boot: fc.boolean() }), {
      maxLength: 25,
    });
    fc.assert(
      fc.property(heard, (all) => {
        const [origin, listener] = [new Listener("origin"), new Listener("listener")];
        const told: OffersMessage[] = [];
        let boot = 1;
        for (const { act: each, drop, again, boot: restarts } of all) {
          const { fun, resources } = each;
          if (each.offered) origin.announcements.offer({ ...offerOf(fun, resources), version: each.version });
          else origin.announcements.withdraw(fun, each.version);
          boot += Number(restarts);
          const message = origin.announce(boot);
          if (message === undefined) continue;
          told.push(message);
          if (!drop && listener.hear(message).kind === "gap") listener.hear(origin.everything());
          const old = told[again % told.length]!;
          const before = listener.knows();
          const version = listener.announcements.versionOf(idOf("origin"));
          const isNews =
            old.head.boot > version.boot || (old.head.boot === version.boot && old.head.version > version.version);
          const { kind } = listener.hear(old);
          if (!isNews) expect([kind, listener.knows()]).toEqual(["known", before]);
        }
        if (told.length === 0) return;
        listener.hear(origin.everything());
        expect(listener.knows()).toEqual(origin.knows());
        const { boot: knownBoot, version } = origin.announcements.versionOf(idOf("origin"));
        expect(listener.announcements.versionOf(idOf("origin"))).toMatchObject({ boot: knownBoot, version });
      }),
    );
  });

  test("a change that was made from another version is a gap, and changes nothing (A2)", () => {
    const [origin, listener] = [new Listener("origin"), new Listener("listener")];
    origin.offer("f");
    const first = origin.announce()!;
    origin.offer("g");
    const second = origin.announce()!;
    origin.offer("h");
    const third = origin.announce()!;
    expect(listener.hear(second).kind).toBe("gap");
    expect(listener.knows()).toEqual([]);
    expect(listener.hear(first)).toEqual({ kind: "news", changed: ["f"], replaced: true });
    expect(listener.hear(third).kind).toBe("gap");
    expect(listener.hear(second)).toEqual({ kind: "news", changed: ["g"], replaced: false });
    expect(listener.hear(third)).toEqual({ kind: "news", changed: ["h"], replaced: false });
    expect(listener.knows()).toEqual(["f[]", "g[]", "h[]"]);
  });

  test("nothing of an earlier life comes back after a restart, however late it arrives (A1)", () => {
    const [before, after, listener] = [new Listener("origin"), new Listener("origin"), new Listener("listener")];
    before.offer("old");
    const old = [before.announce(1)!];
    for (let i = 0; i < 5; i++) {
      before.offer(`old ${i}`);
      old.push(before.announce(1)!, before.everything());
    }
    for (const message of old) listener.hear(message);
    after.offer("new");
    expect(listener.hear(after.announce(2)!)).toMatchObject({ kind: "news", replaced: true });
    for (const message of old) expect(listener.hear(message).kind).toBe("known");
    expect(listener.knows()).toEqual(["new[]"]);
  });

  test("what was offered in an earlier life is void when the record of a later one is known (A1)", () => {
    const [origin, listener] = [new Listener("origin"), new Listener("listener")];
    origin.offer("old");
    const old = origin.announce(1)!;
    listener.hear(old);
    listener.announcements.outlive(idOf("origin"), 1);
    expect(listener.knows()).toEqual(["old[]"]);
    listener.boots.set(idOf("origin"), 2);
    listener.announcements.outlive(idOf("origin"), 2);
    expect([listener.knows(), listener.announcements.size]).toEqual([[], 0]);
    expect([listener.hear(old).kind, listener.knows()]).toEqual(["known", []]);
    expect([listener.hear(origin.announce(3)!).kind, listener.knows()]).toEqual(["news", ["old[]"]]);
  });

  test("a node knows its own offers, and sees by those it does not know that it has had another life (A1)", () => {
    const [before, now] = [new Listener("origin"), new Listener("origin")];
    before.offer("old");
    const [first] = [before.announce(1)!];
    before.offer("older");
    const second = before.announce(1)!;
    expect(now.hear(first).kind).toBe("known"); // it offers nothing: nobody is misled
    now.offer("new");
    const own = now.announce(1)!;
    expect(now.hear(own).kind).toBe("known");
    for (const message of [first, second]) expect(now.hear(message).kind).toBe("outlived");
    expect(now.hear(forged(second, { boot: 9 }, "liar")).kind).toBe("refused");
    now.announce(2);
    for (const message of [first, second, own]) expect(now.hear(message).kind).toBe("known");
    expect(now.knows()).toEqual(["new[]"]);
  });

  test("an offer in all its parts arrives as it was made (A3)", () => {
    const [origin, listener] = [new Listener("origin"), new Listener("listener")];
    const offer = {
      fun: "f",
      resources: ["gpu"],
      version: "1.2.3",
      tags: ["a", "b"],
      scope: "federation" as const,
      concurrencyMax: 4,
      idempotent: "with-key" as const,
    };
    origin.announcements.offer(offer);
    listener.hear(origin.announce()!);
    expect(listener.announcements.recordsOf(idOf("origin"), "f")).toEqual([offer]);
  });

  test("it does not matter who brings them, and they stay the origin's on the way (A3)", () => {
    const [origin, listener, other] = [new Listener("origin"), new Listener("listener"), new Listener("other")];
    origin.offer("f", "gpu");
    const first = origin.announce()!;
    listener.hear(first);
    other.hear(listener.everything());
    expect([other.knows("origin"), other.knows("listener")]).toEqual([["f[gpu]"], []]);
    origin.offer("g");
    const second = read(listener.announcements.passedOn(origin.announce()!));
    expect(listener.hear(second).kind).toBe("news");
    expect(other.hear(second).kind).toBe("news");
    expect(other.everything()).toEqual({ ...origin.everything(), added: other.everything().added });
    expect(other.knows()).toEqual(origin.knows());
  });
});

describe("what is refused", () => {
  function told(): { readonly first: OffersMessage; readonly second: OffersMessage; readonly listener: Listener } {
    const [origin, listener] = [new Listener("origin"), new Listener("listener")];
    origin.offer("f");
    const first = origin.announce()!;
    origin.offer("g", "gpu");
    return { first, second: origin.announce()!, listener };
  }

  test.for([
    ["offers for another node that the liar has signed", (m: OffersMessage) => forged(m, {}, "liar")],
    ["a later version of them", (m: OffersMessage) => forged(m, { version: 9 }, "liar")],
    ["a later life", (m: OffersMessage) => forged(m, { boot: 9 }, "liar")],
    ["a signature given for another purpose", (m: OffersMessage) => forged(m, {}, "origin", "mpreg.v2 node record\n")],
    ["an offer less", (m: OffersMessage) => ({ ...m, added: [] })],
    ["an offer more", (m: OffersMessage) => ({ ...m, added: [...m.added, entryOf("mine")] })],
    ["another offer instead", (m: OffersMessage) => ({ ...m, added: [entryOf("mine")] })],
    ["another removed", (m: OffersMessage) => ({ ...m, removed: ["f"] })],
  ] as const)("is %s, and nothing of it stays (A3)", ([, change]) => {
    for (const knownFirst of [false, true]) {
      const { first, second, listener } = told();
      if (knownFirst) listener.hear(first);
      const good = knownFirst ? second : first;
      const before = listener.knows();
      const bad = change(good);
      if (!knownFirst && bad.removed.length > 0) continue; // of nothing nothing is removed
      expect(listener.hear(bad)).toMatchObject({ kind: "refused", reason: expect.stringContaining(idOf("origin")) });
      expect(listener.knows()).toEqual(before);
      expect(listener.hear(good).kind).toBe("news");
    }
  });

  test("is what comes too often, before its signature is looked at", () => {
    const { first, listener } = told();
    expect(listener.announcements.apply(forged(first, {}, "liar"), () => false)).toMatchObject({ kind: "refused" });
    expect(listener.announcements.apply(first, () => false).kind).toBe("refused");
    expect(listener.knows()).toEqual([]);
    listener.hear(first);
    const uncounted = (): boolean => expect.unreachable("what is known costs nothing");
    expect(listener.announcements.apply(first, uncounted).kind).toBe("known");
  });

  test("is not what comes before its origin is known: that is told again", () => {
    const { first, listener } = told();
    listener.unknown.add(idOf("origin"));
    expect(listener.hear(first).kind).toBe("early");
    expect(listener.announcements.size).toBe(0);
    listener.unknown.clear();
    expect(listener.hear(first).kind).toBe("news");
    listener.announcements.forget(idOf("origin"));
    expect([listener.announcements.size, listener.knows()]).toEqual([0, []]);
  });

  test("is more than a node may offer, of itself with an error (A4)", () => {
    const origin = new Listener("origin");
    for (let i = 0; i < 100_000; i++) origin.offer(`function ${i}`);
    expect(
      thrownBy(() => {
        origin.offer("one more");
      }),
    ).toMatchObject({ code: "too-large", message: expect.stringContaining("one more") });
    origin.offer("function 7", "gpu"); // in place of the one there is
    const listener = new Listener("listener");
    expect(listener.hear(origin.announce()!).kind).toBe("news");
    origin.announcements.withdraw("function 0");
    origin.offer("one more");
    const swapped = origin.announce()!;
    expect(listener.hear({ ...swapped, removed: [] })).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("offers 100001 functions"),
    });
    expect(listener.hear(swapped).kind).toBe("news");
  });
});

describe("a frame", () => {
  test("that offers were read from may be written to again", () => {
    const [origin, listener] = [new Listener("origin"), new Listener("listener")];
    origin.offer("f");
    const frame = frameOf((writer) => {
      const message = origin.announce()!;
      writeOffers(writer, { ...message, addedCount: message.added.length });
    });
    const [message] = messagesOf(frame);
    listener.hear(message as OffersMessage);
    const before = listener.everything();
    frame.fill(0);
    expect(listener.everything()).toEqual(before);
  });
});

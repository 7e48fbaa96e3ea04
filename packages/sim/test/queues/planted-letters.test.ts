/** Each check of dead letters that go back, and of purges and deletions meanwhile (`planLetterQueues`), is seen to bite: one fault is planted. */
import { MpregError } from "@mpreg/core/base";
import { describe, expect, test } from "vitest";
import { planLetterQueues, planQueues } from "../../src/index.js";
import { clientWith, storeWith, violated } from "../support/planted.js";

const plan = planLetterQueues;
const worlds = Array.from({ length: 40 }, (_, index) => index + 1);

describe("a fault is noticed:", () => {
  test("dead letters that come back in another order than they were in (redrive-order)", async () => {
    const connect = clientWith((queue) => ({
      browse: async (options) =>
        (await queue.browse(options)).map((message) => ({ ...message, sequence: 1_000_000n - message.sequence })),
    }));
    expect(await violated("redrive-order", { connect }, { plan, worlds })).toContain("came back");
  });

  test("dead letters in another order than they were in their queue (redrive-order)", async () => {
    const connect = clientWith((queue) => ({
      browse: async (options) =>
        queue.name.endsWith("-dead")
          ? (await queue.browse(options)).map((message) => ({ ...message, sequence: 1_000_000n - message.sequence }))
          : queue.browse(options),
      redrive: () => Promise.reject(new MpregError("overloaded", "not now", { outcome: "not-applied" })),
    }));
    expect(await violated("redrive-order", { connect }, { plan, worlds })).toContain("became a dead letter before");
  });

  test("a redrive that leaves what it has moved where it was (one-life)", async () => {
    const createMachine = storeWith((store) => ({
      write: (batch) => {
        const isMove = batch.some(({ table }) => table === "queue-moves");
        return store.write(batch.filter(({ kind, table }) => !isMove || kind === "put" || table !== "queue-messages"));
      },
    }));
    const restarting = worlds.filter((seed) => plan(seed).ending?.restarts === true);
    expect(await violated("one-life", { createMachine }, { plan, worlds: restarting })).toContain("acknowledged");
  });

  test("a purge that leaves all there, dead letters, too (purged)", async () => {
    const connect = clientWith(() => ({ purge: () => Promise.resolve(0) }));
    expect(await violated("purged", { connect }, { plan, worlds })).toContain("the purge of");
  });

  test("a deletion that leaves all there (purged)", async () => {
    const connect = clientWith(() => ({ delete: () => Promise.resolve(0) }));
    expect(await violated("purged", { connect }, { plan, worlds })).toContain("the delete of");
  });

  test("dead letters that nobody purges (purged)", async () => {
    const connect = clientWith((queue) => ({
      purge: () => (queue.name.endsWith("-dead") ? Promise.resolve(0) : queue.purge()),
    }));
    expect(await violated("purged", { connect }, { plan, worlds })).toContain("was in");
  });

  test("room that is not given back (nothing-left)", async () => {
    const connect = clientWith((queue) => ({
      stats: async (options) => {
        const stats = await queue.stats(options);
        return stats.messages === 0 && stats.sent > 20 ? { ...stats, bytes: stats.bytes + 1 } : stats;
      },
    }));
    expect(await violated("nothing-left", { connect }, { plan: planQueues })).toContain("1 bytes");
  });
}, 120_000);

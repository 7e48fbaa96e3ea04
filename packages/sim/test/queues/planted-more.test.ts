/** Each check of what worlds of queues do besides (`planMoreQueues`) is seen to bite: one fault is planted. */
import { describe, expect, test } from "vitest";
import { planMoreQueues } from "../../src/index.js";
import { clientWith, receivedWith, storeWith, violated } from "../support/planted.js";

/** Worlds in which nodes are away for a while. */
const away = Array.from({ length: 60 }, (_, index) => index + 1).filter((seed) =>
  planMoreQueues(seed).faults.some((fault) => fault.kind === "crash" && fault.forMs > 1_000),
);

describe("a fault is noticed:", () => {
  test("messages of a batch in another order (in-order)", async () => {
    const connect = clientWith((queue) => ({
      sendBatch: (messages, options) =>
        queue.sendBatch([...messages].reverse(), options).then((ends) => [...ends].reverse()),
    }));
    expect(await violated("in-order", { connect }, { plan: planMoreQueues })).toContain("in its queue");
  });

  test("a node that keeps nothing of what it is to keep (kept)", async () => {
    const connect = clientWith((queue) => ({
      send: async (value, options) => {
        const sent = await queue.send(value, { ...options, accept: undefined }).catch((error: unknown) => {
          if (options?.accept === undefined) throw error;
          return { id: "~s1.1", sequence: 0n, duplicate: false, spooled: true as const };
        });
        return sent;
      },
    }));
    expect(await violated("kept", { connect }, { plan: planMoreQueues, worlds: away })).toContain("is lost");
  });

  test("what a node keeps, and is handed on twice (sent-once)", async () => {
    const connect = clientWith((queue) => ({
      send: async (value, options) => {
        const sent = await queue.send(value, options);
        if (sent.spooled === true) await queue.send(value, options);
        return sent;
      },
    }));
    expect(await violated("sent-once", { connect }, { plan: planMoreQueues, worlds: away })).toContain(
      "is in its queue as",
    );
  });

  test("what was kept comes in another order (spool-in-order)", async () => {
    const connect = clientWith((queue) => ({
      send: async (value, options) => {
        const sent = await queue.send(value, options);
        const [spool = "", number = ""] = sent.id.split(".");
        const turned = `${spool}.${(1_000_000 - Number.parseInt(number, 36)).toString(36)}`;
        return sent.spooled === true ? { ...sent, id: turned } : sent;
      },
    }));
    expect(await violated("spool-in-order", { connect }, { plan: planMoreQueues, worlds: away })).toContain(
      "was kept before",
    );
  });

  test("a message that does not wait for others (after)", async () => {
    const connect = clientWith((queue) => ({
      send: (value, { after: _, ...options } = {}) => queue.send(value, options),
    }));
    expect(await violated("after", { connect }, { plan: planMoreQueues })).toContain("was to wait for");
  });

  test("a result that nobody has given (results)", async () => {
    const connect = receivedWith((message) => ({
      ack: ({ result } = {}) => message.ack(result === undefined ? {} : { result: "another" }),
    }));
    expect(await violated("results", { connect }, { plan: planMoreQueues })).toContain("which nobody has given");
  });

  test("a result that is not on the disk (results)", async () => {
    const createMachine = storeWith((store) => ({
      write: (batch) => store.write(batch.filter(({ kind, table }) => kind !== "put" || table !== "queue-results")),
    }));
    expect(await violated("results", { createMachine }, { plan: planMoreQueues, worlds: away })).toContain(
      "is not kept",
    );
  });
}, 120_000);

/** Each check of schedules, topics that feed queues and functions that work them off (`planFedQueues`) is seen to bite: one fault is planted. */
import { MpregError, isA } from "@mpreg/core/base";
import { describe, expect, test } from "vitest";
import { planFedQueues } from "../../src/index.js";
import { clientWith, receivedWith, violated } from "../support/planted.js";

const plan = planFedQueues;
/** Without faults of their own. */
const worlds = Array.from({ length: 16 }, (_, index) => 4 * (index + 1));
const dueHeader = "mpreg-due";

describe("a fault is noticed:", () => {
  test("a schedule that leaves out every other time (schedules)", async () => {
    const connect = clientWith((queue) => ({
      schedule: (name, options) => queue.schedule(name, { ...options, everyMs: (options.everyMs ?? 0) * 2 }),
    }));
    expect(await violated("schedules", { connect }, { plan, worlds })).toContain("was due for");
  });

  test("messages of a schedule that are lost (schedules)", async () => {
    const connect = clientWith((queue) => ({
      receive: async (options) => {
        const messages = await queue.receive(options);
        const isLost = (due: string | undefined): boolean => due !== undefined && Date.parse(due) % 3 === 0;
        const lost = messages.filter(({ headers }) => isLost(headers?.[dueHeader]));
        await Promise.all(lost.map((one) => one.ack()));
        return messages.filter((one) => !lost.includes(one));
      },
    }));
    expect(await violated("schedules", { connect }, { plan, worlds })).toContain("The schedule of");
  });

  test("two messages of a schedule for one time (sent-once)", async () => {
    const connect = receivedWith(({ headers }) => {
      const due = headers?.[dueHeader];
      if (due === undefined) return {};
      const rounded = Math.floor(Date.parse(due) / 5_000) * 5_000;
      return { headers: { ...headers, [dueHeader]: new Date(rounded).toISOString() } };
    });
    expect(await violated("sent-once", { connect }, { plan, worlds })).toContain("is in its queue as");
  });

  test("a message of a topic that comes in twice (sent-once)", async () => {
    const connect = clientWith(
      () => ({}),
      undefined,
      async (client, topic, payload) => {
        await client.publish(topic, payload);
        return client.publish(topic, payload);
      },
    );
    expect(await violated("sent-once", { connect }, { plan, worlds })).toContain("is in its queue as");
  });

  test("a message of a topic that is told to be in the queue, and is not (kept)", async () => {
    const connect = clientWith(
      () => ({}),
      undefined,
      () => Promise.resolve(1),
    );
    expect(await violated("kept", { connect }, { plan, worlds })).toContain("is lost");
  });

  test("a function that is called again with what it has done (functions)", async () => {
    const connect = clientWith((queue) => ({
      sendAndWait: async (value, options) => {
        const result = await queue.sendAndWait(value, options);
        await queue.send(value);
        return result as never; // of whatever type is wanted
      },
    }));
    expect(await violated("functions", { connect }, { plan, worlds })).toMatch(/begun again|its result was told/);
  });

  test("what is told to be taken back, and is not (functions)", async () => {
    const connect = clientWith((queue) => ({
      sendAndWait: (value, options) =>
        queue.sendAndWait<never>(value, { ...options, withdraw: false }).catch((error: unknown) => {
          if (!isA(error, MpregError) || error.code !== "deadline") throw error;
          throw error.withOutcome("not-applied");
        }),
    }));
    expect(await violated("functions", { connect }, { plan, worlds })).toContain("taken back before");
  });

  test("a result that the function has not given (results)", async () => {
    const connect = clientWith((queue) => ({
      sendAndWait: (value, options) => queue.sendAndWait(value, options).then(() => "another" as never),
    }));
    expect(await violated("results", { connect }, { plan, worlds })).toContain("which nobody has given");
  });
}, 120_000);

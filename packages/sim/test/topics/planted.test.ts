/** Each check of worlds of topics notices the fault it is for: planted in the machine of every node, or in the clients. */
import type { NodeEffects } from "@mpreg/core/node";
import { describe, expect, test } from "vitest";
import {
  type ConnectTopicsClient,
  type TopicsMessage,
  type TopicsRunOptions,
  type TopicsSubscribeOptions,
  planTopics,
  runTopics,
} from "../../src/index.js";
import { isAnswer, withFault } from "../support/faulty.js";
import { connectTopics } from "../support/topics-client.js";

const seeds = [3, 6, 9];

/** The guarantees that worlds without faults of their own violate with this one, each with a message. */
async function violated(
  options: Partial<TopicsRunOptions>,
  worlds: readonly number[] = seeds,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const seed of worlds) {
    const { violations } = await runTopics(planTopics(seed), { connect: connectTopics, ...options });
    for (const { guarantee, message } of violations) found[guarantee] ??= message;
  }
  return found;
}

/** The real client, of whose subscriptions `change` makes what is asked for. */
function clientWith(change: (options: TopicsSubscribeOptions) => TopicsSubscribeOptions): ConnectTopicsClient {
  return (...args) => {
    const client = connectTopics(...args);
    return {
      get connections() {
        return client.connections;
      },
      get node() {
        return client.node;
      },
      subscribe: (patterns, options) => client.subscribe(patterns, change(options)),
      publish: (topic, payload, priority) => client.publish(topic, payload, priority),
      close: () => {
        client.close();
      },
    };
  };
}

/** What a subscription hears goes through `harm`, which hands on what the subscriber is to hear. */
function heardWith(
  harm: () => (message: TopicsMessage, hear: (message: TopicsMessage) => unknown) => unknown,
): ConnectTopicsClient {
  return clientWith((options) => {
    const harmed = harm();
    return { ...options, onMessage: (message) => harmed(message, options.onMessage) };
  });
}

/** Every 20th frame with messages for subscriptions goes through `send`. */
function sentWith(send: (effects: NodeEffects, ...sent: Parameters<NodeEffects["send"]>) => number) {
  let frames = 0;
  return withFault({
    effects: (effects) => ({
      send: (link, batch) => {
        const isHit = isAnswer(batch, "deliver") && ++frames % 20 === 0;
        return isHit ? send(effects, link, batch) : effects.send(link, batch);
      },
    }),
  });
}

describe("a fault is noticed:", () => {
  test("a message that comes twice (D1)", async () => {
    const createMachine = sentWith((effects, link, batch) => {
      effects.send(link, batch.slice());
      return effects.send(link, batch);
    });
    expect(await violated({ createMachine })).toMatchObject({ once: expect.stringContaining("twice") });
  });

  test("a message that nobody has published (D1)", async () => {
    const connect = heardWith(() => (message, hear) => hear({ topic: "z", payload: message.payload }));
    expect(await violated({ connect })).toMatchObject({ "true-messages": expect.stringContaining('"z"') });
  });

  test("messages in another order (D2)", async () => {
    const connect = heardWith(() => {
      let kept: TopicsMessage | undefined;
      let count = 0;
      return ({ topic, payload }, hear) => {
        const message = { topic, payload };
        count += 1;
        if (kept === undefined && count % 10 === 0) return void (kept = message);
        const before = kept;
        kept = undefined;
        const end = hear(message);
        if (before !== undefined) hear(before);
        return end;
      };
    });
    expect(await violated({ connect })).toMatchObject({ "in-order": expect.stringContaining("after message") });
  });

  test("a message that is lost, of which nothing is said (D3, D4)", async () => {
    const createMachine = sentWith((_effects, _link, batch) => batch.length);
    expect(await violated({ createMachine })).toMatchObject({
      "told-loss": expect.stringContaining("has not heard"),
    });
  });

  test("a past that is not told (D3)", async () => {
    const connect = clientWith((options) => ({ ...options, backlog: undefined }));
    expect(await violated({ connect }, [90])).toMatchObject({ "told-loss": expect.stringContaining("has not heard") });
  });

  test("a message of a group that every member gets (D5)", async () => {
    const connect = clientWith((options) => ({ ...options, group: undefined }));
    expect(await violated({ connect })).toMatchObject({ "group-once": expect.stringMatching(/has heard .* times/) });
  });

  test("a message that is told to be missing and is not (D6)", async () => {
    const connect: ConnectTopicsClient = (...args) => {
      const client = clientWith((options) => options)(...args);
      return {
        ...client,
        get connections() {
          return client.connections;
        },
        get node() {
          return client.node;
        },
        subscribe: async (patterns, options) => {
          const handle = await client.subscribe(patterns, options);
          return {
            get missed() {
              return handle.missed + 1_000;
            },
            get unknownGaps() {
              return handle.unknownGaps;
            },
            closed: handle.closed,
            everywhere: () => handle.everywhere(),
            unsubscribe: () => handle.unsubscribe(),
            status: () => handle.status(),
          };
        },
      };
    };
    expect(await violated({ connect })).toMatchObject({ "true-loss": expect.stringContaining("was told of 1") });
  });

  test("a node that knows of wishes that nobody has (I2)", async () => {
    const createMachine = withFault({ size: (size) => ({ ...size, interest: size.interest + 1 }) });
    expect(await violated({ createMachine })).toMatchObject({ "same-interest": expect.stringContaining('"interest"') });
  });

  test("a table that is not empty after all have left (X3)", async () => {
    const createMachine = withFault({ size: (size) => ({ ...size, kept: 1 }) });
    expect(await violated({ createMachine })).toMatchObject({ "empty-tables": expect.stringContaining('"kept"') });
  });
});

test("without a fault the same worlds violate nothing", async () => {
  expect(await violated({}, [...seeds, 90])).toEqual({});
});

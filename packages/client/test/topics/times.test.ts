/** Topics of a client in simulated time: how long it waits, when it tells what was taken, and what is left when nothing is used any more. */
import { expect, test } from "vitest";
import { Mesh } from "../../../core/test/support/mesh.js";
import type { Connection } from "../../src/connection.js";
import { followed, sessionOf, settled } from "../support/mesh-session.js";

function pair() {
  const mesh = new Mesh();
  const [node] = mesh.cluster("a");
  const client = sessionOf(mesh, ["a"]);
  const publisher = sessionOf(mesh, ["a"]);
  const publish = (payload: unknown): void =>
    void publisher.session.topics.publishing.publish("t", payload, undefined, undefined);
  return { mesh, node: node!, client, publisher, publish };
}

test("without a connection a publish waits for 30 s, or as long as it may, and is not applied", async () => {
  const { mesh, node, client } = pair();
  mesh.crash(node);
  mesh.advance(100);
  const { publishing } = client.session.topics;
  const patient = followed(publishing.publish("t", 1, undefined, undefined));
  const hasty = followed(publishing.publish("t", 2, { timeoutMs: 1_000 }, undefined));
  mesh.advance(1_001);
  await settled(mesh);
  const why = "The time allowed ran out while the message waited to be sent (there was no connection to any node)";
  expect(hasty.end).toEqual(["deadline", "not-applied", why]);
  expect(patient.end).toBe("none");
  mesh.advance(29_000);
  await settled(mesh);
  expect(patient.end).toEqual(["not-connected", "not-applied", "There was no connection to any node for 30000 ms"]);
});

test("what waited for a connection leaves in order when there is one; what was given up does not", async () => {
  const { mesh, client, publisher } = pair();
  const seen: unknown[] = [];
  await subscribed(mesh, publisher.session.topics.subscribe("t", { onMessage: ({ payload }) => seen.push(payload) }));
  client.platform.sockets[0]!.connection.cut();
  mesh.settle();
  const { publishing } = client.session.topics;
  const controller = new AbortController();
  const sent = [1, 2, 3].map((payload) =>
    followed(publishing.publish("t", payload, payload === 2 ? { signal: controller.signal } : undefined, undefined)),
  );
  controller.abort();
  mesh.advance(100);
  await settled(mesh);
  expect(sent.map(({ end }) => (Array.isArray(end) ? (end[0] as string) : end))).toEqual([
    undefined,
    "cancelled",
    undefined,
  ]);
  expect(seen).toEqual([1, 3]);
});

test("a subscription outlives a time without connections that is longer than its patience, and is told what came before that", async () => {
  const { mesh, node, client, publish } = pair();
  const seen: unknown[] = [];
  const subscription = await subscribed(
    mesh,
    client.session.topics.subscribe("t", { onMessage: ({ payload }) => seen.push(payload) }),
  );
  publish(1);
  mesh.settle();
  const later = (turns: number, run: () => void): void => {
    if (turns === 0) run();
    else
      mesh.post(() => {
        later(turns - 1, run);
      });
  };
  for (let round = 2; round <= 12; round++) {
    // it loses the next connection a little after that is there, in one of the rounds while it asks, and finds no other for long
    client.platform.onSocket = ({ connection }) => {
      later(round, () => {
        connection.cut();
        node.isListening = false;
      });
    };
    client.platform.sockets.at(-1)!.connection.cut();
    mesh.advance(5_000);
    await settled(mesh);
    mesh.advance(90_000);
    await settled(mesh);
    publish(round);
    client.platform.onSocket = () => undefined;
    node.isListening = true;
    mesh.advance(5_000);
    await settled(mesh);
  }
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(subscription.missed).toBe(0);
  expect(subscription.isOver).toBe(false);
});

test("a message says when it was published, also where something else has begun its turn", async () => {
  const { mesh, client, publisher, publish } = pair();
  const times: number[] = [];
  const onMessage = ({ timestampMs }: { readonly timestampMs: number }): void => void times.push(timestampMs);
  await subscribed(mesh, client.session.topics.subscribe("t", { onMessage }));
  const publishedAt: number[] = [];
  for (let round = 0; round < 3; round++) {
    const other = await subscribed(mesh, publisher.session.topics.subscribe("other"));
    mesh.advance(1_000);
    await settled(mesh);
    void other.unsubscribe(); // stands before it in the same batch
    publish(round);
    publishedAt.push(publisher.platform.wallMs());
    await settled(mesh);
  }
  expect(times).toEqual(publishedAt);
});

test("what was taken is told a little later, or at once when it is a quarter of the window (G2)", async () => {
  const { mesh, client, publish } = pair();
  const seen: unknown[] = [];
  await subscribed(
    mesh,
    client.session.topics.subscribe("t", { windowBytes: 400, onMessage: ({ payload }) => seen.push(payload) }),
  );
  for (let i = 0; i < 200; i++) publish(i);
  mesh.advance(2_000);
  await settled(mesh);
  expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i));
  // one message that is almost as large as the window, behind one that is less than a quarter of it
  publish("small");
  mesh.settle();
  publish("x".repeat(350));
  mesh.settle();
  expect(seen).toHaveLength(201);
  mesh.advance(10);
  await settled(mesh);
  expect(seen).toHaveLength(202);
});

test("what is taken in many turns is told before the window is full, without waiting for time (G2)", async () => {
  const { mesh, client, publish } = pair();
  const seen: unknown[] = [];
  const onMessage = ({ payload }: { readonly payload: unknown }): void => void seen.push(payload);
  await subscribed(mesh, client.session.topics.subscribe("t", { windowBytes: 400, onMessage }));
  for (let i = 0; i < 100; i++) {
    publish(i);
    mesh.settle();
  }
  expect(seen).toHaveLength(100);
});

test("drain takes what the node has sent before it heard of it", async () => {
  const { mesh, client, publish } = pair();
  const seen: unknown[] = [];
  const onMessage = ({ payload }: { readonly payload: unknown }): void => void seen.push(payload);
  const subscription = await subscribed(mesh, client.session.topics.subscribe("t", { onMessage }));
  publish(1);
  const drained = followed(subscription.drain());
  for (let turns = 0; turns < 5; turns++) await Promise.resolve(); // nothing has come yet
  for (let turns = 0; turns < 5; turns++) await settled(mesh);
  expect(seen).toEqual([1]);
  expect(drained.end).toBeUndefined();
  publish(2);
  mesh.settle();
  expect(seen).toEqual([1]);
});

test("a drain whose connection breaks before the node has told all rejects (U5)", async () => {
  const { mesh, client, publish } = pair();
  const subscription = await subscribed(mesh, client.session.topics.subscribe("t", { onMessage: () => undefined }));
  publish(1);
  const drained = followed(subscription.drain());
  client.platform.sockets[0]!.connection.cut();
  for (let turns = 0; turns < 5; turns++) await settled(mesh);
  expect((drained.end as string[]).slice(0, 2)).toEqual(["node-lost", "unknown"]);
});

test("what comes over another connection than the one that was asked is not looked at (U3)", async () => {
  const { mesh, client, publish } = pair();
  const seen: unknown[] = [];
  const onMessage = ({ payload }: { readonly payload: unknown }): void => void seen.push(payload);
  const { topics } = client.session;
  const { number } = await subscribed(mesh, topics.subscribe("t", { onMessage }));
  const other: unknown = { heardMs: 0, nodeName: "other" };
  expect(
    topics.received(other as Connection, { kind: "deliver", numbers: [number], message: new Uint8Array(40) }),
  ).toBe(true);
  topics.received(other as Connection, { kind: "missed", number, count: 7 });
  topics.received(other as Connection, { kind: "subscription-ended", number, why: "overflow", lost: 1 });
  publish("good");
  mesh.settle();
  expect(seen).toEqual(["good"]);
});

test("the time of a request runs, and its signal is heard, while it waits for a topic for answers: nobody has heard of it then (Q4)", async () => {
  const { mesh, node, client } = pair();
  mesh.crash(node);
  mesh.advance(100);
  const { requests } = client.session.topics;
  const controller = new AbortController();
  const hasty = followed(requests.request("q", 1, { timeoutMs: 1_000 }, undefined));
  const given = followed(requests.request("q", 2, { signal: controller.signal }, undefined));
  const closed = followed(requests.request("q", 3, undefined, undefined));
  controller.abort();
  await settled(mesh);
  expect(given.end).toEqual(["cancelled", "not-applied", "The caller cancelled"]);
  mesh.advance(1_001);
  await settled(mesh);
  const why = 'The request of "q" could not be published within 1000 ms';
  expect(hasty.end).toEqual(["deadline", "not-applied", why]);
  expect(closed.end).toBe("none");
  client.session.close("done");
  await settled(mesh);
  expect((closed.end as string[]).slice(0, 2)).toEqual(["closed", "not-applied"]);
  expect(requests.waiting).toBe(0);
});

test("nothing is left of subscriptions, publishes and requests that are over", async () => {
  const { mesh, client } = pair();
  const { topics } = client.session;
  for (let round = 0; round < 300; round++) {
    const subscription = await subscribed(mesh, topics.subscribe(`t.${round}`));
    await subscription.unsubscribe();
  }
  expect(topics.size).toBe(0);
  const answered = followed(topics.requests.request("nobody", 1, undefined, undefined));
  for (let turns = 0; turns < 4; turns++) await settled(mesh); // it subscribes, waits until all know, asks, is answered
  expect((answered.end as string[])[0]).toBe("no-provider");
  expect(topics.requests.waiting).toBe(0);
  client.session.close("done");
  mesh.settle();
  expect(topics.size).toBe(0);
});

async function subscribed<T>(mesh: Mesh, promise: Promise<T>): Promise<T> {
  for (let turns = 0; turns < 5; turns++) await settled(mesh);
  return promise;
}

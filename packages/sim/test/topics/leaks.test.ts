/** What comes and goes leaves nothing: 100,000 subscriptions of a client, on all nodes of a cluster. */
import { expect, test } from "vitest";
import { World } from "../../src/index.js";
import { Participants } from "../../src/topics/participants.js";
import { connectTopics } from "../support/topics-client.js";

const rounds = 100;
const perRound = 1_000;

test("100,000 subscriptions that come and go leave nothing in any table of any node", async () => {
  const world = new World({ seed: 7, nodes: [{ name: "a" }, { name: "b" }, { name: "c" }] });
  await world.until(() => [...world.nodes.values()].every(({ size }) => size.peers === 2));
  await world.sleep(5_000);
  const before = [...world.nodes.values()].map(({ size }) => size);
  const told: string[] = [];
  const participants = new Participants(world, [{ name: "client", nodes: ["a", "b"] }], connectTopics, (...each) => {
    told.push(each.join(": "));
  });
  const [client] = participants.clients;
  const interestMax = { known: 0 };
  for (let round = 0; round < rounds; round++) {
    const asked = Array.from({ length: perRound }, (_, index) => {
      const group = index % 10 === 0 ? `group-${index}` : undefined;
      const patterns = [`round-${round}.${index}.*`, `shared.${index % 7}`];
      return client!.subscribe(patterns, { group, onMessage: () => undefined });
    });
    let isServed = false;
    const all = Promise.all(asked);
    void all.then(() => {
      isServed = true;
    });
    await participants.pass(() => isServed, 10_000);
    await participants.pass(() => false, 200);
    interestMax.known = Math.max(interestMax.known, world.node("c").size.interest);
    for (const subscription of await all) void subscription.unsubscribe();
  }
  await participants.pass(() => false, 5_000);
  client!.close();
  await participants.pass(() => false, 5_000);
  expect(told).toEqual([]);
  expect(interestMax.known).toBeGreaterThan(perRound);
  const left = [...world.nodes.values()].map(({ size }) => ({ ...size, interested: 0 }));
  expect(left).toEqual(before);
}, 300_000);

/** What of topics is told when a link between nodes ends with something unsent. */
import { describe, expect, test } from "vitest";
import type { LinkOptions } from "../../src/link/index.js";
import { Mesh } from "../support/mesh.js";
import { TopicClient } from "./client.js";

function pair(link: Partial<LinkOptions> = {}) {
  const mesh = new Mesh();
  const topics = { routeWindowBytes: 64 * 1024 * 1024 };
  const [a, b] = [mesh.node("a", { topics, link }), mesh.node("b", { peers: ["a"], topics, link })] as const;
  mesh.advance(2_000);
  const [publisher, subscriber] = [new TopicClient(mesh, a), new TopicClient(mesh, b)];
  subscriber.subscribe(1, "#");
  const id = subscriber.everywhere(1);
  while (subscriber.answerTo(id) === undefined) mesh.advance(200);
  const connection = a.connectionTo(b);
  const end = (of: typeof a) => [...of.connections.values()].find((each) => each.connection === connection)!.end;
  return { mesh, a, publisher, subscriber, fromA: connection.from(end(a)), fromB: connection.from(end(b)) };
}

/** What it was told, the ids of messages in order; and how many are missing. */
function toldOf(subscriber: TopicClient): { readonly ids: readonly unknown[]; readonly missed: number } {
  const heard = subscriber.heard(1);
  const ids = heard.filter((each) => typeof each === "string");
  return { ids, missed: heard.reduce<number>((sum, each) => sum - (typeof each === "number" ? each : 0), 0) };
}

describe("the end of a link with something unsent", () => {
  test("what a node that leaves could not send, since too much waited in the transport, is counted (L6)", () => {
    const { mesh, a, publisher, subscriber, fromA } = pair();
    fromA.isHeld = true; // the far side does not read
    const ids: string[] = [];
    for (let left = 9; left > 0; left--) {
      ids.push(publisher.publish("a", {}, 1024 * 1024));
      mesh.settle();
    }
    a.enter({ kind: "close" });
    mesh.settle();
    fromA.release();
    subscriber.settle();
    const { ids: told, missed } = toldOf(subscriber);
    expect(told.length).toBeGreaterThan(3);
    expect(told.length).toBeLessThan(9);
    expect([told, missed]).toEqual([ids.slice(0, told.length), 9 - told.length]);
  });

  test("what waited for credit is counted, too (L6)", () => {
    const { mesh, a, publisher, subscriber, fromB } = pair({ windowBytes: 4_000 });
    fromB.isHeld = true; // what the far side admits is not heard of
    const ids: string[] = [];
    for (let left = 20; left > 0; left--) {
      ids.push(publisher.publish("a", {}, 500));
      mesh.settle();
    }
    a.enter({ kind: "close" });
    subscriber.settle();
    const { ids: told, missed } = toldOf(subscriber);
    expect(told.length).toBeLessThan(20);
    expect([told, missed]).toEqual([ids.slice(0, told.length), 20 - told.length]);
  });
});

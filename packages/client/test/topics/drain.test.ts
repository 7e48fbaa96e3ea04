/** A node that drains, and the subscriptions of its clients: they go on at the next one, and nothing is lost between. */
import { expect, test } from "vitest";
import { Mesh } from "../../../core/test/support/mesh.js";
import { sessionOf, settled } from "../support/mesh-session.js";

test.each([
  ["the node that drains", 0],
  ["the next one", 1],
  ["a third one", 2],
])(
  "subscriptions go on at the next node, and hear all that was published meanwhile at %s: once, in order, and surely",
  async (_where, at) => {
    const mesh = new Mesh();
    const names = ["left", "next", "other"];
    const nodes = mesh.cluster(...names);
    mesh.advance(60_000); // a cluster that is older than what is asked for again
    const { topics } = sessionOf(mesh, ["left"], { discover: false }).session;
    const publisher = sessionOf(mesh, [names[at] as string], { discover: false }).session.topics;
    const heard: unknown[] = [];
    const subscribed = topics.subscribe("news", { onMessage: ({ payload }) => heard.push(payload) });
    await settled(mesh);
    const subscription = await subscribed;
    const events: unknown[] = [];
    void (async () => {
      for await (const event of subscription.status()) events.push(event);
    })();
    let count = 0;
    /** Each behind what has begun by then, so that some are on their way at every step of the move. */
    const publish = (left: number): void => {
      if (left === 0) return;
      void publisher.publishing.publish("news", count++, undefined, undefined);
      mesh.post(() => {
        publish(left - 1);
      });
    };
    publish(20);
    await settled(mesh);
    nodes[0]!.enter({ kind: "drain", graceMs: 30_000 });
    for (let rounds = 0; rounds < 20; rounds++) {
      publish(20);
      await settled(mesh);
      mesh.advance(100);
    }
    await settled(mesh);
    expect(heard).toEqual(Array.from({ length: count }, (_, number) => number));
    expect(events).toEqual([{ kind: "disconnected" }, { kind: "resubscribed", node: "next", gap: "filled" }]);
    expect([subscription.missed, subscription.unknownGaps]).toEqual([0, 0]);
  },
);

/** The types of topics: what may be published to which, and what a subscription gets. */
import { type LevelResults, type MemberEvent, type Subscription, type TopicMessage, connect } from "@mpreg/client";
import { type RequestEvent, topics } from "@mpreg/core";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";

const events = topics({
  "user.*.login": z.object({ ip: z.string() }),
  "user.#": z.object({ at: z.number().default(0) }),
  "metrics.#": z.union([z.number(), z.string()]),
});
const client = await connect("ws://127.0.0.1:9001", { topics: events });
const free = await connect("ws://127.0.0.1:9001");

test("what is published has to be what every pattern says that matches its topic", () => {
  () => {
    void client.publish("user.7.login", { ip: "::1" });
    void client.publish("user.7.login", { ip: "::1", at: 1 });
    void client.publish("user.7.logout", { at: 1 });
    void client.publish("metrics.cpu.0", 0.5);
    void client.publish("metrics.cpu.0", "high");
    void client.publish("elsewhere", { what: "ever" });
    const topic: string = "user.7.login";
    void client.publish(topic, "not known to the compiler");
    // @ts-expect-error the address is a text
    void client.publish("user.7.login", { ip: 7 });
    // @ts-expect-error it has none
    void client.publish("user.7.login", {});
    // @ts-expect-error neither of both
    void client.publish("metrics.cpu", true);
    // @ts-expect-error no such option
    void client.publish("elsewhere", 1, { prio: 1 });
    // @ts-expect-error the same holds of requests
    void client.publishRequest("user.7.login", { ip: 7 });
    void free.publish("user.7.login", { ip: 7 });
  };
});

test("a subscription gets what the schema of its pattern, or of one that matches all its topics, gives back", () => {
  async () => {
    expectTypeOf(await client.subscribe("user.*.login")).toEqualTypeOf<Subscription<{ ip: string }>>();
    expectTypeOf(await client.subscribe("user.#")).toEqualTypeOf<Subscription<{ at: number }>>();
    expectTypeOf(await client.subscribe("metrics.cpu")).toEqualTypeOf<Subscription<number | string>>();
    expectTypeOf(await client.subscribe("#")).toEqualTypeOf<Subscription>();
    expectTypeOf(await client.subscribe(["user.*.login", "metrics.#"])).toEqualTypeOf<
      Subscription<{ ip: string } | number | string>
    >();
    expectTypeOf(await free.subscribe("user.*.login")).toEqualTypeOf<Subscription>();
    await client.subscribe("metrics.#", {
      onMessage: (message) => {
        expectTypeOf(message).toEqualTypeOf<TopicMessage<number | string>>();
      },
    });
    await client.respond("user.*.login", ({ payload }) => {
      expectTypeOf(payload).toEqualTypeOf<{ ip: string }>();
    });
  };
});

test("what the cluster publishes has its types, whatever the schemas", () => {
  async () => {
    expectTypeOf(await client.subscribe("mpreg.cluster.member.*")).toEqualTypeOf<Subscription<MemberEvent>>();
    expectTypeOf(await free.subscribe("mpreg.cluster.member.joined")).toEqualTypeOf<Subscription<MemberEvent>>();
    expectTypeOf(await free.subscribe("mpreg.rpc.request.*.finished")).toEqualTypeOf<
      Subscription<RequestEvent | LevelResults>
    >();
    expectTypeOf(await free.subscribe("mpreg.#")).toEqualTypeOf<Subscription>();
  };
});

test("a confirmation is answered only where it is asked for", () => {
  () => {
    expectTypeOf(free.publish("a", 1)).toEqualTypeOf<Promise<void>>();
    expectTypeOf(free.publish("a", 1, { headers: {} })).toEqualTypeOf<Promise<void>>();
    expectTypeOf(free.publish("a", 1, { confirm: "local" })).resolves.toHaveProperty("handed");
  };
});

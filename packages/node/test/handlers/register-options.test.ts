/** What a function is registered with beside its resources: version, tags, who may call it, how many at a time. */
import { expect, test } from "vitest";
import { clientOf, offered, startMesh, startNode } from "../support/cluster.js";
import { failureOf, thrownBy, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";

test("a function of scope node is for its own node's calls: no other node is told of it", async () => {
  const [home, other] = await startMesh({ name: "home" }, { name: "other" });
  home!.register("own", () => "here", { scope: "node" });
  home!.register("shared", () => "here", { scope: "cluster" });
  await offered("shared", 1, other!); // what was registered later is there
  expect(await home!.call("own")).toBe("here");
  expect(home!.functions().map(({ name }) => name)).toContain("own");
  expect(other!.functions().map(({ name }) => name)).not.toContain("own");
  expect(told(await failureOf(other!.call("own")))).toMatchObject({ code: "no-provider", outcome: "not-applied" });
});

test("calls that a node has no room for go to another that offers the function", async () => {
  const [small, large] = await startMesh({ name: "small" }, { name: "large" });
  const over = new Latch();
  const ran: string[] = [];
  const handlerOf = (name: string) => async () => {
    ran.push(name);
    await over.passed;
    return name;
  };
  small!.register("work", handlerOf("small"), { concurrencyMax: 1, queueMax: 0 });
  large!.register("work", handlerOf("large"));
  await offered("work", 2, small!);
  const calls = Array.from({ length: 6 }, () => small!.call("work"));
  over.open();
  const by = await Promise.all(calls);
  expect(by.filter((name) => name === "small")).toHaveLength(1);
  expect(by.filter((name) => name === "large")).toHaveLength(5);
  expect([...ran].sort()).toEqual([...by].sort()); // nothing ran twice
});

test("a call that the only node that offers the function has no room for ends overloaded without having begun", async () => {
  const node = await startNode({ name: "solo" });
  const [running, over] = [new Latch(), new Latch()];
  let starts = 0;
  node.register(
    "work",
    async () => {
      starts += 1;
      running.open();
      await over.passed;
    },
    { concurrencyMax: 1, queueMax: 0 },
  );
  const client = await clientOf(node);
  const first = client.call("work");
  await running.passed;
  expect(told(await failureOf(client.call("work")))).toMatchObject({ code: "overloaded", outcome: "not-applied" });
  over.open();
  await first;
  await client.call("work"); // there is room again
  expect(starts).toBe(2);
});

test.each([
  [{ version: "" }, /^register\("f"\): version must be a version in full, such as "1.4.0" or "2.0.0-beta.1", got ""$/],
  [{ version: "v1.2" }, /^register\("f"\): version must be a version in full, .*, got "v1.2"$/],
  [{ tags: ["ok", ""] }, /^register\("f"\): tags must be an array of up to 64 texts/],
  [{ scope: "world" as "cluster" }, /^register\("f"\): scope must be "node", "cluster" or "federation", got "world"$/],
  [{ concurrencyMax: 0 }, /^register\("f"\): concurrencyMax must be a whole number above 0, got 0$/],
  [{ queueMax: -1 }, /^register\("f"\): queueMax must be a whole number of at least 0, got -1$/],
])("%j is refused by name, and the function is not there", async (options, message) => {
  const node = await startNode();
  expect(thrownBy(() => node.register("f", () => 1, options)).message).toMatch(message);
  expect(node.functions().map(({ name }) => name)).toEqual(["echo", "echos"]);
});

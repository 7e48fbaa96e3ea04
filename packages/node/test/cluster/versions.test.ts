/** Versions, targets and preferences over real sockets. */
import { expect, test } from "vitest";
import { clientOf, offered, startMesh } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";

test("each call runs in the highest version that will do, on the node that it names, rather with what it prefers", async () => {
  const [entry, left, right] = await startMesh(
    { name: "entry" },
    { name: "left" },
    { name: "right", resources: ["gpu"] },
  );
  const old = left!.register("greet", (name: string) => `left 1.4.0 ${name}`, { version: "1.4.0" });
  left!.register("greet", (name: string) => `left 2.0.0 ${name}`, { version: "2.0.0" });
  right!.register("greet", (name: string) => `right ${name}`);
  right!.register("greet", (name: string) => `right 1.2.0 ${name}`, { version: "1.2.0" });
  await offered("greet", 4, entry!);
  const client = await clientOf(entry!);
  const graph = client.graph();
  expect(
    await Promise.all([
      client.call("greet", ["a"]),
      client.call("greet", ["b"], { version: "^1" }),
      client.call("greet", ["c"], { version: "^1", target: "right" }),
      client.call("greet", ["d"], { target: left!.id }),
      graph.run(graph.call("greet", [graph.call("greet", ["e"], { version: "1.2" })], { version: "1.4.0" })),
      entry!.call("where", []).catch(told),
    ]),
  ).toMatchObject([
    "left 2.0.0 a",
    "left 1.4.0 b",
    "right 1.2.0 c",
    "left 2.0.0 d",
    "left 1.4.0 right 1.2.0 e",
    { code: "no-provider" },
  ]);
  old.unregister();
  await offered("greet", 3, entry!);
  expect(await client.call("greet", ["f"], { version: "^1" })).toBe("right 1.2.0 f");
  expect(told(await failureOf(client.call("greet", ["g"], { version: "^3" })))).toMatchObject({
    code: "no-provider",
    message:
      'Cannot call "greet": no node offers it with version "^3"; 2 nodes offer it in versions 1.2.0, 2.0.0 and without one',
  });
  for (const [node, answer] of [
    [left!, "left"],
    [right!, "right"],
  ] as const) {
    node.register("where", () => answer);
  }
  await offered("where", 2, entry!);
  for (let i = 0; i < 5; i++) expect(await client.call("where", [], { prefer: ["gpu"] })).toBe("right");
});

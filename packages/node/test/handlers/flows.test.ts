/** What a program keeps in an `AsyncLocalStorage` is for its own flow: no handler of somebody else's call begins in it. */
import { AsyncLocalStorage } from "node:async_hooks";
import { context } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { offered, startMesh, startPair } from "../support/cluster.js";
import { Latch } from "../support/latch.js";

describe("what a program keeps for its own flow", () => {
  test("is not seen by a handler that begins where a nested call gives its turn back (V7)", async () => {
    const { node, client } = await startPair();
    const users = new AsyncLocalStorage<string>();
    const bobWaits = new Latch();
    const begunAs: (string | undefined)[] = [];
    node.register(
      "serve",
      (user: string) => {
        begunAs.push(users.getStore());
        return users.run(user, async () => {
          if (user === "ann") await bobWaits.passed;
          return (await context().call<string>("greet")) + users.getStore()!;
        });
      },
      { concurrencyMax: 1 },
    );
    node.register("greet", () => `hello, ${users.getStore() ?? ""}`);
    const served = ["ann", "bob"].map((user) => client.call("serve", [user]));
    await client.call("greet"); // behind the two on the same link
    bobWaits.open();
    expect(await Promise.all(served)).toEqual(["hello, ann", "hello, bob"]);
    expect(begunAs).toEqual([undefined, undefined]);
  });

  test("is not seen by the handler that its program calls on the same node, as on any other (V7)", async () => {
    const [a, b] = await startMesh({ name: "a" }, { name: "b" });
    const users = new AsyncLocalStorage<string>();
    a!.register("here", () => users.getStore() ?? "nobody");
    b!.register("there", () => users.getStore() ?? "nobody");
    await offered("there", 1, a!);
    const answers = await users.run("ann", async () => {
      const seen = [await a!.call("here"), await a!.call("there")];
      return [...seen, users.getStore()];
    });
    expect(answers).toEqual(["nobody", "nobody", "ann"]);
  });

  test("is not seen by what begins with a registration (V7)", async () => {
    const { node, client } = await startPair();
    const users = new AsyncLocalStorage<string>();
    const waiting = client.call("late", [], { waitForCapacity: true });
    await client.nodes(); // behind the call on the same link
    users.run("admin", () => node.register("late", () => users.getStore() ?? "nobody"));
    expect(await waiting).toBe("nobody");
  });

  test("is not seen by the generator whose stream it reads (V7)", async () => {
    const { node } = await startPair();
    const users = new AsyncLocalStorage<string>();
    node.register("count", async function* () {
      for (let i = 0; i < 5; i++) yield await Promise.resolve(users.getStore() ?? "nobody");
    });
    const items = await users.run("ann", async () => {
      const read: string[] = [];
      for await (const item of await node.call<AsyncIterable<string>>("count")) read.push(item);
      return read;
    });
    expect(items).toEqual(new Array(5).fill("nobody"));
  });
});

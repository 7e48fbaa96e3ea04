/** Functions with `batch`, over real sockets. */
import { expect, test } from "vitest";
import { clientOf, offered, startMesh, startNode } from "../support/cluster.js";
import { failureOf, thrownBy, told } from "../support/failure.js";

test("siblings of one request that another node runs are one invocation there (B1)", async () => {
  const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
  const batches: string[][][] = [];
  const embed = (calls: string[][]): number[] => {
    batches.push(calls);
    return calls.map(([text]) => text!.length);
  };
  worker!.register("embed", embed, { batch: true });
  await offered("embed", 1, entry!);
  const graph = (await clientOf(entry!)).graph();
  const texts = ["a", "bb", "ccc"];
  expect(await graph.run(texts.map((text) => graph.call("embed", [text])))).toEqual([1, 2, 3]);
  expect(batches).toEqual([texts.map((text) => [text])]);
});

test("calls of several clients that wait at the same time are one invocation", async () => {
  const node = await startNode();
  const sizes: number[] = [];
  const double = (calls: number[][]): number[] => {
    sizes.push(calls.length);
    return calls.map(([value]) => 2 * value!);
  };
  node.register("double", double, { batch: { itemsMax: 4, waitMs: 60_000 } });
  const clients = [await clientOf(node), await clientOf(node)];
  const results = [0, 1, 2, 3].map((value) => clients[value % 2]!.call("double", [value]));
  expect(await Promise.all(results)).toEqual([0, 2, 4, 6]); // the fourth fills it: nobody waits a minute
  expect(sizes).toEqual([4]);
});

test("each call of a batch has its own error and its own caller", async () => {
  const node = await startNode();
  let kinds: string[] = [];
  node.register(
    "root",
    (calls: number[][], about: readonly { caller: { kind: string } }[]) => {
      kinds = about.map(({ caller }) => caller.kind);
      return calls.map(([value]) => (value! < 0 ? new RangeError("no root of a negative number") : Math.sqrt(value!)));
    },
    { batch: true },
  );
  const client = await clientOf(node);
  const good = [client.call("root", [4]), client.call("root", [9])];
  const failure = await failureOf(client.call("root", [-1]));
  expect(await Promise.all(good)).toEqual([2, 3]);
  expect(told(failure)).toMatchObject({
    code: "handler-error",
    outcome: "applied",
    message: '"root" threw: no root of a negative number',
  });
  expect(kinds).toEqual(["client", "client", "client"]);
});

test.each([
  [{ batch: { itemsMax: 0 } }, /^register\("f"\): batch.itemsMax must be a whole number above 0, got 0$/],
  [{ batch: { waitMs: -1 } }, /^register\("f"\): batch.waitMs must be a number from 0 to 2147483647, got -1$/],
  [{ batch: { items: 3 } as object }, /^register\("f"\): batch has no option "items"; it has itemsMax, waitMs/],
  [{ batch: 10 as unknown as boolean }, /^register\("f"\): batch: the options must be an object, got number$/],
])("%j is refused by name", async (options, message) => {
  const node = await startNode();
  expect(thrownBy(() => node.register("f", () => [], options)).message).toMatch(message);
  expect(node.functions().map(({ name }) => name)).toEqual(["echo", "echos"]);
});

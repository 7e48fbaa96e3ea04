/** Large results over real sockets: kept where they are made, fetched by whoever needs them. */
import { expect, test } from "vitest";
import { clientOf, offered, startMesh } from "../support/cluster.js";

const MiB = 1024 * 1024;

test("a result larger than any message passes from step to step, and in part to the client, as it was made", async () => {
  const [entry, left, right] = await startMesh({ name: "entry" }, { name: "left" }, { name: "right" });
  const bytes = 65 * MiB;
  const pixels = (): Uint8Array => {
    const made = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at++) made[at] = at % 251;
    return made;
  };
  const made = new Date(1_700_000_000_000);
  left!.register("load", () => ({
    pixels: pixels(),
    samples: Float64Array.of(0.5, -1),
    made,
    rows: new Map([["a", 1n]]),
    tags: new Set(["x"]),
  }));
  right!.register("invert", ({ pixels: given, ...rest }: { readonly pixels: Uint8Array }) => {
    for (let at = 0; at < given.length; at++) given[at] = 255 - (given[at] as number);
    return { ...rest, pixels: given };
  });
  entry!.register("sum", (given: Uint8Array) => {
    let sum = 0;
    for (const byte of given) sum += byte;
    return sum;
  });
  for (const fun of ["load", "invert", "sum"]) await offered(fun, 1, entry!);
  const client = await clientOf(entry!);
  const graph = client.graph();
  const loaded = graph.call("load");
  const inverted = graph.call("invert", [loaded]);
  const sums = [graph.call("sum", [loaded.pixels]), graph.call("sum", [inverted.pixels])];
  const { made: time, rows, tags, samples } = inverted;
  const [outputs, sum, other] = await graph.run([{ time, rows, tags, samples }, ...sums]);
  expect(outputs).toEqual({
    time: made,
    rows: new Map([["a", 1n]]),
    tags: new Set(["x"]),
    samples: Float64Array.of(0.5, -1),
  });
  expect((sum as number) + (other as number)).toBe(bytes * 255);
});

test("a large answer reaches the client whole, whether or not its node made it", async () => {
  const [entry, left] = await startMesh({ name: "entry" }, { name: "left" });
  const make = (length: number): Uint8Array => new Uint8Array(length).fill(length % 256);
  entry!.register("near", make);
  left!.register("far", make);
  await offered("far", 1, entry!);
  const client = await clientOf(entry!);
  const lengths = [0, 1, 64 * 1024, 300_000, 9 * MiB + 1];
  const answers = await Promise.all(
    ["near", "far"].flatMap((fun) => lengths.map((length) => client.call<Uint8Array>(fun, [length]))),
  );
  expect(answers.map(({ length }) => length)).toEqual([...lengths, ...lengths]);
  expect(answers.every((answer) => answer.every((byte) => byte === answer.length % 256))).toBe(true);
  const own = await entry!.call<Uint8Array>("far", [5 * MiB]);
  expect(own.length).toBe(5 * MiB);
});

test("what a node makes of a value is bounded by its own limit, and by no smaller one", async () => {
  const [entry] = await startMesh({ name: "entry", limits: { valueBytesMax: 3 * MiB } });
  entry!.register("make", (length: number) => new Uint8Array(length));
  const client = await clientOf(entry!);
  expect((await client.call<Uint8Array>("make", [3 * MiB - 5])).length).toBe(3 * MiB - 5);
  await expect(client.call("make", [3 * MiB])).rejects.toMatchObject({
    code: "too-large",
    message: 'Cannot encode the result of "make": it has more than 3145728 bytes',
  });
});

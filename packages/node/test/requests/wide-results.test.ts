/** Requests whose results together are more than a link takes at once. */
import { expect, test } from "vitest";
import { clientOf, offered, startMesh } from "../support/cluster.js";

test("many steps may take the same large result: what finds no room on the link waits for it (D5)", async () => {
  // a queue of 2 MiB stands for the default's 128 MiB, and results of 50 kB for larger ones
  const limits = { queueBytesMax: 2 * 1024 * 1024, windowBytes: 256 * 1024 };
  const [entry, worker] = await startMesh({ name: "entry", limits }, { name: "worker", limits });
  worker!.register("make", () => new Uint8Array(50_000).fill(7));
  worker!.register("measure", (bytes: Uint8Array, index: number) => bytes.length + index);
  await offered("measure", 1, entry!);
  const client = await clientOf(entry!);
  const graph = client.graph();
  const made = graph.call<Uint8Array>("make");
  const measured = Array.from({ length: 200 }, (_, index) => graph.call<number>("measure", [made, index]));
  expect(await graph.run(measured)).toEqual(measured.map((_, index) => 50_000 + index));
});

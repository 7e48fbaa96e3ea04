/** A function that does not come to an end on one node: calls go elsewhere, and come back when it works again. */
import { expect, test } from "vitest";
import { clientOf, offered, startMesh } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";

test("calls are not sent where they run out of time, are told why, and are sent there again once one has succeeded", async () => {
  const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
  const mended = new Latch();
  worker!.register("work", () => mended.passed.then(() => "done"));
  await offered("work", 1, entry!);
  const client = await clientOf(entry!);
  const turns: string[] = [];
  const status = entry!.status();
  const listened = (async () => {
    for await (const event of status) if (event.kind.startsWith("circuit-")) turns.push(event.kind);
  })();
  const late = Array.from({ length: 5 }, () => failureOf(client.call("work", [], { timeoutMs: 1_000 })));
  for (const failure of await Promise.all(late)) expect(told(failure)).toMatchObject({ code: "deadline" });
  expect(told(await failureOf(client.call("work")))).toMatchObject({
    code: "circuit-open",
    outcome: "not-applied",
    node: "worker",
  });
  const circuitOf = async (): Promise<unknown> =>
    (await client.functions()).find(({ name }) => name === "work")?.offers[0]?.circuit;
  expect(await circuitOf()).toBe("open");
  mended.open();
  await eventually("a call is let through", async () => (await circuitOf()) === "half-open");
  expect(await client.call("work")).toBe("done");
  expect(await circuitOf()).toBeUndefined();
  await entry!.close();
  await listened;
  expect(turns).toEqual(["circuit-opened", "circuit-closed"]);
});

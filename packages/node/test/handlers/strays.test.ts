/** Rejections that handlers leave behind: nothing of the node's. */
import { expect, test } from "vitest";
import { clientOf } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { startProcess } from "../support/processes.js";

test("a rejection that a handler leaves behind is the process's affair: the call is answered, the node goes on", async () => {
  const node = await startProcess();
  const client = await clientOf(node);
  expect(await client.call("stray")).toBe("answered");
  const strays = await eventually("the process hears of it", async () => {
    const heard = await client.call<string[]>("strays");
    return heard.length > 0 && heard;
  });
  expect(strays).toEqual(["Error: stray rejection"]);
  expect(await client.call("stray")).toBe("answered");
});

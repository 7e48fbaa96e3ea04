/** What a chaotic world holds when it is quiet again: no more after many requests than after few. */
import { expect, test } from "vitest";
import { usedBytes } from "../../../core/test/support/garbage.js";
import { type World, planChaos, runChaos } from "../../src/index.js";
import { isLong } from "../support/long.js";
import { connectSession } from "../support/session-client.js";

const MiB = 1024 * 1024;
const [few, many] = isLong ? [250, 5_000] : [50, 300];

/** What a world of so many requests holds when nothing is under way any more. */
async function heldBytes(requests: number): Promise<number> {
  let world: World | undefined;
  const { violations } = await runChaos(planChaos(1, requests), {
    limits: { rpc: { tracesMax: 1 } }, // what is told of requests that have ended is kept on purpose
    connect: (connected, ...rest) => {
      world = connected;
      return connectSession(connected, ...rest);
    },
  });
  expect(violations).toEqual([]);
  const withWorld = await usedBytes();
  expect(world?.nowMs).toBeGreaterThan(requests);
  world = undefined;
  return withWorld - (await usedBytes());
}

test("a world that has been through many requests and faults holds no more than one that has been through few (X3)", async () => {
  await heldBytes(few); // what the program itself keeps from now on
  const [ofFew, ofMany] = [await heldBytes(few), await heldBytes(many)];
  expect(ofMany - ofFew).toBeLessThan(4 * MiB);
}, 600_000);

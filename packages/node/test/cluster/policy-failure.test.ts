/** A policy that fails is a refusal, and the node goes on. */
import { connect } from "@mpreg/client";
import type { Policy } from "@mpreg/core";
import { expect, test } from "vitest";
import { startNode } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { startLog } from "../support/log.js";

const reason = "the policy of this node failed; its log says why";

test.each<[string, Policy]>([
  [
    "throws",
    () => {
      throw new Error("no such user table");
    },
  ],
  ["answers nothing", () => undefined as never],
  ["answers a promise", () => Promise.resolve({ allow: true }) as never],
])("a policy that %s about a call has refused it; other calls go on (P2)", async (_how, broken) => {
  const { log, lines } = startLog("error");
  const policy: Policy = (subject, action) =>
    action.kind === "call" && action.fun === "admin" ? broken(subject, action) : { allow: true };
  const node = await startNode({ name: "guarded", policy, log });
  node.register("admin", () => "never");
  const client = await connect(node.url);
  expect(told(await failureOf(client.call("admin")))).toMatchObject({
    code: "denied",
    message: `Cannot call "admin": ${reason}`,
    outcome: "not-applied",
  });
  expect(await client.call("echo", [1])).toBe(1);
  expect(lines[0]).toMatchObject({ msg: "the policy failed; refused", action: "call" });
  await client.close();
});

test("a policy that throws when a client connects has refused the client (P2)", async () => {
  let isBroken = true;
  const policy: Policy = ({ kind }, action) => {
    if (isBroken && action.kind === "accept") throw new Error(`about a ${kind}`);
    return { allow: true };
  };
  const node = await startNode({ policy });
  expect(told(await failureOf(connect(node.url)))).toMatchObject({ code: "not-connected" });
  isBroken = false;
  const client = await connect(node.url);
  expect(await client.call("echo", [1])).toBe(1);
  await client.close();
});

import { describe, expect, test } from "vitest";
import { type Policy, type Subject, createDefaultPolicy, guardPolicy } from "../../src/base/index.js";

const policy = createDefaultPolicy({ cluster: "home" });
const client: Subject = { kind: "client", address: "127.0.0.1", credentials: undefined, via: undefined };
const node: Subject = { kind: "node", address: "127.0.0.1", nodeId: "00", name: "b", cluster: "away" };

describe("the default policy", () => {
  test("it refuses nodes of another cluster and says which", () => {
    expect(policy(node, { kind: "accept", role: "node", cluster: "home" })).toEqual({ allow: true });
    expect(policy(node, { kind: "accept", role: "node", cluster: "away" })).toEqual({
      allow: false,
      reason: 'the node belongs to cluster "away", this one to "home"',
    });
  });

  test("it lets everybody else do what they ask", () => {
    expect(policy(client, { kind: "accept", role: "client", cluster: "home" }).allow).toBe(true);
    expect(policy({ kind: "self" }, { kind: "dial", url: "ws://b" }).allow).toBe(true);
    expect(policy(node, { kind: "catalog", fun: "f", resources: [] }).allow).toBe(true);
    expect(policy(client, { kind: "call", fun: "f", onBehalfOf: undefined }).allow).toBe(true);
  });
});

describe("a policy that fails", () => {
  const call = { kind: "call", fun: "f", onBehalfOf: undefined } as const;

  test("it has refused, and the failure is told with what was asked (P2)", () => {
    const boom = new Error("boom");
    const answers = [
      undefined,
      null,
      true,
      {},
      { allow: "yes" },
      { allow: false },
      { allow: false, reason: 1 },
      Promise.resolve({ allow: true }),
    ];
    const policies = [
      () => {
        throw boom;
      },
      ...answers.map((answer) => () => answer),
    ] as unknown as Policy[];
    for (const policy of policies) {
      const failures: unknown[] = [];
      const decision = guardPolicy(policy, (action, error) => failures.push([action, error]))(client, call);
      expect(decision).toEqual({ allow: false, reason: "the policy of this node failed; its log says why" });
      expect(failures).toEqual([[call, policy === policies[0] ? boom : expect.any(TypeError)]]);
    }
  });

  test("a decision is passed on as it is", () => {
    for (const decision of [{ allow: true }, { allow: false, reason: "no" }] as const) {
      const fails = (): never => {
        throw new Error("it was told as a failure");
      };
      expect(guardPolicy(() => decision, fails)(client, call)).toBe(decision);
    }
  });
});

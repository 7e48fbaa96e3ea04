import { describe, expect, test } from "vitest";
import { type Subject, createDefaultPolicy } from "../../src/base/index.js";

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

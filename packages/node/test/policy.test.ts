/** The one policy: asked for accept, dial, catalog and call, and what its no means to those who asked. */
import type { Action, Decision, Policy, Subject } from "@mpreg/core";
import { connect } from "@mpreg/client";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { clientOf, meshed, offered, startMesh, startNode, startPair } from "./support/cluster.js";
import { eventually } from "./support/eventually.js";
import { failureOf, told } from "./support/failure.js";
import { startLog } from "./support/log.js";

const allow: Decision = { allow: true };
const deny = (reason: string): Decision => ({ allow: false, reason });

/** A policy that allows all but what `refuses` gives a reason for, and keeps what it was asked. */
function keepingPolicy(refuses: (action: Action, subject: Subject) => string | undefined = () => undefined) {
  const asked: { readonly subject: Subject; readonly action: Action }[] = [];
  const policy: Policy = (subject, action) => {
    asked.push({ subject, action });
    const reason = refuses(action, subject);
    return reason === undefined ? allow : deny(reason);
  };
  return { policy, asked };
}

describe("a policy that says no", () => {
  test("to a client: it is told the reason while it connects", async () => {
    const { policy, asked } = keepingPolicy((action) =>
      action.kind === "accept" && action.role === "client" ? "members only" : undefined,
    );
    const node = await startNode({ policy });
    const error = await failureOf(connect(node.url, { credentials: Uint8Array.of(7) }));
    expect(told(error)).toMatchObject({
      code: "not-connected",
      message: `Cannot connect to ${node.url}: members only`,
    });
    const { subject, action } = asked.find((each) => each.action.kind === "accept")!;
    expect(action).toEqual({ kind: "accept", role: "client", cluster: "default" });
    expect(subject).toMatchObject({ kind: "client", address: "127.0.0.1", via: undefined });
    expect(subject.kind === "client" && [...subject.credentials!]).toEqual([7]);
  });

  test("to a node: it does not join, and clients still may", async () => {
    const { policy, asked } = keepingPolicy((action) =>
      action.kind === "accept" && action.role === "node" ? "no more nodes" : undefined,
    );
    const home = await startNode({ name: "home", policy });
    const other = await startNode({ name: "other", cluster: "default", peers: [home.url] });
    await eventually("the other was refused", () => asked.some(({ action }) => action.kind === "accept"));
    expect(asked.find(({ action }) => action.kind === "accept")?.subject).toEqual({
      kind: "node",
      address: "127.0.0.1",
      nodeId: other.id,
      name: "other",
      cluster: "default",
    });
    expect(await (await clientOf(home)).call("echo", [1])).toBe(1);
    expect([home.nodes().length, other.nodes().length]).toEqual([1, 1]);
  });

  test("to a call: it is denied with the reason; a graph with such a step starts nothing", async () => {
    const { policy } = keepingPolicy((action) =>
      action.kind === "call" && action.fun === "secret" ? "not for you" : undefined,
    );
    const { node, client } = await startPair({ policy });
    let starts = 0;
    node.register("secret", () => ++starts);
    node.register("open", () => ++starts);
    expect(told(await failureOf(client.call("secret")))).toEqual({
      code: "denied",
      message: `Cannot call "secret": not for you`,
      step: "secret",
      node: "solo",
      outcome: "not-applied",
    });
    const steps = [
      { name: "a", fun: "open" },
      { name: "b", fun: "secret" },
    ];
    expect(told(await failureOf(client.request(steps)))).toMatchObject({ code: "denied", step: "b", node: "solo" });
    expect(starts).toBe(0);
  });

  test("to a step from another node: the caller is told, and the policy knew on whose behalf it was", async () => {
    const { policy, asked } = keepingPolicy((action) =>
      action.kind === "call" && action.fun === "secret" ? "not from there" : undefined,
    );
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker", policy });
    worker!.register("secret", () => 1);
    await offered("secret", 1, entry!);
    const error = await failureOf((await clientOf(entry!)).call("secret"));
    expect(told(error)).toMatchObject({
      code: "denied",
      message: `Cannot call "secret": not from there`,
      step: "secret",
      node: "worker",
      outcome: "not-applied",
    });
    expect(asked.filter(({ action }) => action.kind === "call")).toEqual([
      {
        subject: { kind: "node", address: "127.0.0.1", nodeId: entry!.id, name: "entry", cluster: "default" },
        action: {
          kind: "call",
          fun: "secret",
          onBehalfOf: { kind: "client", address: "127.0.0.1", credentials: undefined, via: "entry" },
        },
      },
    ]);
  });

  test("to a dial: the peer is not reached from here, and may still come by itself", async () => {
    const peer = await startNode({ name: "peer" });
    const { policy, asked } = keepingPolicy((action) => (action.kind === "dial" ? "nobody" : undefined));
    const home = await startNode({
      name: "home",
      peers: [peer.url],
      policy,
      limits: { redialMsMin: 5, redialMsMax: 20 },
    });
    const dials = () => asked.filter(({ action }) => action.kind === "dial");
    await eventually("it was asked more than once", () => dials().length > 2);
    expect(dials()[0]).toEqual({ subject: { kind: "self" }, action: { kind: "dial", url: peer.url } });
    expect(home.nodes()).toHaveLength(1);
    const guest = await startNode({ name: "guest", peers: [home.url] });
    await meshed([home, guest]);
  });

  test("to a record of a catalog: this node does not see the function, others do", async () => {
    const { policy, asked } = keepingPolicy((action) =>
      action.kind === "catalog" && action.fun === "hidden" ? "not here" : undefined,
    );
    const [home, worker, third] = await startMesh({ name: "home", policy }, { name: "worker" }, { name: "third" });
    worker!.register("hidden", () => 1, { resources: ["gpu"] });
    worker!.register("shown", () => 1);
    await offered("shown", 1, home!);
    await offered("hidden", 1, third!);
    expect(home!.functions().map(({ name }) => name)).toEqual(["echo", "echos", "shown"]);
    expect((await failureOf(home!.call("hidden"))).code).toBe("no-provider");
    const record = asked.find(({ action }) => action.kind === "catalog" && action.fun === "hidden");
    expect(record?.action).toEqual({ kind: "catalog", fun: "hidden", resources: ["gpu"] });
    expect(record?.subject).toMatchObject({ kind: "node", name: "worker" });
  });

  test("to JSON clients: they are let go with the reason", async () => {
    const { policy } = keepingPolicy((action) => (action.kind === "accept" ? "members only" : undefined));
    const node = await startNode({ policy });
    const closed = await new Promise((resolve) => {
      const socket = new WebSocket(node.url);
      socket.on("close", (code, reason) => {
        resolve([code, reason.toString()]);
      });
    });
    expect(closed).toEqual([1008, "members only"]);
  });
});

test.each<[string, () => Decision]>([
  [
    "throws",
    () => {
      throw new Error("the database of members is away");
    },
  ],
  ["answers a promise", () => Promise.resolve(allow) as never],
  ["answers nothing", () => undefined as never],
  ["denies without a reason", () => ({ allow: false }) as never],
])("a policy that %s has denied; why is in the node's log, not in the answer (P1)", async (_what, broken) => {
  const { log, lines } = startLog("error");
  let isBroken = false;
  const { node, client } = await startPair({ policy: () => (isBroken ? broken() : allow), log });
  isBroken = true;
  expect(told(await failureOf(client.call("echo")))).toMatchObject({
    code: "denied",
    message: `Cannot call "echo": the policy of this node failed; its log says why`,
  });
  expect((await failureOf(connect(node.url))).message).toBe(
    `Cannot connect to ${node.url}: the policy of this node failed; its log says why`,
  );
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({
    msg: "the policy failed; refused",
    node: "solo",
    err: { type: expect.stringMatching(/^(Type)?Error$/) },
  });
  isBroken = false;
  expect(await client.call("echo", ["goes on"])).toBe("goes on");
});

test("a node's own calls are asked about as its own", async () => {
  const { policy, asked } = keepingPolicy((action, subject) =>
    action.kind === "call" && subject.kind === "self" ? "not even I" : undefined,
  );
  const { node } = await startPair({ policy });
  expect((await failureOf(node.call("echo"))).message).toBe(`Cannot call "echo": not even I`);
  expect(asked.at(-1)).toEqual({
    subject: { kind: "self" },
    action: { kind: "call", fun: "echo", onBehalfOf: undefined },
  });
});

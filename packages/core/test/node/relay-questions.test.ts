/** Questions to a node to which there is no way: a neighbour passes them on. */
import { describe, expect, test } from "vitest";
import { writeWatch } from "../../src/wire/index.js";
import { type Heard, heard } from "../support/heard.js";
import { Mesh } from "../support/mesh.js";
import type { MeshClient } from "../support/mesh-client.js";
import { network } from "../support/network.js";
import { codec } from "../support/requests.js";

/** A client of x has a request there; one of a asks for it. */
function watched(names: string, ways: string) {
  const world = network(names, ways);
  const { mesh, node } = world;
  const asker = mesh.client(node("x"));
  asker.request([{ fun: "on-x" }]);
  mesh.settle();
  const watcher = mesh.client(node("a"));
  return { ...world, asker, watcher, requestId: node("x").requestId(1) };
}

function answersOf(client: MeshClient, id: number): unknown[] {
  return client.heard.flatMap((message) =>
    message.kind === "answer" && message.id === id ? [codec.decode(message.value as Uint8Array)] : [],
  );
}

function kindsOf(events: readonly Heard[]): string[] {
  return events.map(({ kind }) => kind);
}

describe("a request that is watched from a node without a way to its coordinator", () => {
  test("is watched through a neighbour of both, until its end (Q3)", () => {
    const { mesh, node, watcher, requestId } = watched("acx", "ac cx");
    const id = watcher.watch(requestId);
    mesh.advance(1_500);
    expect(kindsOf(heard(watcher, id))).toEqual(["received", "planned", "step-ready", "started"]);
    node("x").finish("on-x", 42);
    mesh.settle();
    expect(kindsOf(heard(watcher, id)).slice(4)).toEqual(["result-available", "finished", "answer"]);
    expect(answersOf(watcher, id)).toEqual([
      expect.objectContaining({ requestId, coordinator: "x", state: "finished" }),
    ]);
    mesh.expectQuiet();
  });

  test("is so on behalf of the client, at every node that the question passes", () => {
    const { mesh, watcher, requestId, decided, isLinked } = watched("acx", "ac cx");
    decided.length = 0;
    watcher.watch(requestId, { now: true });
    mesh.advance(1_500);
    expect(isLinked("ax")).toBe(false);
    const onBehalfOf = { kind: "client", address: "10.0.0.1", via: "a" };
    expect(decided).toMatchObject([
      { by: "a", subject: { kind: "client" }, onBehalfOf: undefined },
      { by: "c", subject: { kind: "node", name: "a" }, onBehalfOf },
      { by: "x", subject: { kind: "node", name: "c" }, onBehalfOf },
    ]);
  });

  test("is listed through the neighbour, too", () => {
    const { mesh, watcher, requestId } = watched("acx", "ac cx");
    const id = watcher.requests("x");
    mesh.advance(1_500);
    expect(answersOf(watcher, id)).toMatchObject([{ node: "x", requests: [{ requestId, state: "running" }] }]);
  });

  test("is asked for through the neighbour after a second, however long a dial takes that nobody answers (Q3)", () => {
    const mesh = new Mesh();
    mesh.stranger("nowhere", new Uint8Array(0));
    const { node } = network("acx", "ac cx", { urls: ["ws://nowhere"] }, mesh, 3_000);
    const watcher = mesh.client(node("a"));
    const id = watcher.requests("x");
    mesh.advance(900);
    expect(answersOf(watcher, id)).toEqual([]);
    mesh.advance(200);
    expect(answersOf(watcher, id)).toMatchObject([{ node: "x" }]);
  });

  test("is not watched any more when its watcher, or that one's node, is gone (P2)", () => {
    const { mesh, node, asker, watcher, requestId } = watched("acx", "ac cx");
    watcher.watch(requestId);
    const left = watcher.watch(requestId);
    mesh.advance(1_500);
    expect(node("c").machine.size.asked).toBe(2);
    watcher.cancel(left);
    mesh.settle();
    expect(node("c").machine.size.asked).toBe(1);
    expect(node("x").machine.size.asked).toBe(2);
    mesh.crash(node("a"));
    expect(node("c").machine.size.asked).toBe(0);
    expect(node("x").machine.size.asked).toBe(1);
    node("x").finish("on-x", 1);
    mesh.settle();
    expect(asker.heard.at(-1)).toMatchObject({ kind: "results" });
  });

  test.for(["its link to the asker", "its link to the coordinator", "itself"] as const)(
    "is told once: where the neighbour loses %s, that is told (P1)",
    (what) => {
      const { mesh, node, watcher, requestId } = watched("acdx", "ac ad cx dx");
      const id = watcher.watch(requestId);
      mesh.advance(1_500);
      const passing = ["c", "d"].map(node).find(({ machine }) => machine.size.asked > 0)!;
      if (what === "itself") passing.enter({ kind: "close" });
      else passing.connectionTo(node(what === "its link to the asker" ? "a" : "x")).cut();
      mesh.advance(6_000);
      const ends = heard(watcher, id).slice(4);
      expect(kindsOf(ends)).toEqual(["failure"]);
      expect(watcher.heard.find((message) => message.kind === "failure")).toMatchObject({
        error: { outcome: "unknown" },
      });
    },
  );

  test("is asked for through three neighbours, and not through all that there are (Q3)", () => {
    const { mesh, watcher, requestId, decided, denying } = watched("aijklmx", "ai aj ak al am ix jx kx lx mx");
    for (const name of "ijklm") denying.add(name);
    decided.length = 0;
    const id = watcher.watch(requestId);
    mesh.advance(6_000);
    const asked = decided.map(({ by }) => by).filter((by) => by !== "a");
    expect([asked.length, new Set(asked).size]).toEqual([3, 3]);
    expect(watcher.heard.at(-1)).toMatchObject({ kind: "failure", id, error: { code: "denied" } });
    mesh.advance(6_000);
    expect(watcher.heard.filter((message) => "id" in message && message.id === id)).toHaveLength(1);
  });

  test("is asked for through another neighbour when the first has no way either (Q3)", () => {
    const { mesh, watcher, requestId, denying } = watched("abcdx", "ab ac ad bx cx dx");
    for (const name of "bc") denying.add(name);
    const ids = Array.from({ length: 10 }, () => watcher.watch(requestId, { now: true }));
    mesh.advance(1_500);
    for (const id of ids) expect(answersOf(watcher, id)).toHaveLength(1);
  });
});

describe("a node that is to pass a question on", () => {
  test("asks the target itself, and nobody else (Q3)", () => {
    const { mesh, node, decided } = network("acdx", "ac cd dx");
    const liar = mesh.client(node("c"), { node: "liar" });
    decided.length = 0;
    liar.say(77, (writer) => {
      writeWatch(writer, {
        id: 77,
        requestId: node("x").requestId(1),
        now: true,
        intermediates: false,
        behalf: undefined,
        relay: { target: node("x").id, origin: "somebody" },
      });
    });
    mesh.advance(6_000);
    expect(liar.heard.filter((message) => "id" in message && message.id === 77)).toMatchObject([
      { kind: "failure", error: { code: "node-lost", outcome: "not-applied" } },
    ]);
    expect(decided.map(({ by }) => by)).toEqual(["c"]);
  });

  test("passes nothing on that does not say so", () => {
    const { mesh, node } = network("cx", "cx");
    const liar = mesh.client(node("c"), { node: "liar" });
    const id = liar.watch(node("x").requestId(1), { now: true });
    mesh.settle();
    expect(liar.heard.at(-1)).toMatchObject({ id, error: { code: "unknown-request", node: "c" } });
  });
});

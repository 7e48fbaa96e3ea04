/** What clients and nodes can do that mean no good. */
import { describe, expect, test } from "vitest";
import { writeAnswer } from "../../src/wire/index.js";
import { Mesh } from "../support/mesh.js";
import { byHand } from "../support/mesh-node.js";
import { Announcer, recordOf, tellRecord, whole } from "../support/news.js";
import { use } from "../support/requests.js";

describe("a request that multiplies", () => {
  test("a result that is asked for many times is too large for one answer before it is written (K1)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    node.offer("big", () => "x".repeat(1_000_000));
    mesh.settle();
    const client = mesh.client(node);
    const id = client.request([{ fun: "big" }], { outputs: Array.from({ length: 100_000 }, () => use("big")) });
    mesh.settle();
    expect(client.endsOf(id)).toMatchObject([{ error: { code: "too-large", outcome: "applied" } }]);
    mesh.expectQuiet();
  });

  test("a small result that is asked for many times is too large before it is written (K1)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    node.offer("small", () => "x".repeat(100_000));
    mesh.settle();
    const client = mesh.client(node);
    const id = client.request([{ fun: "small" }], { outputs: Array.from({ length: 20_000 }, () => use("small")) });
    mesh.settle();
    const message = `The answer takes ${20_000 * 100_005} bytes; the caller accepts messages of 67108864`; // values alone
    expect(client.endsOf(id)).toMatchObject([{ error: { code: "too-large", outcome: "applied", message } }]);
    mesh.expectQuiet();
  });

  test("a result that is passed on many times is too large for one step before it is written", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b");
    a!.offer("big", () => "x".repeat(1_000_000));
    b!.offer("f", byHand);
    mesh.settle();
    const client = mesh.client(a!);
    const id = client.request([{ fun: "big" }, { fun: "f", args: Array.from({ length: 100_000 }, () => use("big")) }]);
    mesh.settle();
    expect(client.endsOf(id)).toMatchObject([{ error: { code: "too-large", outcome: "applied", step: "f" } }]);
    expect(b!.invoked).toEqual([]);
    mesh.expectQuiet();
  });
});

describe("a node that answers what is no value", () => {
  test("the steps that need it fail, and nothing else does", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    for (const fun of ["local", "sum"]) a.offer(fun, byHand);
    mesh.settle();
    const rogue = mesh.client(a, { node: "rogue" });
    rogue.say(0, tellRecord(recordOf("rogue")));
    rogue.say(0, whole(new Announcer("rogue").offer("remote")));
    mesh.settle();
    const asked = a.request([
      { fun: "remote" },
      { fun: "local" },
      { fun: "sum", args: [use("remote", "x"), use("local")] },
    ]);
    mesh.settle();
    const step = rogue.heard.find(({ kind }) => kind === "step") as { readonly id: number };
    rogue.say(step.id, (writer) => {
      writeAnswer(writer, step.id, Uint8Array.of(0xc1));
    });
    mesh.settle();
    a.finish("local", 1);
    mesh.settle();
    expect(asked.ends).toMatchObject([{ error: { code: "malformed", outcome: "applied", step: "sum", node: "a" } }]);
    mesh.expectQuiet();
  });
});

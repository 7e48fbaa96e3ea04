/** Outputs that were told and are lost before they were fetched: what is made again, and what is not. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { RequestList } from "../../../src/rpc/index.js";
import type { AnswerMessage, ResultsMessage } from "../../../src/wire/index.js";
import { Mesh } from "../../support/mesh.js";
import type { MeshClient } from "../../support/mesh-client.js";
import { type MeshHandler, type MeshNode, byHand } from "../../support/mesh-node.js";
import { type Outcome, type RequestOptions, type Step, codec, outcomeOf, use } from "../../support/requests.js";
import { shapeOf } from "../../support/wire.js";

const MiB = 1024 * 1024;
const big = (bytes: number, fill = 7): Uint8Array => new Uint8Array(bytes).fill(fill);
const idempotent = { idempotent: "yes" } as const;

const steps: readonly Step[] = [
  { fun: "load" },
  { fun: "copy", args: [use("load")] },
  { fun: "pay" },
  { fun: "receipt", args: [use("pay")] },
];
const options = { outputs: [use("copy"), use("pay"), use("receipt")] };

/** b offers what may run again, c what may not; d offers what b does as soon as `d` is told to. */
function four(more: { readonly copy?: MeshHandler; readonly copied?: "yes" | "no"; readonly bytes?: number } = {}) {
  const mesh = new Mesh();
  const [a, b, c, d] = mesh.cluster("a", "b", "c", "d") as [MeshNode, MeshNode, MeshNode, MeshNode];
  const { copy = (loaded: Uint8Array) => loaded.slice(), copied = "yes", bytes = 20 * MiB } = more;
  const offer = (node: MeshNode, fill: number): void => {
    node.offerAs("load", () => big(bytes, fill), idempotent);
    node.offerAs("copy", node === b ? (loaded: Uint8Array) => loaded.slice() : copy, { idempotent: copied });
  };
  offer(b, 7);
  c.offer("pay", () => big(2 * MiB, 9));
  c.offer("receipt", () => "paid");
  mesh.settle();
  const substitute = (): void => {
    offer(d, 8);
    mesh.settle();
  };
  return { mesh, a, b, c, d, substitute };
}

/** Lets `frames` of what b sends to a through, and no more. */
function holdAfter({ a, b }: { readonly a: MeshNode; readonly b: MeshNode }, frames: number): void {
  const connection = a.connectionTo(b);
  const fromB = connection.ends.find((end) => [...b.connections.values()].some((each) => each.end === end))!;
  connection.from(fromB).isHeld = true;
  connection.from(fromB).release(frames);
}

/** What a graph came to, as far as these tests look at it: the sizes and the first byte of what is large. */
function shapes(ends: readonly Outcome[]): unknown {
  return ends.map((end) => {
    if (!("outputs" in end)) return end;
    return end.outputs.map((output) => (output instanceof Uint8Array ? [output.length, output[0]] : output));
  });
}

const funs = (node: MeshNode): readonly string[] => node.invoked.map(({ fun }) => fun);
const whole = [[[20 * MiB, 8], [2 * MiB, 9], "paid"]];

/** A client that was told of all, and has fetched nothing yet. */
function told(
  client: MeshClient,
  mesh: Mesh,
  asked: RequestOptions = options,
  wanted: readonly Step[] = steps,
): { readonly fetch: () => readonly Outcome[]; readonly answer: ResultsMessage } {
  client.isDownloading = false;
  const id = client.request(wanted, asked);
  mesh.settle();
  const answer = client.heard.find((message) => message.kind === "results" && message.id === id) as ResultsMessage;
  return {
    answer,
    fetch: () => {
      const ends: Outcome[] = [];
      client.isDownloading = true;
      client.downloads.complete(
        answer,
        mesh.nowMs,
        (complete) => ends.push(outcomeOf(complete)),
        (error) => ends.push({ error: shapeOf(error) }),
      );
      mesh.settle();
      mesh.advance(2_000);
      return ends;
    },
  };
}

/** A program that has asked, and fetches at once. */
function askedOf(node: MeshNode, mesh: Mesh): { readonly fetch: () => readonly Outcome[] } {
  const asked = node.request(steps, options);
  mesh.settle();
  return { fetch: () => asked.ends };
}

describe("an output that was told, and is gone with its node before it was fetched", () => {
  test("is made again, and what it was made of, while steps that may not run again keep theirs (Q9)", () => {
    const { mesh, a, b, c, d, substitute } = four();
    const { fetch } = told(mesh.client(a), mesh);
    substitute();
    mesh.crash(b);
    mesh.advance(12_000);
    expect(shapes(fetch())).toEqual(whole);
    expect([funs(c), funs(d)]).toEqual([
      ["pay", "receipt"],
      ["load", "copy"],
    ]);
    mesh.expectQuiet();
  });

  test("is fetched from its beginning where some of it had come (L5) (G4)", () => {
    const { mesh, a, b, c, d, substitute } = four();
    const client = mesh.client(a);
    const { fetch } = told(client, mesh);
    substitute();
    holdAfter({ a, b }, 6);
    client.heardBytes.length = 0;
    const ends = fetch();
    expect(client.heardBytes.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(2 * MiB + 512 * 1024);
    mesh.crash(b);
    mesh.advance(12_000);
    expect(shapes(ends)).toEqual(whole);
    expect([funs(c), funs(d)]).toEqual([
      ["pay", "receipt"],
      ["load", "copy"],
    ]);
    mesh.expectQuiet();
  });

  test("is made again for a program of the node that asked (Q9) (G4)", () => {
    const { mesh, a, b, c, d, substitute } = four();
    // what it takes to run is a few frames; what is fetched then is many
    holdAfter({ a, b }, 10);
    const asked = a.request(steps, options);
    mesh.settle();
    substitute();
    expect([asked.ends, funs(b), funs(c)]).toEqual([[], ["load", "copy"], ["pay", "receipt"]]);
    mesh.crash(b);
    mesh.advance(12_000);
    expect(shapes(asked.ends)).toEqual(whole);
    expect([funs(c), funs(d)]).toEqual([
      ["pay", "receipt"],
      ["load", "copy"],
    ]);
    mesh.expectQuiet();
  });

  test("is made again as the part that was asked for (O2)", () => {
    const { mesh, a, b, d } = four();
    const pair = (): object => ({ first: big(2 * MiB, 1), second: big(3 * MiB, 2) });
    b.offerAs("pair", pair, idempotent);
    mesh.settle();
    const client = mesh.client(a);
    const { fetch } = told(client, mesh, { outputs: [use("pair", "second")] }, [{ fun: "pair" }]);
    d.offerAs("pair", pair, idempotent);
    mesh.settle();
    mesh.crash(b);
    mesh.advance(12_000);
    expect(shapes(fetch())).toEqual([[[3 * MiB, 2]]]);
    expect(funs(d)).toEqual(["pair"]);
    mesh.expectQuiet();
  });

  test("may leave something behind when it is made again, which goes on until the client is gone (B1)", () => {
    const { mesh, a, b, c, d } = four();
    b.offerAs("pair", () => big(2 * MiB, 1), idempotent);
    c.offer("inner", byHand);
    mesh.settle();
    const client = mesh.client(a);
    const { fetch } = told(client, mesh, { outputs: [use("pair")], timeoutMs: 600_000 }, [{ fun: "pair" }]);
    d.offerAs("pair", byHand, idempotent);
    mesh.settle();
    mesh.crash(b);
    mesh.advance(12_000);
    const ends = fetch();
    const left = d.call("inner", [], { parent: d.waiting("pair")[0]!, timeoutMs: 600_000 });
    mesh.settle();
    d.finish("pair", big(2 * MiB, 2));
    mesh.advance(10_000);
    expect([shapes(ends), left.ends]).toEqual([[[[2 * MiB, 2]]], []]);
    client.connection!.cut();
    mesh.settle();
    expect(left.ends).toMatchObject([{ error: { code: "cancelled" } }]);
    mesh.expectQuiet();
  });

  test("may be small when it is made again (T1)", () => {
    const { mesh, a, b, substitute } = four({ copy: (bytes: Uint8Array) => bytes.length });
    const { fetch } = told(mesh.client(a), mesh);
    substitute();
    mesh.crash(b);
    mesh.advance(12_000);
    expect(shapes(fetch())).toEqual([[20 * MiB, [2 * MiB, 9], "paid"]]);
    mesh.expectQuiet();
  });

  test("is made once for all who wait for it, however many (T2)", () => {
    const { mesh, a, b, d, substitute } = four({ bytes: 300_000 });
    const many = Array.from({ length: 12 }, () => use("copy"));
    const { fetch } = told(mesh.client(a), mesh, { outputs: [...many, use("pay"), use("receipt")] });
    substitute();
    mesh.crash(b);
    mesh.advance(12_000);
    expect(shapes(fetch())).toEqual([[...many.map(() => [300_000, 8]), [2 * MiB, 9], "paid"]]);
    expect(funs(d)).toEqual(["load", "copy"]);
    mesh.expectQuiet();
  });

  test.each(["client", "program"])("is made once more when it is lost again, for a %s (T1) (T2)", (asker) => {
    const { mesh, a, b, c, d, substitute } = four({ copy: byHand });
    if (asker === "program") holdAfter({ a, b }, 10);
    const { fetch } = asker === "client" ? told(mesh.client(a), mesh) : askedOf(a, mesh);
    substitute();
    mesh.crash(b);
    mesh.advance(12_000);
    const ends = fetch();
    holdAfter({ a, b: d }, 3);
    d.finish("copy", big(20 * MiB, 8));
    mesh.settle();
    expect([funs(d), ends.length]).toEqual([["load", "copy"], 0]);
    c.offerAs("load", () => big(20 * MiB, 6), idempotent);
    c.offerAs("copy", (loaded: Uint8Array) => loaded.slice(), idempotent);
    mesh.settle();
    mesh.crash(d);
    mesh.advance(12_000);
    expect(shapes(ends)).toEqual([[[20 * MiB, 6], [2 * MiB, 9], "paid"]]);
    expect(funs(c)).toEqual(["pay", "receipt", "load", "copy"]);
    mesh.expectQuiet();
  });

  test("is let go of while it is made again: nothing runs for it any more, and who waits is told (T1) (T2) (Q5)", () => {
    const { mesh, a, b, d, substitute } = four({ copy: byHand });
    const client = mesh.client(a);
    const { fetch, answer } = told(client, mesh);
    substitute();
    mesh.crash(b);
    mesh.advance(12_000);
    const ends = fetch();
    expect([ends, d.waiting("copy").length]).toEqual([[], 1]);
    client.downloads.unwanted(answer);
    mesh.settle();
    expect(ends).toMatchObject([{ error: { code: "result-lost", message: expect.stringContaining("let go of it") } }]);
    expect([a.machine.size.requests, d.machine.size.kept]).toEqual([0, 0]);
    expect(d.aborted).toEqual([{ fun: "copy", reason: "cancelled" }]);
    mesh.expectQuiet();
  });

  test("ends truthfully when the step that made it may not run again (V1)", () => {
    const { mesh, a, b, c, d, substitute } = four({ copied: "no" });
    const { fetch } = told(mesh.client(a), mesh);
    substitute();
    mesh.crash(b);
    mesh.advance(12_000);
    expect(fetch()).toMatchObject([{ error: { code: "result-lost", outcome: "applied" } }]);
    expect([funs(c), funs(d)]).toEqual([["pay", "receipt"], []]);
    mesh.advance(60_000);
    mesh.expectQuiet();
  });

  test("ends with the failure of the step that makes it again (T2)", () => {
    const { mesh, a, b, d, substitute } = four({ copy: byHand });
    const { fetch } = told(mesh.client(a), mesh);
    substitute();
    mesh.crash(b);
    mesh.advance(12_000);
    const ends = fetch();
    expect(ends).toEqual([]);
    d.fail("copy", new MpregError("handler-error", "no room", { outcome: "applied" }));
    mesh.settle();
    expect(ends).toMatchObject([{ error: { code: "handler-error", message: "no room", outcome: "applied" } }]);
    mesh.advance(60_000);
    mesh.expectQuiet();
  });
});

describe("a request whose outputs were told", () => {
  test("has ended for those who look at it: what runs again is told to nobody (Q9) (Q2)", () => {
    const { mesh, a, b, d, substitute } = four();
    const [client, other] = [mesh.client(a), mesh.client(a)];
    const { fetch } = told(client, mesh, { ...options, watch: true });
    const list = other.requests();
    substitute();
    const answer = other.heard.find((message) => message.kind === "answer" && message.id === list);
    const { requests } = codec.decode((answer as AnswerMessage).value as Uint8Array) as RequestList;
    expect(requests).toMatchObject([{ state: "finished", steps: { ended: 4, total: 4 } }]);
    client.heard.length = 0;
    mesh.crash(b);
    mesh.advance(12_000);
    expect(shapes(fetch())).toEqual(whole);
    expect([funs(d), client.heard]).toEqual([["load", "copy"], []]);
  });

  test("is waited for by a node that drains, until they were fetched (N4)", () => {
    const { mesh, a } = four();
    const { fetch } = told(mesh.client(a), mesh);
    const drained = (): unknown[] => a.events.filter(({ kind }) => kind === "drained");
    a.enter({ kind: "drain", graceMs: 30_000 });
    mesh.advance(5_000);
    expect(drained()).toEqual([]);
    expect(shapes(fetch())).toEqual([[[20 * MiB, 7], [2 * MiB, 9], "paid"]]);
    expect(drained()).toEqual([{ kind: "drained", left: 0 }]);
  });

  test("is gone when its asker has let go of all of them (T1)", () => {
    const { mesh, a, b, c } = four();
    const { fetch } = told(mesh.client(a), mesh);
    expect([a.machine.size.requests, b.machine.size.kept, c.machine.size.kept]).toEqual([1, 1, 1]);
    expect(shapes(fetch())).toEqual([[[20 * MiB, 7], [2 * MiB, 9], "paid"]]);
    expect([a.machine.size.requests, a.machine.size.heldBytes]).toEqual([0, 0]);
    mesh.expectQuiet();
  });

  test("lets go of each output as its asker does (T1)", () => {
    const { mesh, a, b } = four();
    const client = mesh.client(a);
    const { answer } = told(client, mesh);
    client.downloads.unwanted({ ...answer, outputs: answer.outputs.slice(0, 1) });
    mesh.settle();
    expect([a.machine.size.requests, b.machine.size.kept]).toEqual([1, 0]);
    client.downloads.unwanted(answer);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("is gone with its client (T1)", () => {
    const { mesh, a, b, c } = four();
    const client = mesh.client(a);
    told(client, mesh);
    client.connection!.cut();
    mesh.settle();
    expect([a.machine.size.requests, b.machine.size.kept, c.machine.size.kept]).toEqual([0, 0, 0]);
    mesh.expectQuiet();
  });

  test("is not kept where nothing of it may run again: those who were told of it have it (Q9)", () => {
    const { mesh, a, c } = four();
    const client = mesh.client(a);
    client.isDownloading = false;
    client.request([{ fun: "pay" }, { fun: "receipt", args: [use("pay")] }], { outputs: [use("pay"), use("receipt")] });
    mesh.settle();
    expect([a.machine.size.requests, c.machine.size.kept]).toEqual([0, 1]);
    client.connection!.cut();
    mesh.settle();
    mesh.expectQuiet();
  });

  test("is gone when its time is over, and leaves what is kept to those who were told of it (T3)", () => {
    const { mesh, a } = four();
    const client = mesh.client(a);
    client.isDownloading = false;
    client.request(steps, { ...options, timeoutMs: 5_000 });
    mesh.settle();
    expect(a.machine.size.requests).toBe(1);
    mesh.advance(5_000);
    expect(a.machine.size.requests).toBe(0);
    client.connection!.cut();
    mesh.settle();
    mesh.expectQuiet();
  });
});

/** Outputs that a request holds because they may have to be made again, when nobody can be told of them or waits for them. */
import { expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import { type ResultRef, type ResultsMessage, writeFetch, writeFetchEnd } from "../../../src/wire/index.js";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, byHand } from "../../support/mesh-node.js";
import { type Outcome, outcomeOf, use } from "../../support/requests.js";
import { shapeOf } from "../../support/wire.js";

const MiB = 1024 * 1024;
const big = (bytes: number, fill = 7): Uint8Array => new Uint8Array(bytes).fill(fill);
const steps = [{ fun: "copy" }, { fun: "pay" }];
const options = { outputs: [use("copy"), use("pay")] };

/** b makes what may be made again, c what may not; d makes what b does, by hand, as soon as it is told to. */
function four(valueBytesMax = 2 ** 31) {
  const mesh = new Mesh();
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => {
    return mesh.node(name, name === "a" ? { rpc: { valueBytesMax } } : { peers: ["a"] });
  }) as [MeshNode, MeshNode, MeshNode, MeshNode];
  mesh.advance(2_000);
  b.offerAs("copy", () => big(4 * MiB), { idempotent: "yes" });
  c.offer("pay", () => big(2 * MiB));
  mesh.settle();
  /** The node of `copy` is gone, and another one has it. */
  const lose = (): void => {
    d.offerAs("copy", byHand, { idempotent: "yes" });
    mesh.settle();
    mesh.crash(b);
    mesh.advance(12_000);
  };
  return { mesh, a, b, c, d, lose };
}

/** A client of `a` that was told of both outputs, and has fetched nothing. */
function told(mesh: Mesh, a: MeshNode) {
  const client = mesh.client(a);
  client.isDownloading = false;
  const id = client.request(steps, options);
  mesh.settle();
  const answer = client.heard.find((message) => message.kind === "results" && message.id === id) as ResultsMessage;
  /** Fetches one of them. */
  const fetch = (output: number): Outcome[] => {
    const ends: Outcome[] = [];
    client.isDownloading = true;
    client.downloads.complete(
      { ...answer, id: id + 1 + output, outputs: [answer.outputs[output]] },
      mesh.nowMs,
      (complete) => ends.push(outcomeOf(complete)),
      (error) => ends.push({ error: shapeOf(error) }),
    );
    mesh.settle();
    return ends;
  };
  return { client, answer, fetch };
}

test("an answer that is too large for its asker leaves nothing of the request, nor of its outputs (T1) (K1)", () => {
  const { mesh, a, b, c } = four(5 * MiB);
  const client = mesh.client(a);
  const id = client.request(steps, options);
  mesh.settle();
  expect(client.endsOf(id)).toMatchObject([{ error: { code: "too-large", outcome: "applied" } }]);
  expect([b.machine.size.kept, c.machine.size.kept]).toEqual([0, 0]);
  mesh.expectQuiet();
});

test("what cannot be made again leaves the other outputs to those who were told of them (T3)", () => {
  const { mesh, a, c, d, lose } = four();
  const { fetch } = told(mesh, a);
  lose();
  const copy = fetch(0);
  d.fail("copy", new MpregError("handler-error", "out of order", { outcome: "applied" }));
  mesh.settle();
  expect(copy).toMatchObject([{ error: { code: "handler-error" } }]);
  expect(c.machine.size.kept).toBe(1);
  const [paid] = fetch(1) as { readonly outputs: readonly Uint8Array[] }[];
  expect(paid?.outputs.map(({ length }) => length)).toEqual([2 * MiB]);
  mesh.advance(2_000);
  mesh.expectQuiet();
});

test("what is made again for a fetch that has ended meanwhile is not fetched (S6)", () => {
  const { mesh, a, d, lose } = four();
  const { client, answer } = told(mesh, a);
  const { holder, key } = answer.outputs[0] as ResultRef;
  lose();
  client.say(900, (writer) => {
    writeFetch(writer, { id: 900, holder, key, path: [], offset: 0, allowedBytes: 8 * MiB });
  });
  mesh.settle();
  expect(d.waiting("copy")).toHaveLength(1);
  client.say(901, (writer) => {
    writeFetchEnd(writer, 900);
  });
  mesh.settle();
  d.sent.length = 0;
  d.finish("copy", big(4 * MiB, 8));
  mesh.settle();
  expect(d.machine.size.kept).toBe(1);
  expect(d.sent.reduce((sum, frame) => sum + frame.length, 0)).toBeLessThan(MiB / 4);
});

/** Requests that no client of ours would send, on an open link: each is answered by name, and the link goes on. */
import type { Signer } from "@mpreg/core/base";
import {
  digestParts,
  kinds,
  type Writer,
  writeCall,
  writeDigestLines,
  writeRequest,
  writeStep,
} from "@mpreg/core/wire";
import type { MpregNode } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { meshed, offered, startNode, startPair } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { startLog } from "../support/log.js";
import { Stranger, codec, frameOf } from "../support/stranger.js";
import { offerOf, offersOf, recordOf } from "../support/stranger-node.js";

type Step = Parameters<typeof writeRequest>[2]["steps"][number];
type Write = (writer: Writer) => unknown;

const noArguments = codec.encode([], "args");
const step = (name: string, fields: Partial<Step> = {}): Step => ({
  name,
  fun: "echo",
  timeoutMs: 0,
  resources: [],
  bindings: [],
  terms: undefined,
  template: noArguments,
  ...fields,
});

const request =
  (steps: readonly Step[], outputs: Step["bindings"] = []): Write =>
  (writer) => {
    writeRequest(writer, 1, { steps, outputs, timeoutMs: 0, waitForCapacityMs: 0, settle: false, summary: false });
  };

const call =
  (id: number, args: Uint8Array, fun = "echo"): Write =>
  (writer) => {
    writeCall(writer, id, {
      fun,
      resources: [],
      args,
      timeoutMs: 0,
      waitForCapacityMs: 0,
      summary: false,
      terms: undefined,
    });
  };

/** The public key of `node`, which `listener` asks for as every node does that knows nobody. */
function keyOf({ name }: Pick<MpregNode, "name">, listener: Stranger): Promise<Uint8Array> {
  const parts = Array.from({ length: digestParts }, (_, part) => part);
  listener.send(
    frameOf((w) => {
      writeDigestLines(w, { parts, lines: [], asks: true });
    }),
  );
  return eventually(`there is news of ${name}`, () => {
    const records = listener.messages.filter((each) => each.kind === "record").map(({ record }) => record);
    return records.find((record) => record.name === name)?.publicKey;
  });
}

/** The error that a stranger gets for `write`, after which the same link still works. */
async function refusalOf(write: Write): Promise<Readonly<Record<string, unknown>>> {
  const { node } = await startPair();
  const stranger = await Stranger.connect(node.url);
  stranger.send(frameOf(write));
  const { error } = await stranger.message("failure", 1);
  stranger.send(frameOf(call(2, codec.encode(["goes on"], "args"))));
  expect(codec.decode((await stranger.message("answer", 2)).value as Uint8Array)).toBe("goes on");
  const { code, message, step: at, outcome } = error;
  return { code, message, step: at, outcome };
}

const nested = (levels: number): Uint8Array =>
  Uint8Array.from({ length: levels + 1 }, (_, i) => (i < levels ? 0x91 : 0xc0));

describe("a request is refused by name", () => {
  test.each<[string, Write, object]>([
    ["without steps", request([]), { code: "empty-request" }],
    [
      "with two steps of one name",
      request([step("a"), step("a")]),
      { code: "duplicate-step", step: "a", message: `Two steps of the request are named "a"` },
    ],
    [
      "with a reference to a step that is not there",
      request([step("a", { bindings: [{ step: 5, path: [] }] })]),
      {
        code: "unknown-reference",
        step: "a",
        message: `Step "a" uses the result of step number 5; the request has 1 step, counted from 0`,
      },
    ],
    ["with an output that is not there", request([step("a")], [{ step: 9, path: [] }]), { code: "unknown-reference" }],
    [
      "with a cycle",
      request([step("a", { bindings: [{ step: 1, path: [] }] }), step("b", { bindings: [{ step: 0, path: [] }] })]),
      { code: "cycle", message: "The references form a cycle: a → b → a (each step needs the next)" },
    ],
    [
      "with more steps than it may have",
      (w) =>
        w.begin(kinds.request).u32(1).u32(0).u32(0).u8(0).endFields().varint(1_000_000).raw(new Uint8Array(1_000_000)),
      { code: "too-large" },
    ],
    [
      "with a count of bindings that no message can hold",
      (w) =>
        w
          .begin(kinds.request)
          .u32(1)
          .u32(0)
          .u32(0)
          .u8(0)
          .endFields()
          .varint(1)
          .text("a")
          .text("echo")
          .u32(0)
          .texts([])
          .varint(2 ** 31),
      { code: "too-large" },
    ],
    ["cut short", (w) => w.begin(kinds.request).u32(1).u32(0), { code: "malformed" }],
    ["with a name of more bytes than names have", request([step("n".repeat(2_000))]), { code: "too-large" }],
    [
      "with arguments that are no array",
      call(1, codec.encode({ not: "an array" }, "args")),
      { code: "malformed", message: "The arguments of a call must be an array" },
    ],
    ["with arguments that are no value", call(1, Uint8Array.of(0xc1)), { code: "malformed" }],
    ["with arguments cut short", call(1, Uint8Array.of(0x92, 0x01)), { code: "malformed" }],
    ["with arguments nested a million levels deep", call(1, nested(1_000_000)), { code: "malformed" }],
    [
      "with an array that claims 4 billion items",
      call(1, Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)),
      { code: "malformed" },
    ],
    ["with a hole that nothing was bound to", call(1, Uint8Array.of(0x91, 0xd4, 72, 0)), { code: "malformed" }],
    [
      "with a path through bytes that are no value",
      request([
        step("a", { template: Uint8Array.of(0x91, 0xc1) }),
        step("b", { bindings: [{ step: 0, path: ["x"] }], template: Uint8Array.of(0x91, 0xd4, 72, 0) }),
      ]),
      { code: "malformed" },
    ],
  ])("%s", async (_what, write, expected) => {
    expect(await refusalOf(write)).toMatchObject({ outcome: "not-applied", ...expected });
  });

  test("with the id of a call that is not answered yet: that ends the link", async () => {
    const { node, client } = await startPair();
    node.register("hold", () => new Promise(() => undefined));
    const stranger = await Stranger.connect(node.url);
    stranger.send(frameOf(call(5, noArguments, "hold"), call(5, noArguments)));
    expect(await stranger.dismissed()).toEqual({
      code: "malformed",
      reason: "id 5 is in use by an earlier call of this link",
    });
    expect(await client.call("echo", [1])).toBe(1);
  });
});

describe("a client that says what only nodes may", () => {
  const stepMessage: Write = (writer) => {
    const fields = {
      id: 1,
      timeoutMs: 0,
      request: 1,
      depth: 0,
      fun: "secret",
      step: "secret",
      resources: [],
      behalf: undefined,
      timings: false,
      relay: undefined,
      terms: undefined,
      bound: [],
      template: noArguments,
    };
    writeStep(writer, fields);
  };

  test("may not have a step run", async () => {
    const { node } = await startPair();
    let starts = 0;
    node.register("secret", () => ++starts);
    const stranger = await Stranger.connect(node.url);
    stranger.send(frameOf(stepMessage));
    const { error } = await stranger.message("failure", 1);
    expect([error.code, error.message, starts]).toEqual([
      "denied",
      "Steps are taken from nodes only; send a call or a request",
      0,
    ]);
  });

  test.each<[string, (signer: Signer) => Uint8Array, string]>([
    ["offer functions", (signer) => offersOf(signer, [offerOf("mine")]), "a client has sent a offers"],
    ["say who there is", (signer) => recordOf(signer, "x"), "a client has sent a record"],
  ])("may not %s: that ends the link", async (_what, message, reason) => {
    const { node, client } = await startPair();
    const stranger = await Stranger.connect(node.url);
    stranger.send(message(stranger.signer));
    expect(await stranger.dismissed()).toEqual({ code: "malformed", reason });
    expect((await client.functions()).map(({ name }) => name)).toEqual(["echo", "echos"]);
  });
});

describe("a stranger who claims to be a node", () => {
  test("and has another node's key but not its private half is refused, and the other keeps its link", async () => {
    const home = await startNode({ name: "home" });
    const victim = await startNode({ name: "victim", peers: [home.url] });
    await meshed([home, victim]);
    const listener = await Stranger.connect(home.url, { asNode: "listener" });
    const claimedKey = await keyOf(victim, listener);
    const impostor = await Stranger.connect(home.url, { asNode: "victim", claimedKey });
    expect(await impostor.dismissed()).toEqual({ code: "refused", reason: "the signature does not belong to the key" });
    expect(home.nodes().map(({ name, linked }) => [name, linked])).toEqual([
      ["home", false],
      ["victim", true],
    ]);
  });

  test.each<[string, (stranger: Stranger, victim: Uint8Array) => Uint8Array, RegExp]>([
    [
      "offers functions in another node's name",
      ({ signer }, publicKey) => offersOf(signer, [offerOf("trap")], { publicKey, boot: 2 }),
      /^offers of node \w{32} that its key has not signed$/,
    ],
    [
      "says that another node has left",
      ({ signer }, publicKey) => recordOf(signer, "victim", { publicKey, left: true, incarnation: 1_000 }),
      /^a record of node \w{32} that its key has not signed$/,
    ],
    [
      "says what another node's next incarnations will be, to use them up",
      ({ signer }, publicKey) => recordOf(signer, "victim", { publicKey, incarnation: 2 ** 50 }),
      /^a record of node \w{32} that its key has not signed$/,
    ],
  ])("and %s is not believed, and named in the log; whoever goes on is let go", async (_what, lie, reason) => {
    const { log, lines } = startLog("warn");
    const home = await startNode({ name: "home", log });
    const victim = await startNode({ name: "victim", peers: [home.url] });
    victim.register("real", () => "real");
    await meshed([home, victim]);
    await offered("real", 1, home);
    const liar = await Stranger.connect(home.url, { asNode: "liar" });
    liar.send(recordOf(liar.signer, "liar"), offersOf(liar.signer, [offerOf("own")]));
    await offered("own", 1, home); // what is true of itself is believed
    const message = lie(liar, await keyOf(victim, liar));
    liar.send(message);
    await eventually("the lie is told of", () => lines.length > 0);
    expect(lines[0]).toMatchObject({
      msg: "refused what the node tells",
      name: "liar",
      reason: expect.stringMatching(reason),
      count: 1,
    });
    liar.send(...Array.from({ length: 150 }, () => message));
    expect(await liar.dismissed()).toMatchObject({ code: "refused", reason: expect.stringContaining("refused") });
    await offered("own", 0, home);
    expect(home.functions().map(({ name }) => name)).toEqual(["echo", "echos", "real"]);
    expect(await home.call("real")).toBe("real");
    expect(home.nodes().find(({ name }) => name === "victim")).toMatchObject({ state: "alive", id: victim.id });
  });

  test("and asks for a function that is not here, or with resources it has not, is told so", async () => {
    const home = await startNode({ name: "home" });
    const stranger = await Stranger.connect(home.url, { asNode: "odd" });
    const fields = {
      timeoutMs: 0,
      request: 1,
      depth: 0,
      step: "s",
      behalf: undefined,
      timings: false,
      relay: undefined,
      terms: undefined,
      bound: [],
      template: noArguments,
    };
    stranger.send(
      frameOf(
        (w) => {
          writeStep(w, { ...fields, id: 1, fun: "nothing", resources: [] });
        },
        (w) => {
          writeStep(w, { ...fields, id: 2, fun: "echo", resources: ["gpu"] });
        },
      ),
    );
    expect((await stranger.message("failure", 1)).error).toMatchObject({
      code: "no-provider",
      message: `Cannot call "nothing": this node does not offer it`,
    });
    expect((await stranger.message("failure", 2)).error).toMatchObject({
      code: "no-provider",
      message: `Cannot call "echo": this node does not offer it with [gpu]`,
    });
  });
});

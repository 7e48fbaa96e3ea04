/**
 * Whatever a far side sends, well-formed or not: the node goes on, and nothing is left when it is gone. What was asked
 * for detached goes on without it, until its own time is over.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Mesh } from "../support/mesh.js";
import { byHand } from "../support/mesh-node.js";
import { frameOf } from "../support/wire.js";
import { anyMessage, messageOf, write } from "../wire/messages.js";
import { callOf, requestOf, use } from "../support/requests.js";

const id = fc.nat(5);
const fun = fc.constantFrom("echo", "hand", "far", "nowhere");

/** What a client might say if it had not read the documentation. */
const sensible = fc.oneof(
  fc.record({ kind: fc.constant("call" as const), id, fun }).map(({ id: each, fun: name }) => {
    return {
      kind: "call" as const,
      id: each,
      ...callOf(name, [each], { waitForCapacityMs: each * 100, timeoutMs: 5_000 }),
    };
  }),
  fc.record({ id, settle: fc.boolean(), first: fun, second: fun }).map(({ id: each, settle, first, second }) => {
    const steps = [
      { name: "a", fun: first, args: [each] },
      { name: "b", fun: second, args: [use("a"), use("a", "x")] },
    ];
    return { kind: "request" as const, id: each, ...requestOf(steps, { settle, timeoutMs: 5_000 }) };
  }),
  id.map((each) => ({ kind: "cancel" as const, id: each })),
);

const detachedMsMax = 4_000;

/** A message of any kind; what would outlive its sender has a time that the test can wait for. */
const anything = anyMessage.map((message) =>
  "detached" in message && message.detached === true
    ? { ...message, timeoutMs: 1 + (message.timeoutMs % detachedMsMax) }
    : message,
);

const frame = fc
  .array(fc.oneof({ arbitrary: sensible, weight: 4 }, { arbitrary: anything, weight: 1 }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((messages) => ({
    kind: "frame" as const,
    bytes: frameOf(...messages.map((message) => (writer: Parameters<typeof write>[0]) => write(writer, message))),
    detached: messages.some((message) => "detached" in message && message.detached === true),
  }));

const hello = messageOf.hello.map((message) => frameOf((writer) => write(writer, message)));

const act = fc.oneof(
  { arbitrary: frame, weight: 8 },
  {
    arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ kind: "frame" as const, bytes, detached: false })),
    weight: 1,
  },
  { arbitrary: fc.nat(3_000).map((ms) => ({ kind: "wait" as const, ms })), weight: 2 },
  { arbitrary: fc.constantFrom("hand", "far").map((name) => ({ kind: "finish" as const, fun: name })), weight: 3 },
  { arbitrary: fc.constant({ kind: "restart" as const }), weight: 1 },
);

describe("strangers", () => {
  test.for(["client", "node"] as const)(
    "whatever a %s sends, the others are served and nothing is left of it (V3)",
    (role) => {
      fc.assert(
        fc.property(fc.array(act, { maxLength: 25 }), (acts) => {
          const mesh = new Mesh();
          const [a, b] = mesh.cluster("a", "b");
          a!.offer("echo", (...args: unknown[]) => args);
          a!.offer("hand", byHand);
          b!.offer("far", byHand);
          mesh.settle();
          const join = () => mesh.client(a!, role === "node" ? { node: "stranger" } : {});
          let stranger = join();
          for (const each of acts) {
            if (each.kind === "frame") stranger.connection!.send(stranger, each.bytes);
            else if (each.kind === "wait") mesh.advance(each.ms);
            else if (each.kind === "restart") {
              stranger.connection!.cut();
              mesh.settle();
              stranger = join();
            } else for (const node of [a!, b!]) if (node.waiting(each.fun).length > 0) node.finish(each.fun, { x: 1 });
            mesh.settle();
          }
          const good = mesh.client(b!);
          const call = good.call("echo", ["still there"]);
          mesh.settle();
          expect(good.endsOf(call)).toEqual([{ value: ["still there"] }]);
          stranger.connection!.cut();
          mesh.settle();
          if (acts.some((each) => each.kind === "frame" && each.detached)) mesh.advance(2 * detachedMsMax);
          mesh.expectQuiet();
        }),
        { numRuns: 150 },
      );
    },
  );

  test("whatever comes before the handshake, the node goes on", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            frame.map(({ bytes }) => bytes),
            hello,
            fc.uint8Array({ maxLength: 60 }),
          ),
          { maxLength: 5 },
        ),
        (frames) => {
          const mesh = new Mesh();
          const node = mesh.node("n");
          node.offer("echo", (value: unknown) => value);
          const send = mesh.socket(node);
          for (const bytes of frames) send(bytes);
          mesh.advance(20_000);
          expect(node.machine.size.links).toBe(0); // a silent client is let go as well
          const good = mesh.client(node);
          const call = good.call("echo", [1]);
          mesh.settle();
          expect(good.endsOf(call)).toEqual([{ value: 1 }]);
        },
      ),
    );
  });
});

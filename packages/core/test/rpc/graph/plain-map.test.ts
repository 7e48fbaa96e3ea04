/** Maps in the plain form, as JSON files hold them. */
import { describe, expect, test } from "vitest";
import type { PlainStep, RequestFields } from "../../../src/rpc/index.js";
import { createHeld } from "../../support/asking.js";
import { Mesh } from "../../support/mesh.js";

/** The end of the request on a node that knows a few functions. */
function ran(steps: readonly unknown[]): unknown {
  const mesh = new Mesh();
  const node = mesh.node("n");
  node.offer("photos", () => [
    { url: "a", sizes: [1, 2] },
    { url: "b", sizes: [3] },
  ]);
  node.offer("join", (...parts: unknown[]) => parts.join("-"));
  mesh.settle();
  const { held, caller } = createHeld();
  void caller.request(JSON.parse(JSON.stringify(steps)) as PlainStep[]);
  const { ends } = node.run(held.asks[0]!.fields as RequestFields);
  mesh.settle();
  mesh.expectQuiet();
  return ends[0];
}

const join = (...args: unknown[]): unknown => ({ name: "join", fun: "join", args });
const item = (...path: unknown[]): unknown => ({ $ref: "item", path });

describe("a map in plain form", () => {
  test("runs its steps for each item, of another step's list or of its own; the last one's result counts", () => {
    expect(
      ran([
        { name: "photos", fun: "photos" },
        {
          name: "far",
          map: { list: { $ref: "photos" }, steps: [join(item("url"), { $ref: "photos", path: ["length"] })] },
        },
        {
          name: "near",
          map: { list: [1, { $ref: "photos", path: [1, "url"] }], steps: [{ ...(join(item()) as object), name: "x" }] },
        },
      ]),
    ).toEqual({
      outputs: [
        ["a-2", "b-2"],
        ["1", "b"],
      ],
    });
  });

  test("may stand in a map, name its item, and say what becomes of it (J4)", () => {
    const sizes = {
      name: "sizes",
      map: {
        list: { $ref: "photo", path: ["sizes"] },
        item: "size",
        steps: [join({ $ref: "photo", path: ["url"] }, { $ref: "size" })],
      },
    };
    const label = { name: "label", fun: "join", args: ["all", { $ref: "sizes" }] };
    const steps = (result?: unknown): unknown[] => [
      { name: "photos", fun: "photos" },
      {
        name: "all",
        map: { list: { $ref: "photos" }, item: "photo", steps: [sizes, label], result, concurrency: 1 },
        timeoutMs: 500,
      },
    ];
    expect(ran(steps())).toEqual({ outputs: [["all-a-1,a-2", "all-b-3"]] });
    expect(ran(steps({ $ref: "sizes", path: [0] }))).toEqual({ outputs: [["a-1", "b-3"]] });
  });

  test.each([
    [{ map: 7 }, 'step "all", map must be an object, got number'],
    [{ map: { list: [1], steps: [] } }, 'step "all", map.steps must be an array of at least one step, got array'],
    [{ map: { list: 7, steps: [join()] } }, 'step "all", map.list must be an array, or { $ref } to one, got 7'],
    [
      { map: { list: [1], steps: [join()], concurrency: 0 } },
      'step "all", map.concurrency must be a whole number above 0, got 0',
    ],
    [
      { map: { list: [1], steps: [join()], item: "join" } },
      'step "all", map: a step and the item are both named "join"; name the item with item',
    ],
    [{ map: { list: [1], steps: [join()], result: 5 } }, 'step "all", map.result must be { $ref, path }, got 5'],
    [
      { map: { list: [1], step: [join()] } },
      'step "all", map has a key "step"; a map has only list, steps, item, result, concurrency; did you mean "steps"?',
    ],
    [
      { map: { list: [1], steps: [join()] }, fun: "x" },
      'step "all" has a key "fun"; a step has only name, map, timeoutMs',
    ],
    [
      { map: { list: [1], steps: [join({ $ref: "itm" })] } },
      'step "join", args[0] refers to "itm", which is not a step of the request; did you mean "item"?',
    ],
    [
      { map: { list: [1], steps: [{ ...(join() as object), args: 7 }] } },
      'step "join", args must be an array, got number',
    ],
  ])("that is wrong is refused: %#", async (step, message) => {
    const { caller } = createHeld();
    await expect(caller.request([{ name: "all", ...step } as PlainStep])).rejects.toMatchObject({ message });
  });

  test("steps outside cannot refer into it", async () => {
    const { caller } = createHeld();
    const steps = [
      { name: "all", map: { list: [1], steps: [join(item())] } },
      { name: "out", fun: "join", args: [{ $ref: "join" }] },
    ];
    await expect(caller.request(steps as PlainStep[])).rejects.toMatchObject({ code: "unknown-reference" });
  });
});

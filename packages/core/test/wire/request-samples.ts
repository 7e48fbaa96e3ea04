/** Requests, as examples: one with terms and outputs, one with a map. */
import { createCodec } from "../../src/values/index.js";
import { utf8 } from "../support/wire.js";
import type { Written } from "./messages.js";

const { encode } = createCodec(utf8);

function value(content: unknown): Uint8Array {
  return encode(content, "value");
}

const hole0 = Uint8Array.of(0x91, 0xd4, 0x48, 0x00); // [hole 0]

export const requestSamples: readonly Written[] = [
  {
    kind: "request",
    id: 3,
    timeoutMs: 30_000,
    waitForCapacityMs: 0,
    settle: true,
    summary: true,
    detached: undefined,
    resume: undefined,
    watch: undefined,
    intermediates: undefined,
    steps: [
      {
        name: "readings",
        fun: "ingest",
        timeoutMs: 0,
        resources: ["raw-data"],
        bindings: [],
        terms: { retries: 0, version: "^2", target: "west", prefer: ["gpu"] },
        template: value(["sensor-7"]),
      },
      {
        name: "clean",
        fun: "clean",
        timeoutMs: 5_000,
        resources: [],
        bindings: [{ step: 0, path: ["rows", 300] }],
        terms: undefined,
        template: hole0,
      },
    ],
    outputs: [
      { step: 1, path: [] },
      { step: 0, path: ["meta", "unit"] },
    ],
  },
  {
    kind: "request",
    id: 4,
    timeoutMs: 30_000,
    waitForCapacityMs: 0,
    settle: false,
    summary: false,
    detached: undefined,
    resume: undefined,
    watch: undefined,
    intermediates: undefined,
    steps: [
      {
        name: "photos",
        fun: "photos",
        timeoutMs: 0,
        resources: [],
        bindings: [],
        terms: undefined,
        template: value(["summer"]),
      },
      {
        name: "map",
        fun: "",
        timeoutMs: 0,
        resources: [],
        bindings: [{ step: 0, path: ["files"] }],
        terms: undefined,
        template: Uint8Array.of(0xd4, 0x48, 0x00), // hole 0
        map: {
          concurrency: 100,
          steps: [
            {
              name: "resize",
              fun: "resize",
              timeoutMs: 0,
              resources: [],
              bindings: [{ step: 0, path: ["url"] }],
              terms: { retries: 2 },
              template: hole0,
            },
          ],
          result: { step: 2, path: [] },
        },
      },
    ],
    outputs: [{ step: 1, path: [] }],
  },
];

/** Failures, as examples: of steps, of requests, and of one that has left something behind. */
import { MpregError } from "../../src/base/index.js";
import type { Written } from "./messages.js";

export const failureSamples: readonly Written[] = [
  {
    kind: "failure",
    id: 2,
    error: new MpregError("deadline", "The time ran out", { outcome: "unknown", request: "0f1e2d3c-1a" }),
  },
  { kind: "failure", id: 1, error: new MpregError("closed", "The node is closed") },
  {
    kind: "failure",
    id: 2,
    error: new MpregError("handler-error", '"clean" threw: no rows', {
      outcome: "applied",
      step: "clean",
      node: "analytics",
    }),
  },
  {
    kind: "failure",
    id: 3,
    error: new MpregError("overloaded", 'Cannot run "clean": 20 calls of it run and 100 wait on this node already', {
      step: "clean",
      node: "analytics",
      retryAfterMs: 250,
    }),
  },
  {
    kind: "failure",
    id: 5,
    error: new MpregError("handler-error", '"clean" threw: no rows', { outcome: "applied", step: "clean" }),
    left: true,
  },
];

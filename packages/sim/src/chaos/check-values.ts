/**
 * Check of values: every answer is exactly what a naive evaluation of its own request gives.
 *
 * (V1) Each output, byte for byte; tokens in it tell every request and step apart.
 */
import { areSameBytes } from "@mpreg/core/base";
import type { Value } from "@mpreg/core/wire";
import { codec } from "../capabilities/codec.js";
import { lookUp } from "../workload/evaluate.js";
import type { Asked } from "./asks.js";
import type { Tell } from "./check-ends.js";
import { evaluateChaos } from "./evaluate.js";

export function checkValues({ ask, end }: Asked, tell: Tell): void {
  if (end === undefined || end.kind === "failed") return;
  const values = evaluateChaos(ask);
  const check = (given: Value, expected: unknown, what: string): void => {
    if (!(given instanceof Uint8Array)) return tell("right-values", `${ask.token} got a stream for ${what}`);
    const bytes = codec.encode(expected, "expected");
    if (areSameBytes(given, bytes)) return;
    tell("right-values", `${ask.token} got ${shown(given)} for ${what}, not ${shown(bytes)}`); // (V1)
  };
  if (end.kind === "answered") return check(end.value, values[0], "its call");
  ask.outputs.forEach((part, index) => {
    const given = end.outputs[index];
    const isDone = end.reports === undefined || end.reports[part.step]?.status === "done";
    if (given !== undefined) check(given, lookUp(values[part.step], part.path)?.found, `output ${index}`);
    else if (isDone) tell("right-values", `${ask.token} got no output ${index}, though its step is done`);
  });
}

function shown(bytes: Uint8Array): string {
  const text = JSON.stringify(codec.decode(bytes)) as string | undefined;
  return (text ?? "undefined").slice(0, 200);
}

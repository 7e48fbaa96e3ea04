/**
 * Readers: who would read what turns out to be a stream.
 *
 * A stream is read once (`results/stream.ts`), and that a step makes one is known only when it does: until then any number
 * may wait for its result. Owns how many would read it, and what they are told. What is done about it is `request.ts`,
 * for what is given to the items of a map `mapping.ts`.
 *
 * (Y1) Of several readers none begins: who comes first would be chance.
 * (Y2) A reader is a place that takes the result: one in the arguments of a step, or an output. What has ended or was skipped
 *      takes nothing.
 * (Y3) What the steps of a map take, they take for each of its items.
 */
import { MpregError, quoted } from "../../base/index.js";
import { holesOf } from "../../values/index.js";
import type { RequestStep, StepMap, WireBinding } from "../../wire/index.js";

const namesShownMax = 5;

/** Who would read the result of `step`, of the steps `waiting` for it and the outputs; each as often as it would. */
export function readersOf(
  step: number,
  waiting: readonly RequestStep[],
  outputs: readonly WireBinding[],
): readonly string[] {
  return [
    ...waiting.flatMap((reader) => new Array<string>(timesTaken(step, reader)).fill(quoted(reader.name))),
    ...outputs.filter(takes(step)).map(() => "whoever has asked"),
  ];
}

/** How often the steps of a map take each of the so many values that they are given, for one item. (Y3) */
export function readingsPerItem({ steps, result }: StepMap, given: number): readonly number[] {
  return Array.from({ length: given }, (_, input) => {
    const own = input + 1; // the item stands in front
    return steps.reduce((sum, step) => sum + timesTaken(own, step), takes(own)(result) ? 1 : 0);
  });
}

/** `readers` are all of those that would read the stream of the step called `name`, whose function is `fun`. (Y1) */
export function severalReaders(name: string, fun: string, readers: readonly string[]): MpregError {
  const unlike = [...new Set(readers)];
  const shown = unlike.slice(0, namesShownMax);
  const last = unlike.length > shown.length ? `${unlike.length - shown.length} more` : (shown.pop() ?? "");
  const who = shown.length === 0 ? last : `${shown.join(", ")} and ${last}`;
  const often = unlike.length === readers.length ? "" : `, ${readers.length} times all together`;
  return refusal(name, fun, `${who} would read it${often}`);
}

/** The steps of a map would read the stream of the step called `name` for each item, or beside its list. (Y3) */
export function readForItems(name: string, map: string, why: string): MpregError {
  return refusal(name, undefined, `the map ${quoted(map)} would read it ${why}`);
}

function refusal(name: string, fun: string | undefined, why: string): MpregError {
  const call = fun === undefined ? "make it" : `call ${quoted(fun)}`;
  const message = `The result of ${quoted(name)} is a stream, which is read once, and ${why}: collect it into an array in one step that all of them use, or ${call} once for each of them`;
  return new MpregError("invalid-argument", message, { outcome: "applied", step: name });
}

/** How often the arguments of a step take the result of `step`: one binding may stand in several places. (Y2) */
function timesTaken(step: number, { bindings, template, map }: RequestStep): number {
  const numbers = new Set(bindings.flatMap((binding, number) => (takes(step)(binding) ? [number] : [])));
  if (numbers.size === 0 || map !== undefined) return numbers.size; // a map: see `mapping.ts`
  return Math.max(numbers.size, holesOf(template).filter(({ number }) => numbers.has(number)).length);
}

function takes(index: number): (binding: WireBinding) => boolean {
  return ({ step }) => step === index;
}

/**
 * Maps in the requests of a chaotic world.
 *
 * (M1) The tokens of an item are in the item; a list that a step has made is mapped once: no two calls have one token.
 */
import type { SeededRandom } from "../capabilities/random.js";
import { Part } from "../workload/plan.js";
import { partsIn } from "../workload/requests.js";
import { type ChaosFunction, type ChaosItem, chaosFunctions, isIdempotent, tokensOf } from "./functions.js";
import type { ChaosItemCall, ChaosMap, ChaosStep } from "./plan.js";

const itemsMax = 8;
const callsMax = 2;

/** Those that need no terms of their own, and have no bound that a map would run into. */
const mappable = ["mix", "nap", "blob", "batched", "nest", "once-mix", "once-nap"];
const all = chaosFunctions.filter(({ name }) => mappable.includes(name));
const repeatable = all.filter(isIdempotent);

/** Draws what an item shows, or a call of it takes beside. */
export type DrawValue = () => unknown;

/** What `items` is called with to make a list that can be mapped. */
export function drawItems(random: SeededRandom): readonly unknown[] {
  return [random.integer(0, itemsMax), random.integer(1, callsMax)];
}

export function drawMap(
  random: SeededRandom,
  token: string,
  earlier: readonly ChaosStep[],
  onlyRepeatable: boolean,
  drawLead: (fun: ChaosFunction) => readonly unknown[],
  drawValue: DrawValue,
): ChaosMap {
  const made = random.chance(0.7) ? freeLists(earlier)[0] : undefined;
  const { list, tokens, width } = made ?? ownList(random, token, drawValue);
  const inputs = partsIn([drawValue(), drawValue()]).slice(0, random.integer(0, 2));
  const taken = partsIn(list).length + inputs.length;
  const calls: ChaosItemCall[] = [];
  for (let index = 0; index < width; index++) {
    const fun = random.pick(onlyRepeatable ? repeatable : all);
    const others = Array.from({ length: random.integer(0, 2) }, () => new Part(random.integer(1, taken + index), []));
    const shown = taken + index === 0 ? [] : others;
    const args = [new Part(0, ["tokens", index]), ...drawLead(fun), new Part(0, ["value"]), ...shown];
    calls.push({ name: `${token}.${index}`, fun, args });
  }
  return { kind: "map", token, list, inputs, calls, concurrency: random.pick([1, 2, 3, 100]), tokens };
}

interface MappedList {
  readonly list: unknown;
  readonly tokens: ChaosMap["tokens"];
  readonly width: number;
}

/** The lists that steps have made and nothing maps. (M1) */
function freeLists(steps: readonly ChaosStep[]): readonly MappedList[] {
  const mapped = new Set(
    steps.flatMap((step) => (step.kind === "map" && step.list instanceof Part ? step.list.step : [])),
  );
  return steps.flatMap((step, index) => {
    if (step.kind !== "call" || step.fun.name !== "items" || mapped.has(index)) return [];
    const [count, width] = step.values as readonly [number, number];
    return [{ list: new Part(index, []), tokens: tokensOf(step.token, count, width), width }];
  });
}

/** A list that is part of the request. */
function ownList(random: SeededRandom, token: string, drawValue: DrawValue): MappedList {
  const width = random.integer(1, callsMax);
  const tokens = tokensOf(token, random.integer(0, itemsMax), width);
  return { list: tokens.map((each): ChaosItem => ({ tokens: each, value: drawValue() })), tokens, width };
}

/**
 * Evaluate: what each step of a chaotic request answers, worked out as naively as can be.
 */
import { answerOf } from "../workload/functions.js";
import { lookUp } from "../workload/evaluate.js";
import { partsIn, withParts } from "../workload/requests.js";
import { type ChaosFunction, blobAnswer, itemsAnswer, piped, trickled } from "./functions.js";
import type { ChaosAsk, ChaosMap } from "./plan.js";

/** The values of all steps, in their order. */
export function evaluateChaos({ steps }: ChaosAsk): readonly unknown[] {
  const values: unknown[] = [];
  for (const step of steps) {
    if (step.kind === "map") values.push(mapped(step, values));
    else values.push(valueOf(step.fun, step.token, given(step.values, values)));
  }
  return values;
}

/** What becomes of each item, in their order. */
function mapped({ list, inputs, calls }: ChaosMap, values: readonly unknown[]): readonly unknown[] {
  const taken = given([...partsIn(list), ...inputs], values);
  return given(list, values).map((item) => {
    const scope = [item, ...taken];
    for (const { fun, args } of calls) {
      const [token, ...rest] = given(args, scope);
      scope.push(valueOf(fun, token as string, rest));
    }
    return scope.at(-1);
  });
}

/** `list` with the values in the place of its parts. */
function given(list: unknown, values: readonly unknown[]): readonly unknown[] {
  return withParts(list, (part) => lookUp(values[part.step], part.path)?.found) as readonly unknown[];
}

function valueOf({ name, range }: ChaosFunction, token: string, values: readonly unknown[]): unknown {
  const [first, ...rest] = values;
  switch (name) {
    case "nap":
    case "keyed":
    case "narrow":
    case "once-nap":
      return answerOf(token, rest);
    case "blob":
    case "once-blob":
      return blobAnswer(token, first as number, rest);
    case "versioned":
      return answerOf(token, [range === "^1" ? 1 : 2, ...values]);
    case "nest":
      return answerOf(token, [nested(`${token}/n`, first as string, rest), ...rest]);
    case "items":
      return itemsAnswer(token, values);
    case "trickle":
      return trickled(token, first as number, rest.slice(1));
    case "pipe":
      return (first as readonly unknown[]).map((item, index) => piped(token, index, item, rest));
    case "fan": {
      const shared = answerOf(`${token}/f`, rest);
      const others = Array.from({ length: first as number }, (_, index) =>
        answerOf(`${token}/${index}`, [shared, index]),
      );
      return answerOf(token, [others]);
    }
    default:
      return answerOf(token, values);
  }
}

function nested(token: string, fun: string, values: readonly unknown[]): unknown {
  const [first, ...rest] = values;
  return fun === "blob" ? blobAnswer(token, first as number, rest) : answerOf(token, values);
}

/**
 * Evaluate: what each step of a chaotic request answers, worked out as naively as can be.
 */
import { answerOf } from "../workload/functions.js";
import { lookUp } from "../workload/evaluate.js";
import { withParts } from "../workload/requests.js";
import { blobAnswer } from "./functions.js";
import type { ChaosAsk, ChaosStep } from "./plan.js";

/** The values of all steps, in their order. */
export function evaluateChaos({ steps }: ChaosAsk): readonly unknown[] {
  const values: unknown[] = [];
  for (const step of steps) {
    const given = withParts(step.values, (part) => lookUp(values[part.step], part.path)?.found);
    values.push(valueOf(step.fun.name, step, given as readonly unknown[]));
  }
  return values;
}

function valueOf(fun: string, { token, fun: { range } }: ChaosStep, values: readonly unknown[]): unknown {
  const [first, ...rest] = values;
  switch (fun) {
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

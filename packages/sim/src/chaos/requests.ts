/**
 * Requests of a chaotic world: random graphs of 1 to 40 steps.
 *
 * (G1) Each is drawn from a stream of its own: leaving one out changes none of the others.
 * (G2) Half of them are of idempotent functions only.
 */
import type { Path } from "@mpreg/core/rpc";
import type { StepTerms } from "@mpreg/core/wire";
import type { SeededRandom } from "../capabilities/random.js";
import { Part } from "../workload/plan.js";
import { type ChaosFunction, chaosFunctions, isIdempotent, isStreaming } from "./functions.js";
import { drawItems, drawMap } from "./maps.js";
import { type ChaosAsk, type ChaosCall, type ChaosStep, usedBy } from "./plan.js";
import { drawPipeline } from "./streams.js";

export interface ChaosRequestsOptions {
  readonly count: number;
  readonly clients: number;
  readonly durationMs: number;
  readonly nodes: readonly string[];
}

export function planChaosAsks(random: SeededRandom, options: ChaosRequestsOptions): ChaosAsk[] {
  const asks = Array.from({ length: options.count }, (_, index) =>
    planAsk(random.split(`ask ${index}`), `r${index}`, options),
  ); // (G1)
  return asks.sort((a, b) => a.atMs - b.atMs);
}

const [repeatable, all] = [chaosFunctions.filter(isIdempotent), chaosFunctions];

function planAsk(random: SeededRandom, token: string, options: ChaosRequestsOptions): ChaosAsk {
  const functions = random.chance(0.5) ? repeatable : all; // (G2)
  const kind = random.chance(0.2) ? "call" : "request";
  const count = kind === "call" ? 1 : random.chance(0.15) ? random.integer(13, 40) : random.integer(1, 12);
  const steps: ChaosStep[] = [];
  const isHurried = random.chance(0.15);
  const priority = random.chance(0.3) ? random.integer(0, 9) : undefined;
  for (let index = 0; index < count; index++) {
    const name = `${token}.${index}`;
    const special = kind === "request" ? random.next() : 1;
    const value = (): unknown => drawValue(random, steps);
    if (special < 0.08) {
      steps.push(drawMap(random, name, steps, functions === repeatable, (fun) => leadOf(random, fun), value));
    } else if (special < 0.1) {
      steps.push(...drawPipeline(random, name, steps.length, value));
    } else {
      steps.push(drawCall(random, name, random.pick(functions), steps, { isHurried, priority }));
    }
  }
  return {
    token,
    atMs: random.between(0, options.durationMs),
    client: random.integer(0, options.clients - 1),
    kind,
    steps,
    outputs: chooseOutputs(random, steps),
    settle: kind === "request" && random.chance(0.2),
    timeoutMs: isHurried ? random.integer(50, 2_000) : random.integer(5_000, 20_000),
    detached: random.chance(0.05),
    cancelAfterMs: random.chance(0.04) ? random.between(0, 400) : undefined,
  };
}

/** What parts there are of a step's result; none of a stream. */
function pathsInto(step: ChaosStep | undefined): readonly Path[] {
  if (step === undefined || (step.kind === "call" && isStreaming(step.fun))) return [];
  if (step.kind === "map" || step.fun.name === "items") return [[], ["length"]];
  return [[], [], ["print"], ["token"], ["text", "length"]];
}

function drawCall(
  random: SeededRandom,
  token: string,
  fun: ChaosFunction,
  earlier: readonly ChaosStep[],
  { isHurried, priority }: { readonly isHurried: boolean; readonly priority: number | undefined },
): ChaosCall {
  const values = Array.from({ length: random.integer(0, 3) }, () => drawValue(random, earlier));
  return {
    kind: "call",
    token,
    fun,
    values: [...leadOf(random, fun), ...values],
    timeoutMs: isHurried && random.chance(0.2) ? random.integer(20, 500) : 0,
    terms: drawTerms(random, token, fun, priority),
  };
}

/** What a function takes in front of what it shows. */
function leadOf(random: SeededRandom, { name }: ChaosFunction): readonly unknown[] {
  switch (name) {
    case "nap":
    case "keyed":
    case "once-nap":
      return [random.chance(0.05) ? random.integer(500, 3_000) : random.integer(0, 60)];
    case "narrow":
      return [random.integer(0, 40)];
    case "blob":
    case "once-blob":
      return [random.chance(0.6) ? random.integer(66_000, 120_000) : random.integer(100, 5_000)];
    case "nest":
      return random.chance(0.3) ? ["blob", 70_000] : [random.pick(["mix", "batched"])];
    case "fan":
      return [random.integer(1, 5)];
    case "items":
      return drawItems(random);
    default:
      return [];
  }
}

function drawTerms(
  random: SeededRandom,
  token: string,
  fun: ChaosFunction,
  priority: number | undefined,
): StepTerms | undefined {
  const terms: StepTerms = {
    ...(fun.range === undefined ? {} : { version: fun.range }),
    ...(fun.name === "keyed" ? { idempotencyKey: token } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...(random.chance(0.1) ? { hedge: random.integer(0, 50) } : {}),
    ...(random.chance(0.03) ? { retries: random.integer(0, 3) } : {}),
  };
  return Object.keys(terms).length === 0 ? undefined : terms;
}

function drawValue(random: SeededRandom, earlier: readonly ChaosStep[]): unknown {
  if (earlier.length > 0 && random.chance(0.7)) {
    // mostly of steps not long before: chains are what loses most
    const last = earlier.length - 1;
    const step = random.chance(0.6) ? Math.max(0, last - random.integer(0, 2)) : random.integer(0, last);
    const paths = pathsInto(earlier[step]);
    if (paths.length > 0) return new Part(step, random.pick(paths));
  }
  return random.chance(0.5) ? random.integer(-1_000_000, 1_000_000) : { text: "ä€😀", bytes: random.bytes(5) };
}

/** Whole results of the steps that nobody uses, or some parts of any. */
function chooseOutputs(random: SeededRandom, steps: readonly ChaosStep[]): Part[] {
  const used = new Set(steps.flatMap((step) => usedBy(step).map((part) => part.step)));
  const ends = steps.flatMap((_, index) => (used.has(index) ? [] : [new Part(index, [])]));
  if (random.chance(0.7)) return ends;
  const other = random.integer(0, steps.length - 1);
  const path = pathsInto(steps[other]).at(-1);
  return path === undefined ? ends : [...ends, new Part(other, path)];
}

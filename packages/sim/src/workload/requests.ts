/**
 * Requests: generated graphs of calls over the functions of a world.
 *
 * (G1) Each ask is drawn from a stream of its own: leaving one out changes none of the others.
 * (G2) Every reference is to a step of the same request; there is no cycle; steps stand in any order.
 */
import type { Path } from "@mpreg/core/rpc";
import type { SeededRandom } from "../capabilities/random.js";
import type { Behaviour } from "./functions.js";
import { Part, type PlannedAsk, type PlannedFunction, type PlannedNode, type PlannedStep } from "./plan.js";

export interface RequestsOptions {
  readonly nodes: readonly PlannedNode[];
  /** Names of functions that come and go, and of those that come and stay. */
  readonly passing: readonly string[];
  readonly late: readonly string[];
  readonly askers: readonly string[];
  readonly count: number;
  readonly durationMs: number;
  /** Half of the asks are made as early as can be. */
  readonly early: boolean;
}

interface Draft {
  readonly step: PlannedStep;
  /** How many items its answer has. */
  readonly items: number;
}

/** Longest wait that a request is allowed when it is to wait for late functions. */
const patienceMs = 20_000;

const earlyMs = 60;

export function planAsks(random: SeededRandom, options: RequestsOptions): PlannedAsk[] {
  const asks = Array.from({ length: options.count }, (_, index) => {
    return planAsk(random.split(`ask ${index}`), `a${index}`, options); // (G1)
  });
  return asks.sort((a, b) => a.atMs - b.atMs);
}

function planAsk(random: SeededRandom, token: string, options: RequestsOptions): PlannedAsk {
  const mayEndWith: string[] = [];
  const usesLate = options.late.length > 0 && random.chance(0.08);
  const usesPassing = options.passing.length > 0 && random.chance(0.1);
  const extra = usesLate ? random.pick(options.late) : usesPassing ? random.pick(options.passing) : undefined;
  const kind = random.chance(0.3) ? "call" : "request";
  const count = kind === "call" ? 1 : random.chance(0.2) ? random.integer(6, 15) : random.integer(1, 6);
  const drafts: Draft[] = [];
  const mishaps = random.chance(0.3);
  for (let index = 0; index < count; index++) {
    const offer = index === 0 && extra !== undefined ? extra : undefined;
    drafts.push(draftStep(random, `${token}.${index}`, drafts, options.nodes, offer, mishaps));
  }
  if (usesPassing && !usesLate) mayEndWith.push("no-provider");
  const timeoutMs = random.chance(mishaps ? 0.25 : 0.1) ? random.integer(5, 150) : random.chance(0.1) ? patienceMs : 0;
  if (timeoutMs > 0 && timeoutMs < 2_000) mayEndWith.push("deadline");
  const cancelAfterMs = random.chance(0.06) ? random.between(0, 60) : undefined;
  if (cancelAfterMs !== undefined) mayEndWith.push("cancelled");
  const waits = usesLate || (usesPassing && random.chance(0.5)) || random.chance(mishaps ? 0.3 : 0.05);
  if (waits && !usesLate) mayEndWith.push("deadline");
  const { steps, outputs } = shuffle(
    random,
    drafts.map(({ step }) => step),
    chooseOutputs(random, drafts, mishaps),
  );
  return {
    atMs: random.between(0, options.early && random.chance(0.5) ? earlyMs : options.durationMs),
    asker: random.pick(options.askers),
    kind,
    steps,
    outputs,
    settle: kind === "request" && random.chance(0.4),
    waitForCapacityMs: usesLate ? patienceMs : waits ? random.integer(50, 4_000) : 0,
    timeoutMs: usesLate ? patienceMs : timeoutMs,
    summary: random.chance(0.1),
    cancelAfterMs,
    mayEndWith,
  };
}

function draftStep(
  random: SeededRandom,
  token: string,
  earlier: readonly Draft[],
  nodes: readonly PlannedNode[],
  extra: string | undefined,
  mishaps: boolean,
): Draft {
  const behaviour: Behaviour = extra === undefined ? drawBehaviour(random, mishaps) : "mix";
  const values = Array.from({ length: random.integer(0, 3) }, () => drawValue(random, earlier, 2, mishaps));
  const { lead, items, timeoutMs } = leadOf(random, behaviour, values.length, mishaps);
  const resources = extra === undefined ? drawResources(random, nodes, behaviour, mishaps) : [];
  const step = { token, fun: extra ?? behaviour, behaviour, resources, args: [...lead, ...values], timeoutMs };
  return { step, items };
}

function drawBehaviour(random: SeededRandom, mishaps: boolean): Behaviour {
  if (mishaps && random.chance(0.12)) return random.pick<Behaviour>(["fail", "odd", "fail"]);
  const roll = random.next();
  if (roll < 0.4) return "mix";
  if (roll < 0.65) return "delay";
  if (roll < 0.75) return "nap";
  if (roll < 0.83) return "bulk";
  if (roll < 0.9) return "nest";
  return roll < 0.95 ? "fan" : "recurse";
}

/** What stands between a behaviour's token and its values, and how many items its answer has. */
function leadOf(
  random: SeededRandom,
  behaviour: Behaviour,
  values: number,
  mishaps: boolean,
): { readonly lead: readonly unknown[]; readonly items: number; readonly timeoutMs: number } {
  const plain = { items: values, timeoutMs: 0 };
  switch (behaviour) {
    case "mix":
    case "odd":
      return { ...plain, lead: [] };
    case "delay":
    case "nap":
      if (mishaps && random.chance(0.05)) return { ...plain, lead: [5_000], timeoutMs: random.integer(20, 200) };
      return { ...plain, lead: [drawDelayMs(random)] };
    case "fail":
      return { ...plain, lead: [random.integer(0, 20)] };
    case "bulk":
      return { ...plain, lead: [random.chance(0.2) ? random.integer(5_000, 50_000) : random.integer(1, 2_000)] };
    case "nest":
      if (mishaps && random.chance(0.2)) return { lead: ["nowhere"], items: values + 1, timeoutMs: 0 };
      if (random.chance(0.5)) return { lead: ["mix"], items: values + 1, timeoutMs: 0 };
      return { lead: ["delay", drawDelayMs(random)], items: values + 2, timeoutMs: 0 };
    case "fan":
      return { lead: [random.integer(1, 5)], items: 1, timeoutMs: 0 };
    case "recurse": {
      const depth = mishaps && random.chance(0.3) ? 9 : random.integer(0, 4);
      return { lead: [depth], items: depth === 0 ? values : 1, timeoutMs: 0 };
    }
  }
}

/** Mostly short; sometimes long enough for a link to be lost, a client to leave, a node to crash meanwhile. */
function drawDelayMs(random: SeededRandom): number {
  return random.chance(0.07) ? random.integer(200, 2_000) : random.integer(0, 30);
}

/** Some of the resources of an offer of the behaviour; with mishaps sometimes one that nobody has. */
function drawResources(
  random: SeededRandom,
  nodes: readonly PlannedNode[],
  behaviour: Behaviour,
  mishaps: boolean,
): readonly string[] {
  if (mishaps && random.chance(0.06)) return ["unobtainable"];
  if (random.chance(0.6)) return [];
  const offers = nodes.flatMap(({ resources, functions }) => {
    const offered = functions.filter((fun: PlannedFunction) => fun.behaviour === behaviour);
    return offered.map((fun) => [...resources, ...fun.resources]);
  });
  return offers.length === 0 ? [] : random.pick(offers).filter(() => random.chance(0.6));
}

function drawValue(random: SeededRandom, earlier: readonly Draft[], depth: number, mishaps: boolean): unknown {
  if (earlier.length > 0 && random.chance(0.6)) return drawPart(random, earlier, mishaps);
  if (depth > 0 && random.chance(0.15)) {
    return Array.from({ length: random.integer(0, 3) }, () => drawValue(random, earlier, depth - 1, mishaps));
  }
  if (depth > 0 && random.chance(0.15)) {
    return { left: drawValue(random, earlier, depth - 1, mishaps), right: drawValue(random, [], 0, mishaps) };
  }
  switch (random.integer(0, 5)) {
    case 0:
      return random.integer(-1_000_000, 1_000_000);
    case 1:
      return random.next();
    case 2:
      return random.pick(["", "ä€😀", "plain", "__proto__", "x".repeat(40)]);
    case 3:
      return random.chance(0.5);
    case 4:
      return random.bytes(random.integer(0, 20));
    default:
      return null;
  }
}

function drawPart(random: SeededRandom, earlier: readonly Draft[], mishaps: boolean): Part {
  const step = random.integer(0, earlier.length - 1);
  const { items } = earlier[step] as Draft;
  const paths: Path[] = [[], [], ["print"], ["token"], ["text"], ["text", "length"], ["items", "length"]];
  if (items > 0) paths.push(["items", items - 1], ["items", 0, "print"], ["items"]);
  if (mishaps && random.chance(0.04))
    return new Part(step, random.pick<Path>([["nothing"], ["items", 50], ["print", "x"]]));
  return new Part(step, random.pick(paths));
}

/** Whole results of the steps that nobody uses, or some parts of any. */
function chooseOutputs(random: SeededRandom, drafts: readonly Draft[], mishaps: boolean): Part[] {
  if (random.chance(0.5)) {
    return Array.from({ length: random.integer(0, 4) }, () => drawPart(random, drafts, mishaps));
  }
  const used = new Set(drafts.flatMap(({ step }) => partsIn(step.args).map((part) => part.step)));
  return drafts.flatMap((_, index) => (used.has(index) ? [] : [new Part(index, [])]));
}

/** The parts in a value, at any depth. */
export function partsIn(value: unknown): Part[] {
  if (value instanceof Part) return [value];
  if (Array.isArray(value)) return value.flatMap(partsIn);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [];
  return Object.values(value).flatMap(partsIn);
}

/** The same value with every part replaced. */
export function withParts(value: unknown, replace: (part: Part) => unknown): unknown {
  if (value instanceof Part) return replace(value);
  if (Array.isArray(value)) return value.map((item) => withParts(item, replace));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withParts(field, replace)]));
}

/** The steps in another order, and every reference moved with them. (G2) */
function shuffle(
  random: SeededRandom,
  steps: readonly PlannedStep[],
  outputs: readonly Part[],
): { readonly steps: PlannedStep[]; readonly outputs: Part[] } {
  const order = random.shuffled(steps.map((_, index) => index));
  const moved = (part: Part): Part => new Part(order.indexOf(part.step), part.path);
  return {
    steps: order.map((index) => {
      const step = steps[index] as PlannedStep;
      return { ...step, args: withParts(step.args, moved) as readonly unknown[] };
    }),
    outputs: outputs.map(moved),
  };
}

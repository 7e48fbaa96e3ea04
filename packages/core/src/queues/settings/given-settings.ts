/**
 * Given settings: what somebody has said of a queue, of which not all has to be said.
 *
 * Owns the defaults of parts, and whether a queue that is there has what was said. Types are checked in `asked-settings.ts`, values in `settings.ts`.
 */
import { MpregError, quoted } from "../../base/index.js";
import type { Deduplication, GivenSettings, QueueSettings, Rate, Retry } from "../types.js";

const retryMsMax = 3_600_000;
const dedupWindowMs = 5 * 60_000;

/** `given` with all parts. */
export function wholeSettings(given: GivenSettings): Partial<QueueSettings> {
  const { retry, dedup, rate, groupRate, ...others } = given;
  const whole: { -readonly [S in keyof QueueSettings]?: QueueSettings[S] } = others;
  if ("retry" in given) whole.retry = retry && wholeRetry(retry);
  if ("dedup" in given) whole.dedup = dedup && wholeDedup(dedup);
  if ("rate" in given) whole.rate = rate && wholeRate(rate);
  if ("groupRate" in given) whole.groupRate = groupRate && wholeRate(groupRate);
  return whole;
}

function wholeRetry({ baseMs, maxMs, jitter = true }: NonNullable<GivenSettings["retry"]>): Retry {
  return { baseMs, maxMs: maxMs ?? Math.max(baseMs, retryMsMax), jitter };
}

function wholeDedup(given: NonNullable<GivenSettings["dedup"]>): Deduplication {
  const { windowMs = dedupWindowMs, scope = "queue", byContent = false } = given;
  return { windowMs, scope, byContent };
}

function wholeRate({ perSecond, burst }: NonNullable<GivenSettings["rate"]>): Rate {
  return { perSecond, burst: burst ?? Math.max(1, Math.ceil(perSecond)) };
}

/** Throws `invalid-argument` where a queue that is there differs in what was given. What was not given is as it is. */
export function checkSame(queue: string, settings: QueueSettings, defaults: QueueSettings, given: GivenSettings): void {
  for (const [name, wanted] of Object.entries(wholeSettings(given)) as [keyof QueueSettings, unknown][]) {
    if (wanted === undefined && defaults[name] !== undefined) continue; // not given
    if (isSame(settings[name], wanted)) continue;
    const [is, other] = [JSON.stringify(settings[name]), JSON.stringify(wanted)];
    const message = `Queue ${quoted(queue)} is there with "${name}" ${is}, not ${other}: update it, or leave it as it is`;
    throw new MpregError("invalid-argument", message);
  }
}

/** Whether two settings say the same, in whatever order their parts are named. */
export function isSame(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return a === b;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => isSame(a[name], b[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

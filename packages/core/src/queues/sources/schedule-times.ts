/**
 * Schedule times: when a schedule is due, and what becomes of the times that have passed.
 *
 * Owns the rules; what is sent and written is `scheduling.ts`'s. Cron expressions and `at` are about the wall clock; an interval is about the time that
 * passes, and about the wall clock only over a restart.
 *
 * (S1) A time that was taken is never due again, also where the wall clock is set back: by up to three hours it is waited until it has caught up, beyond
 *      that (it was wrong) times are counted from what it shows now.
 * (S2) Of times that have passed unnoticed `missed` says which are made up for. A time that is at most a minute ago is not missed.
 */
import { type Cron, type CronTimes, MpregError, quoted } from "../../base/index.js";
import type { Missed, ScheduleTimes } from "../types.js";

/** So many times are looked at together. */
const passedMax = 100;
/** Times that are made up for in a row with `missed: "all"`. */
export const madeUpMax = 1_000;
const graceMs = 60_000;
const correctionMs = 3 * 3_600_000;
export const everyMsMin = 100;
const everyMsMax = 366 * 86_400_000;

/** Of a schedule, what its times depend on. */
export interface ScheduleState {
  /** Wall time when it is due next; `undefined`: never again. */
  readonly nextMs: number | undefined;
  /** Wall time of the last time that was taken, or when it was made. */
  readonly sinceMs: number;
  /** Times that were made up for since it was last up to date. */
  readonly madeUp: number;
}

export interface Due extends ScheduleState {
  /** For which times messages are sent, in wall time. */
  readonly times: readonly number[];
  /** Times that pass without one: at least so many. */
  readonly skipped: number;
}

/** The times of one schedule. */
export interface Times {
  /** The first time behind `afterMs`. */
  next(afterMs: number): number | undefined;
  /** The last time from `fromMs`, which is one, to `untilMs`. */
  last(fromMs: number, untilMs: number): number;
}

/** Throws `invalid-argument` for what is no time, `unsupported` where there is no capability for it. */
export function timesOf(who: string, given: ScheduleTimes, cron: Cron | undefined): Times {
  const { cron: expression, timeZone = "UTC", everyMs, at } = given;
  const count = [expression, everyMs, at].filter((each) => each !== undefined).length;
  if (count !== 1)
    throw invalid(`${who} needs one of "cron", "everyMs" and "at", got ${count === 0 ? "none" : String(count)}`);
  if (given.timeZone !== undefined && expression === undefined) throw invalid(`${who}: "timeZone" belongs to "cron"`);
  if (everyMs !== undefined) {
    if (!Number.isSafeInteger(everyMs) || everyMs < everyMsMin || everyMs > everyMsMax) {
      throw invalid(`${who}: "everyMs" must be an integer from ${everyMsMin} to ${everyMsMax}, got ${String(everyMs)}`);
    }
    return {
      next: (afterMs) => afterMs + everyMs,
      last: (fromMs, untilMs) => fromMs + Math.floor((untilMs - fromMs) / everyMs) * everyMs,
    };
  }
  if (at !== undefined) {
    if (!Number.isSafeInteger(at)) throw invalid(`${who}: "at" must be a time in ms since 1970, got ${String(at)}`);
    return { next: (afterMs) => (afterMs < at ? at : undefined), last: () => at };
  }
  if (cron === undefined) {
    throw new MpregError(
      "unsupported",
      `${who}: the node of the queue knows no cron expressions; "everyMs" and "at" work`,
    );
  }
  const times = cron.parse(expression ?? "", timeZone);
  return { next: (afterMs) => times.next(afterMs), last: (fromMs, untilMs) => lastOf(times, fromMs, untilMs) };
}

/** What is due at `wallMs`, and the state after that. (S2) */
export function dueOf(times: Times, state: ScheduleState, missed: Missed, wallMs: number): Due | undefined {
  const { nextMs } = state;
  if (nextMs === undefined || nextMs > wallMs) return undefined;
  const passed = [nextMs];
  let next = times.next(nextMs);
  while (next !== undefined && next <= wallMs && passed.length < passedMax) {
    passed.push(next);
    next = times.next(next);
  }
  const isMore = next !== undefined && next <= wallMs;
  if (missed === "all" && state.madeUp < madeUpMax) {
    const made = passed.slice(0, madeUpMax - state.madeUp);
    const left = made.length < passed.length ? passed[made.length] : next;
    const isBehind = left !== undefined && left <= wallMs;
    const sinceMs = made[made.length - 1] as number;
    return { times: made, skipped: 0, nextMs: left, sinceMs, madeUp: isBehind ? state.madeUp + made.length : 0 };
  }
  const last = isMore ? times.last(next as number, wallMs) : (passed[passed.length - 1] as number);
  const after = times.next(last);
  const isSent = missed !== "skip" || wallMs - last <= graceMs;
  const skipped = passed.length + (isMore ? 1 : 0) - (isSent ? 1 : 0);
  return { times: isSent ? [last] : [], skipped, nextMs: after, sinceMs: last, madeUp: 0 };
}

/** The state where the wall clock was set back; the same where it was not by much. (S1) */
export function corrected(times: Times, state: ScheduleState, wallMs: number): ScheduleState {
  if (state.nextMs === undefined || wallMs >= state.sinceMs - correctionMs) return state;
  return { nextMs: times.next(wallMs), sinceMs: wallMs, madeUp: 0 };
}

/** By bisection: how many times there are between is not known. */
function lastOf(times: CronTimes, fromMs: number, untilMs: number): number {
  let [some, none] = [fromMs, untilMs]; // after `some` there is one until the end, after `none` there is none
  let last = fromMs;
  for (let next = times.next(some); next !== undefined && next <= untilMs; next = times.next(some)) {
    last = next;
    some = next;
    if (none - some <= 1) break;
    const middle = Math.floor((some + none) / 2);
    const behind = times.next(middle);
    if (behind !== undefined && behind <= untilMs) {
      last = behind;
      some = behind;
    } else none = middle;
  }
  return last;
}

function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

/** Throws `invalid-argument` unless it says what becomes of times that were missed. */
export function checkMissed(who: string, missed: string): void {
  if (missed === "skip" || missed === "one" || missed === "all") return;
  throw invalid(`${who}: "missed" must be "skip", "one" or "all", got ${quoted(missed)}`);
}

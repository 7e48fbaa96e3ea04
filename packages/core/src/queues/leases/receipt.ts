/**
 * Receipt: the text that stands for one lease of one message.
 *
 * (R1) Two leases never have the same receipt: `run` is drawn anew whenever a node starts, `lease` rises with each lease of an
 *      entry, and sequences are not used again.
 */
export interface Receipt {
  readonly run: string;
  readonly queue: number;
  readonly sequence: number;
  readonly lane: number;
  readonly lease: number;
}

/** Hexadecimal digits of a run, at most; digits of each number. */
const runDigitsMax = 32;
const numberDigitsMax = 11;

/** `RUN.QUEUE.SEQUENCE.LANE.LEASE`: the run hexadecimal, the numbers to the base of 36. */
export function writeReceipt(run: string, queue: number, sequence: number, lane: number, lease: number): string {
  return `${run}.${base36(queue)}.${base36(sequence)}.${base36(lane)}.${base36(lease)}`;
}

/** What the text stands for, `undefined` if nothing. Every message is acknowledged by one: nothing is made on the way. */
export function readReceipt(text: string): Receipt | undefined {
  const runEnd = text.indexOf(".");
  if (runEnd < 1 || runEnd > runDigitsMax) return undefined;
  for (let at = 0; at < runEnd; at++) if (!(digitOf(text.charCodeAt(at)) < 16)) return undefined;
  const queueEnd = numberEnd(text, runEnd + 1);
  const sequenceEnd = numberEnd(text, queueEnd + 1);
  const laneEnd = numberEnd(text, sequenceEnd + 1);
  if (numberEnd(text, laneEnd + 1) !== text.length) return undefined;
  return {
    run: text.slice(0, runEnd),
    queue: numberIn(text, runEnd + 1, queueEnd),
    sequence: numberIn(text, queueEnd + 1, sequenceEnd),
    lane: numberIn(text, sequenceEnd + 1, laneEnd),
    lease: numberIn(text, laneEnd + 1, text.length),
  };
}

/** Where the number ends that begins at `from`: at a point, or at the end. `NaN` where there is none. */
function numberEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && digitOf(text.charCodeAt(at)) < 36) at += 1;
  const isNumber = at > from && at - from <= numberDigitsMax && (at === text.length || text.charCodeAt(at) === point);
  return isNumber ? at : NaN;
}

function numberIn(text: string, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at++) number = number * 36 + digitOf(text.charCodeAt(at));
  return number;
}

const point = 0x2e;

/** `NaN` where it is none. */
function digitOf(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  return unit >= 0x61 && unit <= 0x7a ? unit - 0x61 + 10 : NaN;
}

/** What the engine does for a base other than ten it does outside of compiled code: not for a single digit. */
export function base36(number: number): string {
  return number < 36 ? (digits[number] as string) : number.toString(36);
}

const digits = Array.from({ length: 36 }, (_, digit) => digit.toString(36));

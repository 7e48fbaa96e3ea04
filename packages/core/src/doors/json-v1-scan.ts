/**
 * JSON scan: what a frame would cost, and what its parser would change, found out before it is parsed.
 *
 * Owns counting brackets and fields and looking at numbers, byte by byte; whether the text is JSON at all is the
 * parser's question. A parser that meets sixty megabytes of brackets takes seconds and gigabytes, in which the whole
 * node stands still.
 *
 * (N1) One pass, no memory but the list of wide integers and a count per level of nesting, whatever the bytes.
 * (N2) Brackets, colons and digits inside strings do not count.
 */
export interface JsonScan {
  /** How deep arrays and objects stand in each other. */
  readonly depth: number;
  /** How many arrays and objects there are. */
  readonly containers: number;
  /** How many fields there are beyond the thousandth of their object. */
  readonly crowd: number;
  /** Start and end (not included) of every integer that a JavaScript number could not hold exactly, one after the other. */
  readonly wideIntegers: readonly number[];
  /** Whether some number may be larger than any JavaScript number. */
  readonly mayOverflow: boolean;
}

/** Fewer digits are always exact, more are beyond 64 bits. */
const wideDigitsMin = 16;
const wideDigitsMax = 20;
/** Engines look for the fields of larger objects in tables, which cost microseconds per field to make. */
const fieldsCheap = 1_000;
/** Deeper objects count as one with the one they stand in. */
const depthCounted = 1_024;
/** Numbers with fewer digits before the point, those of the exponent's making included, are finite. */
const digitsFinite = 308;

export function scanJson(bytes: Uint8Array): JsonScan {
  let open = 0;
  let depth = 0;
  let containers = 0;
  let crowd = 0;
  let mayOverflow = false;
  const wideIntegers: number[] = [];
  /** Fields so far of the object that is open at each depth. */
  const fields: number[] = [0];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === quote) {
      at = endOfString(bytes, at + 1); // (N2)
    } else if (byte === openBrace || byte === openBracket) {
      containers += 1;
      open += 1;
      if (open > depth) depth = open;
      if (open < depthCounted) fields[open] = 0;
    } else if (byte === closeBrace || byte === closeBracket) {
      if (open > 0) open -= 1;
    } else if (byte === colon) {
      const level = open < depthCounted ? open : depthCounted - 1;
      const count = (fields[level] as number) + 1;
      fields[level] = count;
      if (count > fieldsCheap) crowd += 1;
    } else if (isDigit(byte)) {
      const end = endOfNumber(bytes, at);
      if (end - at >= wideDigitsMin && isWide(bytes, at, end))
        wideIntegers.push(hasMinus(bytes, at) ? at - 1 : at, end);
      mayOverflow ||= end - at > 4 && isHuge(bytes, at, end);
      at = end - 1;
    }
  }
  return { depth, containers, crowd, wideIntegers, mayOverflow };
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const colon = 0x3a;
const minus = 0x2d;
const zero = 0x30;
const smallE = 0x65;
const largeE = 0x45;
/** . e E + - */
const numberSigns: ReadonlySet<number> = new Set([0x2e, smallE, largeE, 0x2b, minus]);

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= 0x39;
}

function hasMinus(bytes: Uint8Array, at: number): boolean {
  return at > 0 && bytes[at - 1] === minus;
}

/** Where the closing quote stands. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

/** Behind the last byte that can belong to a number: digits, a fraction, an exponent with its sign. */
function endOfNumber(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && (isDigit(bytes[at] as number) || numberSigns.has(bytes[at] as number))) at += 1;
  return at;
}

/** True for digits alone that a number would round, and that 64 bits could hold. */
function isWide(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > wideDigitsMax) return false;
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (!isDigit(byte)) return false;
    value = value * 10 + (byte - zero);
  }
  return value > Number.MAX_SAFE_INTEGER;
}

/** False for a number that is finite for sure. */
function isHuge(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && isDigit(bytes[at] as number)) at += 1;
  const digits = at - start;
  while (at < end && bytes[at] !== smallE && bytes[at] !== largeE) at += 1;
  let exponent = 0;
  if (bytes[at + 1] !== minus) {
    for (at += 1; at < end && exponent <= digitsFinite; at++) {
      const byte = bytes[at] as number;
      if (isDigit(byte)) exponent = exponent * 10 + (byte - zero);
    }
  }
  return digits + exponent > digitsFinite;
}

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

export function writeReceipt(run: string, queue: number, sequence: number, lane: number, lease: number): string {
  return `${run}.${queue.toString(36)}.${sequence.toString(36)}.${lane.toString(36)}.${lease.toString(36)}`;
}

const form = /^([0-9a-f]{1,32})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})$/;

/** What the text stands for, `undefined` if nothing. */
export function readReceipt(text: string): Receipt | undefined {
  const parts = form.exec(text);
  if (parts === null) return undefined;
  const number = (at: number): number => Number.parseInt(parts[at] as string, 36);
  return { run: parts[1] as string, queue: number(2), sequence: number(3), lane: number(4), lease: number(5) };
}

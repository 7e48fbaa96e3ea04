import fc from "fast-check";
import { expect, test } from "vitest";
import { readReceipt, writeReceipt } from "../../../src/queues/leases/receipt.js";

const form = /^([0-9a-f]{1,32})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})$/;

/** The same by an expression. */
function naively(text: string) {
  const parts = form.exec(text);
  if (parts === null) return undefined;
  const [queue, sequence, lane, lease] = parts.slice(2).map((part) => Number.parseInt(part, 36));
  return { run: parts[1], queue, sequence, lane, lease };
}

test("what was written is read back", () => {
  const run = fc.stringMatching(/^[0-9a-f]{1,32}$/);
  const small = fc.nat();
  fc.assert(
    fc.property(run, small, fc.maxSafeNat(), small, small, (name, queue, sequence, lane, lease) => {
      const text = writeReceipt(name, queue, sequence, lane, lease);
      expect(readReceipt(text)).toEqual({ run: name, queue, sequence, lane, lease });
      expect(naively(text)).toEqual({ run: name, queue, sequence, lane, lease });
    }),
  );
});

test("any other text stands for nothing: one with a part too many or too few, an empty or too long one, or a digit that is none", () => {
  const part = fc.oneof(
    fc.stringMatching(/^[0-9a-z]{0,13}$/),
    fc.stringMatching(/^[0-9a-f]{0,34}$/),
    fc.constantFrom("A", "g", "-1", " 1", "é", "1e", "/", ":", "`", "{", "ab\n"),
  );
  const text = fc.array(part, { minLength: 3, maxLength: 7 }).map((parts) => parts.join("."));
  fc.assert(
    fc.property(text, (each) => {
      const read = readReceipt(each);
      const known = naively(each);
      expect(read === undefined).toBe(known === undefined);
      if (read !== undefined) expect({ ...read, run: known?.run }).toEqual(known);
    }),
    { numRuns: 2_000 },
  );
});

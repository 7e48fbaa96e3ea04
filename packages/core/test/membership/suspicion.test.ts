import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Suspicion } from "../../src/membership/suspicion.js";

const times = { suspicionMsMin: 1_500, suspicionMsMax: 5_000, confirmations: 2 };

function accused(by: number, given = times): Suspicion {
  const suspicion = new Suspicion(given, 10_000);
  for (let i = 0; i < by; i++) suspicion.confirm(`accuser ${i}`);
  return suspicion;
}

describe("a suspicion", () => {
  test("lasts the longest with one accuser, and the shortest when enough have confirmed it (S1)", () => {
    const lasts = [1, 2, 3, 4, 50].map((count) => Math.round(accused(count).dueMs - 10_000));
    expect(lasts).toEqual([5_000, 2_792, 1_500, 1_500, 1_500]); // max - (max - min) * log(c + 1) / log(k + 1)
  });

  test("is short from the start where nobody is there to confirm it", () => {
    expect(accused(1, { ...times, confirmations: 0 }).dueMs).toBe(11_500);
  });

  test("whoever accuses again changes nothing (S2)", () => {
    const suspicion = accused(1);
    for (let i = 0; i < 10; i++) suspicion.confirm("accuser 0");
    expect([suspicion.accusers.size, suspicion.dueMs]).toEqual([1, 15_000]);
  });

  test("ends as early as it can once somebody's has ended (S1)", () => {
    const suspicion = accused(1);
    suspicion.conclude();
    expect([suspicion.concluded, suspicion.dueMs]).toEqual([true, 11_500]);
  });

  test("its end never moves later, whatever is heard, nor before the shortest time (S1) (S2)", () => {
    const heard = fc.array(fc.oneof(fc.nat(6), fc.constant("down" as const)), { maxLength: 20 });
    const given = fc
      .record({ min: fc.nat(5_000), more: fc.nat(20_000), confirmations: fc.nat(5) })
      .map(({ min, more, confirmations }) => ({ suspicionMsMin: min, suspicionMsMax: min + more, confirmations }));
    fc.assert(
      fc.property(given, heard, (each, news) => {
        const suspicion = new Suspicion(each, 0);
        let dueMs = suspicion.dueMs;
        expect(dueMs).toBeLessThanOrEqual(each.suspicionMsMax);
        for (const one of news) {
          if (one === "down") suspicion.conclude();
          else suspicion.confirm(`accuser ${one}`);
          expect(suspicion.dueMs).toBeLessThanOrEqual(dueMs);
          expect(suspicion.dueMs).toBeGreaterThanOrEqual(each.suspicionMsMin);
          dueMs = suspicion.dueMs;
        }
        expect(suspicion.accusers.size).toBe(new Set(news.filter((one) => one !== "down")).size);
      }),
    );
  });
});

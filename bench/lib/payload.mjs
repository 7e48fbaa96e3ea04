/** The value every echo carries, ours and the peers' alike: a small reading as an application would send it. */
export const payload = { id: 42, name: "sensor-7", readings: [1.5, 2.5, 3.5, 4.5], tags: ["a", "b"] };

const expected = JSON.stringify(payload);

/**
 * Refuses an answer that is not the payload: a contestant that drops data must not get a figure.
 *
 * @param {unknown} answer
 */
export function assertEchoed(answer) {
  const received = JSON.stringify(answer);
  if (received !== expected) throw new Error(`The echo answered ${received} instead of ${expected}`);
}

import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Functions whose results show their arguments; what must not run twice leaves a line for each of its runs. */
export function register(node) {
  const again = { idempotent: true };
  node.register("sum", (token, ...numbers) => ({ token, sum: numbers.reduce((sum, each) => sum + each, 0) }), again);
  node.register(
    "slow",
    async (token, ...numbers) => {
      await sleep(numbers.length * 20);
      return { token, sum: numbers.reduce((sum, each) => sum + each, 0) };
    },
    again,
  );
  node.register("blob", (token, ...numbers) => new Uint8Array(70_000 + numbers.length).fill(token % 251), again);
  node.register("weigh", (token, bytes) => ({ token, sum: bytes.length + bytes[0] }), again);
  node.register("once", async (path, token, ...numbers) => {
    appendFileSync(path, `${token}\n`);
    await sleep(token % 30);
    return { token, sum: numbers.reduce((sum, each) => sum + each, 0) };
  });
}

import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Functions that leave a line for each of their runs, and must not run twice. */
export function register(node) {
  node.register("work", async (path, number) => {
    appendFileSync(path, `${number}\n`);
    await sleep(number % 30);
    return number;
  });
  node.register("double", async (number) => {
    await sleep(number % 10);
    return 2 * number;
  });
}

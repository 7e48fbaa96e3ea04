/** What the nodes of many-killed.test.ts offer: all of them `anywhere`, those that are to survive `steady` besides. */
import { setTimeout as pause } from "node:timers/promises";

const anywhereMs = 100; // long enough that calls run wherever somebody is killed
const steadyMs = 20;

export function register(node) {
  const answerAfter = (ms) => async (value) => {
    await pause(ms);
    return { node: node.name, value };
  };
  node.register("anywhere", answerAfter(anywhereMs));
  if (node.name.startsWith("survivor")) node.register("steady", answerAfter(steadyMs));
}

/**
 * Check history: all that must be true of what was asked of the queues of a world and what came of it. Nothing is under way any more, and
 * what the queues had was taken out and acknowledged.
 */
import { checkAfter } from "./check-after.js";
import { checkBounds } from "./check-bounds.js";
import { checkDeduplication } from "./check-deduplication.js";
import { checkDone } from "./check-done.js";
import { checkFunctions } from "./check-functions.js";
import { checkGuarantees } from "./check-guarantees.js";
import { checkKept } from "./check-kept.js";
import { checkLeases } from "./check-leases.js";
import { checkLives } from "./check-lives.js";
import { checkOrder } from "./check-order.js";
import { checkPurged } from "./check-purged.js";
import { checkReceives } from "./check-receives.js";
import { checkRedrive } from "./check-redrive.js";
import { checkResults } from "./check-results.js";
import { checkSchedules } from "./check-schedules.js";
import { checkTimes } from "./check-times.js";
import { checkTruth } from "./check-truth.js";
import { checkWiped } from "./check-wiped.js";
import type { History, Tell } from "./history.js";

const checks: readonly ((history: History, tell: Tell) => void)[] = [
  checkTruth,
  checkKept,
  checkDone,
  checkLeases,
  checkOrder,
  checkGuarantees,
  checkReceives,
  checkDeduplication,
  checkTimes,
  checkBounds,
  checkWiped,
  checkAfter,
  checkResults,
  checkLives,
  checkRedrive,
  checkPurged,
  checkSchedules,
  checkFunctions,
];

export function checkHistory(history: History, tell: Tell): void {
  for (const check of checks) check(history, tell);
}

/**
 * Runs vitest and ends with a line of counts that a person or a machine can read: `12 passed, 0 failed`.
 *
 * (V1) The counts are the run's: a file that cannot be loaded or an error outside any test counts as one failure.
 * (V2) A run without a single test is a failure.
 */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runNode, tool } from "./run.mjs";

function count(reportFile, exitCode) {
  if (!existsSync(reportFile)) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(readFileSync(reportFile, "utf8"));
  const unloadable = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  const failed = report.numFailedTests + unloadable;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed, // (V1)
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Resolves to the exit code. Appends the counts to the file named by MPREG_TEST_COUNTS, so that CI can add several runs up. */
export async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), "mpreg-test-"));
  const reportFile = join(folder, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
    const exitCode = await runNode(tool("vitest", "vitest.mjs"), ["run", ...reporters, ...args]);
    const { passed, failed, skipped } = count(reportFile, exitCode);
    const counts = process.env.MPREG_TEST_COUNTS;
    if (counts) appendFileSync(counts, `${passed} ${failed} ${skipped}\n`);
    console.log(`${passed} passed, ${failed} failed`);
    if (skipped > 0) console.log(`(and ${skipped} skipped)`);
    return exitCode === 0 && (failed > 0 || passed === 0) ? 1 : exitCode; // (V2)
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

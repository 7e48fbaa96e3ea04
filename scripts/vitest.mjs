/**
 * Runs vitest and ends with a line of counts that a person or a machine can read: `12 passed, 0 failed`.
 *
 * In CI (CI=true) only failures and a summary are printed.
 *
 * (V1) The counts are the run's: a file that cannot be loaded or an error outside any test counts as one failure.
 * (V2) A run without a single test, or that ends before its report, is a failure.
 * (V3) In CI, two runs of the same tree draw the same cases for property tests.
 */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, run, runNode, tool } from "./run.mjs";

const messageLinesMax = 6;
const lineCharactersMax = 160;

function readReport(file, exitCode) {
  const nothing = { passed: 0, skipped: 0, failures: [] };
  const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : nothing;
  const isFailed = exitCode !== 0 || report.passed === 0; // (V2)
  if (!isFailed || report.failures.length > 0) return report;
  const message = `vitest ended with exit code ${exitCode} and named no failure; ${report.passed} tests had passed`;
  return { ...report, failures: [{ name: "the run", message }] };
}

/** The name of a failure, and the first lines of its message. */
function failureText({ name, message }) {
  const lines = message.split("\n").map((line) => `    ${line.slice(0, lineCharactersMax)}`);
  const more = lines.length > messageLinesMax ? [`    … ${lines.length - messageLinesMax} more lines`] : [];
  return [name, ...lines.slice(0, messageLinesMax), ...more, ""].join("\n");
}

/** The seed of the property tests in CI, unless one is given: made of the tree that is checked out, where there is git to ask. */
async function propertySeed() {
  const { CI, PROPERTY_SEED } = process.env;
  if (!CI || PROPERTY_SEED) return {}; // (V3)
  const noGit = { exitCode: 1, stdout: "" };
  const { exitCode, stdout } = await run("git", ["rev-parse", "HEAD^{tree}"], { capture: true }).catch(() => noGit);
  const seed = exitCode === 0 ? Number.parseInt(stdout.slice(0, 7), 16) : 1;
  console.log(`Property tests: PROPERTY_SEED=${seed}`);
  return { PROPERTY_SEED: String(seed) };
}

/**
 * Resolves to the exit code. So that CI can add several runs up, appends the counts to the file named by MPREG_TEST_COUNTS,
 * and what failed to the one named by MPREG_TEST_FAILURES. `notRun` is told before the result: that comes last.
 */
export async function runVitest(args, notRun = "") {
  const folder = mkdtempSync(join(tmpdir(), "mpreg-test-"));
  const reportFile = join(folder, "report.json");
  try {
    const reporters = [process.env.CI ? "minimal" : "default", join(root, "scripts/test-report.mjs")];
    const options = ["run", ...reporters.map((name) => `--reporter=${name}`)];
    const exitCode = await runNode(tool("vitest", "vitest.mjs"), [...options, ...args], {
      env: { ...(await propertySeed()), MPREG_TEST_REPORT: reportFile },
    });
    const { passed, skipped, failures } = readReport(reportFile, exitCode);
    const { MPREG_TEST_COUNTS: countsFile, MPREG_TEST_FAILURES: failuresFile } = process.env;
    if (countsFile) appendFileSync(countsFile, `${passed} ${failures.length} ${skipped}\n`);
    if (failuresFile) appendFileSync(failuresFile, failures.map(failureText).join(""));
    if (notRun !== "") console.log(`\n${notRun}\n`);
    for (const { name } of failures) console.log(`FAILED ${name}`);
    console.log(`${passed} passed, ${failures.length} failed`);
    if (skipped > 0) console.log(`(and ${skipped} skipped)`);
    return exitCode === 0 && failures.length > 0 ? 1 : exitCode;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

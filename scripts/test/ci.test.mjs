/** `.ci/run` with programs in the place of npm: what the end of its log says. */
import { spawn } from "node:child_process";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { root } from "../run.mjs";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mpreg-ci-"));
  for (const name of [".ci", "bin"]) mkdirSync(join(folder, name));
  copyFileSync(join(root, ".ci/run"), join(folder, ".ci/run"));
  for (const name of ["chromium", "python3"]) program(name, "");
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(name, body) {
  const file = join(folder, "bin", name);
  writeFileSync(file, `#!/usr/bin/env bash\n${body}\n`);
  chmodSync(file, 0o755);
}

function runCi() {
  const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env.PATH}` };
  const log = join(folder, "log"); // a file has no end to wait for
  const output = openSync(log, "w");
  return new Promise((resolve) => {
    const child = spawn("bash", [join(folder, ".ci/run")], { env, stdio: ["ignore", output, output] });
    child.once("exit", (exitCode) => {
      closeSync(output);
      resolve({ exitCode, output: readFileSync(log, "utf8") });
    });
  });
}

/** What npm does for tests: output, counts, and what failed. */
const countTests = (counts, failures) =>
  `echo "output of $*"; echo "${counts}" >> "$MPREG_TEST_COUNTS"; printf '${failures}' >> "$MPREG_TEST_FAILURES"`;

describe("a run of CI", { skip: process.platform !== "linux" }, () => {
  test("that succeeds ends with the counts of all its tests", async () => {
    program("npm", `case "$*" in test | *:system) ${countTests("20 0 1", "")} ;; esac`);
    const { exitCode, output } = await runCi();
    expect(exitCode).toBe(0);
    expect(output).toContain("output of test\n");
    expect(output).not.toContain("=== failed");
    expect(output.trimEnd().split("\n").slice(-7)).toEqual([
      expect.stringMatching(/^ok .* programs of the system$/),
      expect.stringMatching(/^ok .* tests$/),
      expect.stringMatching(/^ok .* the main job$/),
      expect.stringMatching(/^ok .* checks$/),
      expect.stringMatching(/^ok .* system tests$/),
      expect.stringMatching(/^ok .* packages in an empty folder$/),
      "40 passed, 0 failed",
    ]);
  });

  test("that fails names at its end what failed, and why", async () => {
    const failure = "a.test.ts > adds\\n    AssertionError: expected 1 to be 2\\n";
    program(
      "npm",
      `case "$*" in
         test) ${countTests("20 1 0", failure)}; exit 1 ;;
         "run check") seq 1 100 | sed 's/^/line /'; echo "FAILED lint" >&2; exit 3 ;;
       esac`,
    );
    const { exitCode, output } = await runCi();
    expect(exitCode).toBe(1);
    const end = output.slice(output.indexOf("=== after")).trimEnd().split("\n");
    expect(end.slice(1, 7).filter((line) => line.startsWith("FAILED"))).toHaveLength(2);
    const failed = end.slice(7);
    expect(failed.slice(0, 6)).toEqual([
      "",
      "=== failed",
      "a.test.ts > adds",
      "    AssertionError: expected 1 to be 2",
      "checks, exit code 3, the end of its output:",
      expect.stringMatching(/^ {4}line \d+$/),
    ]);
    expect(failed.slice(-3)).toEqual(["    line 100", "    FAILED lint", "20 passed, 2 failed"]);
    expect(failed.length).toBeLessThan(40);
  });

  test("does not wait for what a part has left running", async () => {
    const pidFile = join(folder, "pid");
    program("npm", `[ "$1" != start ] || { sleep 600 & echo $! > ${pidFile}; }`);
    try {
      expect((await runCi()).output).toContain("0 passed, 0 failed");
    } finally {
      process.kill(Number(readFileSync(pidFile, "utf8")));
    }
  });
});

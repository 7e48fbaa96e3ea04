/** `scripts/vitest.mjs` on a folder of tests of its own: what is counted, what is told of failures. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { root } from "../run.mjs";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mpreg-scripts-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  write("vitest.config.mjs", 'export default { test: { include: ["*.test.mjs"] } };');
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name, content) {
  writeFileSync(join(folder, name), content);
}

/** Runs the tests of the folder as CI does. */
async function runTests() {
  const program = `
    import { runVitest } from ${JSON.stringify(join(root, "scripts/vitest.mjs"))};
    process.exitCode = await runVitest(["--root", ${JSON.stringify(folder)}]);
  `;
  const notOurs = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^VITEST|^PROPERTY_SEED$/.test(name)),
  );
  const [counts, failures] = ["counts", "failures"].map((name) => join(folder, name));
  for (const file of [counts, failures]) writeFileSync(file, "");
  const env = { ...notOurs, CI: "true", NO_COLOR: "1", MPREG_TEST_COUNTS: counts, MPREG_TEST_FAILURES: failures };
  const [exitCode, output] = await new Promise((resolve) => {
    const args = ["--input-type=module", "--eval", program];
    execFile(process.execPath, args, { env }, (error, stdout, stderr) => resolve([error?.code ?? 0, stdout + stderr]));
  });
  return { exitCode, output, counts: readFileSync(counts, "utf8"), failures: readFileSync(failures, "utf8") };
}

describe("a run of tests", () => {
  test("that succeeds is a summary in CI, without what the tests print", async () => {
    write(
      "good.test.mjs",
      'import { test } from "vitest"; test("adds", () => console.log("chatter")); test.runIf(false)("later", () => {});',
    );
    const { exitCode, output, counts, failures } = await runTests();
    expect({ exitCode, counts, failures }).toEqual({ exitCode: 0, counts: "1 0 1\n", failures: "" });
    expect(output).not.toMatch(/chatter|good\.test|report/);
    expect(output).toMatch(/\n1 passed, 0 failed\n\(and 1 skipped\)\n$/);
  });

  test("that fails names every failure with the first lines of its message (V1)", async () => {
    write(
      "bad.test.mjs",
      `import { afterAll, beforeAll, describe, expect, test } from "vitest";
       test("one is one", () => expect(1).toBe(1));
       describe("sums", () => {
         test("are right", () => expect({ sum: [1, 2, 3, 4] }).toEqual({ sum: [1, 2, 3, 5] }));
         test("have a long story", () => { throw new Error(Array.from({ length: 50 }, (_, i) => "line " + i).join("\\n")); });
       });
       describe("set up", () => {
         beforeAll(() => { throw new Error("no database"); });
         test("is not reached", () => {});
       });
       test("leaves something behind", async () => { void Promise.reject(new Error("left behind")); });`,
    );
    write("broken.test.mjs", 'import "./nowhere.mjs";');
    const { exitCode, output, counts, failures } = await runTests();
    expect(exitCode).toBe(1);
    expect(counts).toBe("2 5 1\n");
    expect(output).toMatch(/\nFAILED bad\.test\.mjs > sums > are right\n(FAILED .*\n)*2 passed, 5 failed\n/);
    expect(output).toContain("FAIL  bad.test.mjs > sums > are right");
    const entries = failures.split(/^(?=\S)/m);
    expect(entries).toHaveLength(5);
    const entry = (name) => entries.find((each) => each.startsWith(name)) ?? failures;
    expect(entry("bad.test.mjs > sums > are right\n")).toMatch(/\n {4}AssertionError: expected .*to deeply equal/);
    expect(entry("bad.test.mjs > sums > have a long story").split("\n").slice(1, 4)).toEqual([
      "    Error: line 0",
      "    line 1",
      "    line 2",
    ]);
    expect(entry("bad.test.mjs > sums > have a long story").split("\n").length).toBeLessThan(10);
    expect(entry("bad.test.mjs > set up\n")).toContain("Error: no database");
    expect(entry("broken.test.mjs\n")).toContain("./nowhere.mjs");
    expect(entry("outside any test\n")).toContain("Error: left behind");
  });

  test("without any test, or one that breaks off, is a failure that is told (V2)", async () => {
    expect(await runTests()).toMatchObject({
      exitCode: 1,
      counts: "0 1 0\n",
      failures: expect.stringMatching(/^the run\n {4}.*exit code 1/),
    });
    write(
      "off.test.mjs",
      'import { test } from "vitest"; test("ends all", () => process.kill(process.ppid, "SIGKILL"));',
    );
    expect(await runTests()).toMatchObject({
      exitCode: 137,
      counts: "0 1 0\n",
      failures: expect.stringMatching(/^the run\n {4}.*exit code 137/),
    });
  });

  test("draws the same cases for its property tests as another of the same tree (V3)", async () => {
    const setup = join(root, "scripts/property-seed.mjs");
    write(
      "vitest.config.mjs",
      `export default { test: { include: ["*.test.mjs"], setupFiles: [${JSON.stringify(setup)}] } };`,
    );
    write(
      "drawn.test.mjs",
      `import fc from "fast-check"; import { test } from "vitest";
       test("draws", () => { throw new Error("drew " + fc.sample(fc.integer(), 5)); });`,
    );
    const [first, second] = [await runTests(), await runTests()];
    expect(first.failures).toMatch(/drew -?\d+,/);
    expect(second.failures).toBe(first.failures);
    expect(first.output).toMatch(/^Property tests: PROPERTY_SEED=\d+\n/);
  });
});

/**
 * `npm run test:system`: the tests that need programs of the operating system.
 *
 * (Y1) A missing program is a failure that says what to install, never a skip.
 * (Y2) Every test file of this kind is listed in system-tests.mjs, so that `npm test` names it.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { packageFolders } from "./build.mjs";
import { root } from "./run.mjs";
import { setup } from "./setup.mjs";
import { systemTests } from "./system-tests.mjs";
import { runVitest } from "./vitest.mjs";

function isThere({ name, args }) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
    } catch {
      return false;
    }
    return args === undefined || spawnSync(join(folder, name), args).status === 0;
  });
}

function testFiles() {
  return packageFolders().flatMap((folder) => {
    const names = readdirSync(join(root, folder)).includes("test-system")
      ? readdirSync(join(root, folder, "test-system"), { recursive: true })
      : [];
    return names.filter((name) => name.endsWith(".test.ts")).map((name) => join(folder, "test-system", name));
  });
}

const problems = [
  ...systemTests
    .flatMap(({ programs }) => programs)
    .filter((program) => !isThere(program))
    .map(({ name, args = [], debianPackage }) => {
      return `"${[name, ...args].join(" ")}" is missing or does not work (Debian: apt-get install ${debianPackage})`; // (Y1)
    }),
  ...testFiles()
    .filter((file) => !systemTests.some((test) => test.file === file))
    .map((file) => `${file} is not listed in scripts/system-tests.mjs`), // (Y2)
];
if (problems.length > 0) {
  console.error(`Cannot run the system tests:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  process.exit(1);
}

await setup();
process.exitCode = await runVitest(["--config", "vitest.system.config.ts", ...process.argv.slice(2)]);

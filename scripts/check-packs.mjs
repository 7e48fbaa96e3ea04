/**
 * Checks the packed packages for what breaks users: entry points and conditions that lead nowhere (publint), types that do not
 * resolve or do not match the code (attw), a licence or README left out.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packAll } from "./packs.mjs";
import { root, run, runNode, tool } from "./run.mjs";

/** The entry points without types: files, not modules. */
const notModules = ["./package.json"];

async function problemsOf({ folder, manifest, tarball }) {
  const attwArguments = [tarball, "--profile", "esm-only", "--exclude-entrypoints", ...notModules];
  const [publint, attw, contents] = await Promise.all([
    runNode(tool("publint", "src/cli.js"), ["run", tarball, "--strict"], { capture: true, cwd: join(root, folder) }),
    runNode(tool("@arethetypeswrong/cli", "dist/index.js"), attwArguments, { capture: true }),
    run("tar", ["-tf", tarball], { capture: true }),
  ]);
  return [
    ...[publint, attw].filter(({ exitCode }) => exitCode !== 0).map(({ output }) => output),
    ...["LICENSE", "README.md"]
      .filter((file) => !contents.stdout.split("\n").includes(`package/${file}`))
      .map((file) => `${file} is not in the package`),
  ].map((problem) => `${manifest.name}: ${problem}`);
}

const folder = mkdtempSync(join(tmpdir(), "mpreg-packs-"));
try {
  const problems = [];
  for (const pack of await packAll(folder)) problems.push(...(await problemsOf(pack)));
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

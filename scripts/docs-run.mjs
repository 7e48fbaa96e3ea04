/**
 * Tries the documentation: every code block of the README, of docs/ and of the packages' READMEs, and every examples/NN-name file.
 *
 * Which blocks, and how, is docs/blocks.mjs.
 * What runs is what a user runs: the build, plain Node for `mjs`, and programs that end by themselves. An error names the line of
 * the Markdown file.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { matchesOutput, trials } from "./docs/blocks.mjs";
import { moduleOfFragment } from "./docs/fragment.mjs";
import { portReplacement } from "./docs/ports.mjs";
import { root, run, runNode, tool } from "./run.mjs";

// Inside the clone, so that "mpreg" resolves as it does for a user.
const workFolder = join(root, ".docs-run");
const timeoutMs = 60_000;

const namesIn = (folder) =>
  existsSync(join(root, folder)) ? readdirSync(join(root, folder), { recursive: true }) : [];

function markdownFiles() {
  return [
    ...readdirSync(root),
    ...namesIn("docs").map((name) => join("docs", name)),
    ...readdirSync(join(root, "packages")).map((name) => `packages/${name}/README.md`),
  ].filter((name) => name.endsWith(".md") && existsSync(join(root, name)));
}

/** Writes a block so that its lines have the numbers they have in the Markdown file. */
function writeBlock(name, line, head, body) {
  writeFileSync(join(workFolder, name), `${"\n".repeat(line - 2)}${head}\n${body}\n`);
}

/** Writes one block as a file and says how it is to be tried. */
async function prepare(file, { kind, language, code, line, prints }) {
  const extension = { shell: "sh", json: "json", fragment: "ts" }[kind] ?? (language === "ts" ? "ts" : "mjs");
  const name = `${file.replaceAll("/", "__")}__${line}.${extension}`;
  const place = await portReplacement(code);
  if (kind === "fragment") {
    const { head, body } = moduleOfFragment(code);
    writeBlock(name, line, head, body);
  } else {
    const endChildren = "set -euo pipefail; trap 'kill $(jobs -p) 2>/dev/null || true; wait || true' EXIT";
    writeBlock(name, line, kind === "shell" ? endChildren : "", place(code));
  }
  return { kind, name, title: `${file}:${line}`, prints: prints === undefined ? undefined : place(prints) };
}

/** Type-checks every TypeScript block in one go, against the declarations of the build. */
async function typeProblems() {
  const config = { extends: "../tsconfig.json", compilerOptions: { customConditions: [] }, include: ["*.ts"] };
  writeFileSync(join(workFolder, "tsconfig.json"), JSON.stringify(config));
  if (!readdirSync(workFolder).some((name) => name.endsWith(".ts"))) return [];
  const { exitCode, output } = await runNode(tool("typescript", "bin/tsc"), ["-p", workFolder, "--pretty", "false"], {
    capture: true,
  });
  const placeInMarkdown = (_, file, line) => `${file.replaceAll("__", "/")}:${line}`;
  return exitCode === 0 ? [] : [output.replaceAll(/^\.docs-run\/(.+\.md)__\d+\.ts\((\d+),\d+\)/gm, placeInMarkdown)];
}

async function runProblems({ kind, name, title, prints }) {
  const file = join(workFolder, name);
  const binaries = `${join(root, "node_modules/.bin")}:${process.env.PATH}`;
  const nodeOptions = name.endsWith(".ts") ? ["--import", "tsx"] : [];
  const { exitCode, timedOut, stdout, output } =
    kind === "shell"
      ? await run("bash", [file], { capture: true, timeoutMs, env: { PATH: binaries } })
      : await runNode(file, [], { capture: true, timeoutMs, nodeOptions });
  if (timedOut) return [`${title} did not end within ${timeoutMs} ms:\n${output}`];
  if (exitCode !== 0) return [`${title} ended with exit code ${exitCode}:\n${output}`];
  if (prints === undefined || matchesOutput(stdout, prints)) return [];
  return [`${title} did not print\n${prints}\nbut\n${stdout}`];
}

function jsonProblems({ name, title }) {
  try {
    JSON.parse(readFileSync(join(workFolder, name), "utf8"));
    return [];
  } catch (error) {
    return [`${title}: ${error.message}`];
  }
}

/** The examples examples/NN-name.{ts,mjs}, each with its output in examples/NN-name.txt. */
function examples() {
  const files = namesIn("examples").filter((name) => /^\d+-[^/]*\.(ts|mjs)$/.test(name));
  return files.map((name) => {
    const expected = join(root, "examples", name.replace(/\.\w+$/, ".txt"));
    if (!existsSync(expected)) throw new Error(`examples/${name}: record its output beside it, in ${expected}`);
    const prints = readFileSync(expected, "utf8");
    return { kind: "program", name: `../examples/${name}`, title: `examples/${name}`, prints };
  });
}

const tryOne = { program: runProblems, shell: runProblems, json: jsonProblems, fragment: () => [] };

async function docsRun() {
  rmSync(workFolder, { recursive: true, force: true });
  mkdirSync(workFolder);
  try {
    const tries = examples();
    for (const file of markdownFiles()) {
      for (const block of trials(readFileSync(join(root, file), "utf8"))) tries.push(await prepare(file, block));
    }
    const problems = await typeProblems();
    for (const trial of tries) problems.push(...(await tryOne[trial.kind](trial)));
    console.log(`documentation: ${tries.length} blocks and examples tried, ${problems.length} problems`);
    return problems;
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
}

const problems = await docsRun();
for (const problem of problems) console.error(`\n${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

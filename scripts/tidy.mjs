/**
 * The rules of STYLE.md that a program can check, and no linter does (`npm run check -- tidy`).
 *
 * (T1) A source file opens with a comment that says what it owns; index.ts files need none.
 * (T2) No file is longer than 500 lines (STYLE.md asks to think again at 400).
 * (T3) No name says that its thing is vaguely useful (Manager, Helper, Util …): a second thing wanting the name shows a wrong folder.
 * (T4) Tests are not skipped, focused or timed by sleeping: they wait for a condition.
 * (T5) An invariant of a package's header is cited at a line that keeps it or in the title of a test that proves it.
 * (T6) Every package carries the licence, word for word.
 * (T7) Lock files name no registry but npm's, and lack no platform's optional packages (`npm ci` would refuse them elsewhere).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFolders } from "./build.mjs";
import { root } from "./run.mjs";

const linesMax = 500;
const vague =
  /(?:class|interface|type|function|const|let) (\w*?(?:(?:Manager|Helper|Util|Utils|Enhanced|Smart|Unified|Impl)(?![a-z])|Base(?=[A-Z\b]))\w*)/g;
const stalled = /\b(?:test|it|describe)(?:\.\w+)*\.(?:skip|only|todo)\b|(?<![.\w])(?:setTimeout|sleep)\(/g;

const read = (file) => readFileSync(join(root, file), "utf8");
const lineOf = (text, index) => text.slice(0, index).split("\n").length;
const places = (file, text, pattern, message) =>
  [...text.matchAll(pattern)].map((match) => `${file}:${lineOf(text, match.index)} ${message(match[1] ?? match[0])}`);

function filesIn(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => /\.(ts|mjs)$/.test(name) && !name.includes("node_modules/"))
    .map((name) => join(folder, name));
}

function header(text) {
  return /^(?:#!.*\n)?\/\*\*[^]*?\*\//.exec(text)?.[0];
}

/** All test files of a package in one text. */
function testsOf(folder) {
  return filesIn(join(folder, "test")).map(read).join("\n");
}

function uncitedIn(folder) {
  const tests = testsOf(folder);
  return filesIn(join(folder, "src")).flatMap((file) => {
    const text = read(file);
    const opening = header(text) ?? "";
    const tags = [...opening.matchAll(/^ \* \((\w+)\)/gm)].map(([, tag]) => tag);
    const places = text.slice(opening.length) + tests;
    const isCited = (tag) => new RegExp(`\\([^()]*\\b${tag}\\b[^()]*\\)`).test(places);
    return tags
      .filter((tag) => !isCited(tag))
      .map((tag) => `${file} states (${tag}), which no line and no test cites (T5)`);
  });
}

function problemsOf(file) {
  const text = read(file);
  const lines = text.split("\n").length;
  const isSource = /^packages\/[^/]+\/src\/|^scripts\//.test(file);
  return [
    ...(isSource && !file.endsWith("index.ts") && header(text) === undefined
      ? [`${file} opens without a comment that says what it owns (T1)`]
      : []),
    ...(lines > linesMax ? [`${file} has ${lines} lines, more than ${linesMax} (T2)`] : []),
    ...places(file, text, vague, (name) => `"${name}" is a vague name (T3)`),
    ...(/\.test\.(ts|mjs)$/.test(file) ? places(file, text, stalled, (found) => `"${found}" in a test (T4)`) : []),
  ];
}

function licenceProblems() {
  const licences = packageFolders().map((folder) => join(folder, "LICENSE"));
  return licences
    .filter((file) => !existsSync(join(root, file)) || read(file) !== read("LICENSE"))
    .map((file) => `${file} is not a copy of LICENSE (T6)`);
}

function missingOptional(file) {
  const packages = JSON.parse(read(file)).packages;
  const locked = new Set(
    Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)),
  );
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !locked.has(name))
      .map((name) => `${file} lacks ${name}, which ${path} may need on another platform (T7)`),
  );
}

function lockProblems(file) {
  const otherRegistry = /"resolved": "(https?:\/\/(?!registry\.npmjs\.org\/)[^"/]+)/g;
  return [
    ...places(file, read(file), otherRegistry, (host) => `${host} is not npm's registry (T7)`),
    ...missingOptional(file),
  ];
}

const locks = ["package-lock.json", "bench/package-lock.json"].filter((file) => existsSync(join(root, file)));
const files = ["packages", "scripts", "examples"].flatMap(filesIn).filter((file) => !file.includes("/dist/"));
const problems = [
  ...files.flatMap(problemsOf),
  ...packageFolders().flatMap(uncitedIn),
  ...licenceProblems(),
  ...locks.flatMap(lockProblems),
];
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

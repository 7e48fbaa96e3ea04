/**
 * The types of references under the compiler options that users have. The type tests beside this file (`ref.test-d.ts`)
 * run under ours, the strictest.
 */
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("a-users-program.ts", import.meta.url));

/** What the compiler says about `code`, a module beside this file, one message per mistake. */
function mistakesIn(code: string, options: ts.CompilerOptions): string[] {
  const settings: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts"],
    types: [],
    skipLibCheck: true,
    noEmit: true,
    strict: true,
    ...options,
  };
  const host = ts.createCompilerHost(settings);
  const readSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) =>
    name === program ? ts.createSourceFile(name, code, ts.ScriptTarget.ES2023) : readSourceFile(name, ...rest);
  const checked = ts.createProgram([program], settings, host);
  const problems = [
    ...checked.getSyntacticDiagnostics(),
    ...checked.getSemanticDiagnostics(checked.getSourceFile(program)),
  ];
  return problems.map(({ messageText, start, file }) => {
    const line = file?.text.slice(start).split("\n", 1)[0] ?? "";
    return `${line} // ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}

const declared = `
import type { Graph } from "../../../src/rpc/graph/graph.js";
import type { Ref, RefTo } from "../../../src/rpc/graph/ref-type.js";
declare const graph: Graph;
declare const sensorId: string;
`;

const untyped = `${declared}
const readings = graph.call("ingest", [sensorId], { resources: ["raw-data"] });
const clean = graph.call("clean", [readings.rows, { unit: readings.meta.unit }]);
export const answer: Promise<{ report: unknown; count: unknown }> =
  graph.run({ report: graph.call("report", [clean]), count: clean.length });
`;

const typed = `${declared}
interface Readings { readonly rows: readonly { readonly value: number; readonly note?: string }[] }
const readings = graph.call<Readings>("ingest", [sensorId]);
export const values: RefTo<number> = readings.rows.at(0).value;
export const note: RefTo<string | undefined> = readings.rows.at(0).note;
`;

describe.each<[string, ts.CompilerOptions]>([
  ["strict", {}],
  ["strict and noUncheckedIndexedAccess", { noUncheckedIndexedAccess: true }],
  ["strict and exactOptionalPropertyTypes", { exactOptionalPropertyTypes: true }],
  ["no null checks", { strict: false }],
])("under %s", (_what, options) => {
  test("an untyped graph compiles as one would write it (T4)", () => {
    expect(mistakesIn(untyped, options)).toEqual([]);
  });

  test("a typed graph compiles, and its wrong uses do not (T1)", () => {
    expect(mistakesIn(typed, options)).toEqual([]);
    expect(mistakesIn(`${typed}export const row = readings.row;`, options)).toEqual([
      "row; // Property 'row' does not exist on type 'Ref<Readings>'. Did you mean 'rows'?",
    ]);
    expect(mistakesIn(`${typed}export const text: RefTo<string> = values;`, options)).toHaveLength(1);
    expect(mistakesIn(`${typed}export const more = readings.rows.at(0).value + 1;`, options)).toHaveLength(1);
  });

  test("an optional field may hold undefined unless the compiler forbids it (T2)", () => {
    const mistakes = mistakesIn(`${typed}export const text: RefTo<string> = readings.rows.at(0).note;`, options);
    expect(mistakes).toHaveLength(options.exactOptionalPropertyTypes === true || options.strict === false ? 0 : 1);
  });
});

/**
 * Outputs: a structure that holds references becomes a list of bindings, and back a structure with their values.
 *
 * (O1) Arrays, plain objects, Maps (keys and values) and Sets are looked into, as in arguments; everything else, and every
 *      part without a reference, is passed on as it is.
 * (O2) A part of a result that is used twice is asked for once; both places get the same value.
 *      A stream cannot be: how often each is used is told, for whoever learns that it is one (`caller/waiters.ts`, W3).
 * (O3) Options in the place of the outputs are refused: as constants, which they would be, they are of no use.
 */
import { MpregError } from "../../base/index.js";
import { describePath } from "../../base/standard-schema.js";
import type { OutputSelection } from "./graph-request.js";
import { BindingList, scopeOf } from "./bindings.js";
import { runNames } from "./call-options.js";
import { isPlainObject, nestingMax, setField } from "./objects.js";
import { type RefOwner, refTarget } from "./ref.js";

type Rebuild = (values: readonly unknown[]) => unknown;

/**
 * Compiles `outputs`, any structure that holds references of `owner`.
 *
 * Throws `invalid-argument` for references of another graph and for options (O3), `not-encodable` for nesting deeper than 100.
 */
export function selectOutputs(outputs: unknown, owner: RefOwner): OutputSelection {
  const bindings = new BindingList(scopeOf(owner));
  const rebuild = compile(outputs, bindings, []);
  if (rebuild === undefined) refuseOptions(outputs);
  const { list, repeated } = bindings;
  return { kind: "selected", bindings: list, repeated, rebuild: rebuild ?? (() => outputs) };
}

/** Throws where `outputs`, in which there is no reference, have nothing but names of options. (O3) */
function refuseOptions(outputs: unknown): void {
  if (!isPlainObject(outputs)) return;
  const names = Object.keys(outputs);
  if (names.length === 0 || !names.every((name) => Object.hasOwn(runNames, name))) return;
  const message = `The outputs, ${names.join(" and ")}, are names of options and hold no reference; options come second, behind the outputs: run(undefined, { ${names.join(", ")} })`;
  throw new MpregError("invalid-argument", message);
}

/** How to rebuild `part`; undefined when there is no reference in it. */
function compile(part: unknown, bindings: BindingList, path: readonly PropertyKey[]): Rebuild | undefined {
  const hole = refTarget(part) === undefined ? undefined : bindings.holeOf(part, describePlace(path));
  if (hole !== undefined) return (values) => values[hole];
  if (Array.isArray(part)) return compileArray(part, bindings, path);
  if (part instanceof Map) return compileMap(part, bindings, path);
  if (part instanceof Set) return compileSet(part, bindings, path);
  return isPlainObject(part) ? compileObject(part, bindings, path) : undefined; // (O1)
}

function compileMap(
  map: ReadonlyMap<unknown, unknown>,
  bindings: BindingList,
  path: readonly PropertyKey[],
): Rebuild | undefined {
  const rebuild = compileArray([...map], bindings, path);
  return rebuild && ((values) => new Map(rebuild(values) as [unknown, unknown][]));
}

function compileSet(
  set: ReadonlySet<unknown>,
  bindings: BindingList,
  path: readonly PropertyKey[],
): Rebuild | undefined {
  const rebuild = compileArray([...set], bindings, path);
  return rebuild && ((values) => new Set(rebuild(values) as unknown[]));
}

function compileArray(
  items: readonly unknown[],
  bindings: BindingList,
  path: readonly PropertyKey[],
): Rebuild | undefined {
  checkDepth(path);
  const parts = items.map((item, index) => compile(item, bindings, [...path, index]));
  if (parts.every((part) => part === undefined)) return undefined;
  return (values) => {
    return items.map((item, index) => {
      const part = parts[index];
      return part === undefined ? item : part(values);
    });
  };
}

function compileObject(
  fields: Readonly<Record<string, unknown>>,
  bindings: BindingList,
  path: readonly PropertyKey[],
): Rebuild | undefined {
  checkDepth(path);
  const parts = Object.entries(fields).map(([name, field]) => {
    return { name, field, rebuild: compile(field, bindings, [...path, name]) };
  });
  if (parts.every(({ rebuild }) => rebuild === undefined)) return undefined;
  return (values) => {
    const rebuilt: Record<string, unknown> = {};
    for (const { name, field, rebuild } of parts)
      setField(rebuilt, name, rebuild === undefined ? field : rebuild(values));
    return rebuilt;
  };
}

function checkDepth(path: readonly PropertyKey[]): void {
  if (path.length < nestingMax) return;
  throw new MpregError(
    "not-encodable",
    `The outputs are nested deeper than ${nestingMax}, or contain themselves, at ${describePath(path.slice(0, 5))}…`,
  );
}

function describePlace(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "the outputs" : `the outputs, at ${describePath(path)}`;
}

/** A fragment of the documentation as a module that can be type-checked. */
import { readFileSync } from "node:fs";

const prelude = readFileSync(new URL("prelude.ts", import.meta.url), "utf8").replace(/^\/\*\*.*\n/, "");
const importLine = /^import .*$/gm;

function preludeWithout(imported) {
  const withoutThem = (names) => names.split(",").filter((name) => !imported.includes(name.trim()));
  return prelude.replaceAll(/(?<=^import (?:type )?\{)[^}]+/gm, (names) => withoutThem(names).join(","));
}

/**
 * Splits a fragment into one line that goes before it (its imports, the prelude for what it does not import, the start of an
 * async function) and the rest, whose line numbers are the fragment's.
 */
export function moduleOfFragment(code) {
  const imports = code.match(importLine) ?? [];
  const imported = imports.flatMap((line) => line.match(/\w+/g));
  const head = [...imports, ...preludeWithout(imported).trim().split("\n"), "export async function fragment() {"];
  return { head: head.join(" "), body: `${code.replaceAll(importLine, "")}\n}` };
}

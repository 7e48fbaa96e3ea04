/**
 * The public API as one reviewable text per package: etc/api/<package>.md, written from the built declarations.
 *
 * `npm run api` writes the reports; without --write they are compared, and a difference is an error: whoever changes the API
 * sees the change in the diff.
 *
 * Reported is what `import … from "<package>"` offers. Core's subpaths serve mpreg's own packages and are not in it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { publicPackages } from "./packs.mjs";
import { root } from "./run.mjs";

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });

/** The declarations of one exported symbol; a variable's declaration is printed with its `const`. */
function declarationsOf(symbol) {
  return (symbol.declarations ?? []).map((declaration) => {
    const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
    return printer
      .printNode(ts.EmitHint.Unspecified, node, declaration.getSourceFile())
      .replace(/^export /, "")
      .replace(/^declare /, "")
      .replaceAll(/^(?: {4})+/gm, (indent) => " ".repeat(indent.length / 2));
  });
}

const entryOf = ({ folder }) => join(root, folder, "dist/index.d.ts");

const packages = publicPackages();
const program = ts.createProgram(packages.map(entryOf), {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts"],
  types: ["node"],
  skipLibCheck: true,
});
const checker = program.getTypeChecker();

function report(pack) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entryOf(pack)));
  const exports = module === undefined ? [] : checker.getExportsOfModule(module);
  const texts = exports
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const renamed = target.name === symbol.name ? "" : `// exported as ${symbol.name}\n`;
      return declarationsOf(target).map((declaration) => renamed + declaration);
    });
  return [
    `# The API of \`${pack.manifest.name}\``,
    "",
    "Written by `npm run api`; not by hand.",
    "",
    "```ts",
    texts.join("\n\n"),
    "```",
    "",
  ].join("\n");
}

const write = process.argv.includes("--write");
for (const pack of packages) {
  const name = `etc/api/${pack.folder.replace("packages/", "")}.md`;
  const file = join(root, name);
  const text = report(pack);
  if (write) {
    mkdirSync(join(root, "etc/api"), { recursive: true });
    writeFileSync(file, text);
  } else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    console.error(
      `The API of ${pack.manifest.name} is not what ${name} says. If the change is wanted: npm run api, and commit it.`,
    );
    process.exitCode = 1;
  }
}

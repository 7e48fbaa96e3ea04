/**
 * The client as a browser gets it: bundled from the build, minified, its size recorded in etc/size.json.
 *
 * (Z1) No Node module is in the bundle.
 * (Z2) A size that left the tolerance is an error until it is recorded (`npm run size`), so that growth shows up in a diff.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build as bundle } from "esbuild";
import { root } from "./run.mjs";

const record = join(root, "etc/size.json");
const toleranceRatio = 0.02;

/** Bundles @mpreg/client for a browser. Rejects when something in it needs Node (Z1). */
async function bundleClient() {
  const result = await bundle({
    stdin: { contents: `export * from "@mpreg/client";`, resolveDir: join(root, "packages/mpreg") },
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const isNodeOnly = (path) =>
    builtinModules.includes(path.replace(/^node:/, "")) || /node_modules\/(ws|pino)\//.test(path);
  const inputs = Object.entries(result.metafile.inputs);
  const wrong = inputs.flatMap(([file, { imports }]) =>
    imports.filter(({ path }) => isNodeOnly(path)).map(({ path }) => `${file} imports ${path}`),
  );
  if (wrong.length > 0) throw new Error(`The browser bundle of @mpreg/client needs Node:\n  ${wrong.join("\n  ")}`);
  const [output] = Object.values(result.metafile.outputs);
  return { text: result.outputFiles[0].text, inputs: output.inputs };
}

function largest(inputs) {
  return Object.entries(inputs)
    .sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    .slice(0, 8)
    .map(([file, { bytesInOutput }]) => `  ${String(bytesInOutput).padStart(7)}  ${file}`)
    .join("\n");
}

function recorded() {
  try {
    return JSON.parse(readFileSync(record, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw error;
  }
}

async function size({ write }) {
  const { text, inputs } = await bundleClient();
  const now = {
    "@mpreg/client": { minifiedBytes: Buffer.byteLength(text), gzippedBytes: gzipSync(text, { level: 9 }).length },
  };
  const before = recorded();
  if (write) {
    mkdirSync(join(root, "etc"), { recursive: true });
    writeFileSync(record, `${JSON.stringify(now, null, 2)}\n`);
  }
  const { minifiedBytes, gzippedBytes } = now["@mpreg/client"];
  console.log(
    `@mpreg/client for browsers: ${minifiedBytes} bytes minified, ${gzippedBytes} gzipped; the largest parts:\n${largest(inputs)}`,
  );
  const expected = before["@mpreg/client"]?.gzippedBytes ?? 0;
  if (write || Math.abs(gzippedBytes - expected) <= expected * toleranceRatio) return 0;
  console.error(
    `Recorded are ${expected} bytes gzipped. If the change is wanted: npm run size, and commit etc/size.json`,
  ); // (Z2)
  return 1;
}

process.exitCode = await size({ write: process.argv.includes("--write") });

/**
 * Tries the packages as a user gets them: packs them, installs the tarballs in an empty folder with one `npm i`, then runs a
 * program that imports `mpreg`, one that tries a handler of it in the simulator, the compiler on one that has every declaration checked, and the command.
 *
 * (P1) Nothing of this clone is reachable from that folder: it lies in the system's folder for temporary files.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packAll } from "./packs.mjs";
import { runNode, runNpm } from "./run.mjs";

const program = `
import { createNode, connect } from "mpreg";

const node = await createNode({ name: "packed", port: 0, resources: ["words"], log: "silent" });
node.register("shout", (text) => text.toUpperCase(), { resources: ["words"] });
const client = await connect(node.url);
const graph = client.graph();
const said = graph.call("echo", ["it works"]);
console.log(await graph.run(graph.call("shout", [said], { resources: ["words"] })));
await client.close();
await node.close();
`;

const simulation = `
import { context } from "mpreg";
import { settle, simulate } from "@mpreg/sim";

const handler = async (text) => {
  await context().sleep(10_000); // of simulated time
  return context().call("echo", [text + " on " + context().node]);
};
const world = await simulate({ seed: 1, nodes: [{ name: "a" }, { name: "b", functions: { handler } }] });
console.log(await world.node("a").call("handler", ["simulated"]));
await settle(world);
`;

/** Its types are checked with those of all that it imports (`skipLibCheck: false`). */
const typed = `
import { type Client, type MpregNode, connect, createNode } from "mpreg";
import { type Queue } from "@mpreg/client";
import { type NodeStatus } from "@mpreg/node";
import { simulate } from "@mpreg/sim";

const node: MpregNode = await createNode({ name: "typed", port: 0 });
const client: Client = await connect(node.url);
const jobs: Queue<{ readonly id: number }> = client.queue("jobs", { durable: false });
for await (const { value } of jobs) console.log(value.id);
const told: NodeStatus[] = [];
for await (const event of node.status()) told.push(event);
await simulate({ seed: 1, nodes: [{ name: "a" }] });
`;
const compiling = [
  "--strict",
  "--noEmit",
  "--skipLibCheck",
  "false",
  "--module",
  "nodenext",
  "--target",
  "es2023",
  "--types",
  "node",
];

/** The compiler and the types of Node.js, as this clone has them. */
function compilerPackages() {
  const { devDependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return ["typescript", "@types/node"].map((name) => `${name}@${devDependencies[name]}`);
}

async function expect(what, promise, isRight) {
  const { exitCode, output } = await promise;
  if (exitCode !== 0 || !isRight(output)) throw new Error(`${what} failed (exit code ${exitCode}):\n${output}`);
  console.log(`ok  ${what}`);
}

async function packTest() {
  const folder = mkdtempSync(join(tmpdir(), "mpreg-pack-test-")); // (P1)
  const here = { cwd: folder, capture: true, timeoutMs: 120_000, env: { npm_config_omit: "" } };
  try {
    const packs = await packAll(folder);
    writeFileSync(join(folder, "package.json"), `{ "private": true, "type": "module" }\n`);
    writeFileSync(join(folder, "try.mjs"), program);
    writeFileSync(join(folder, "simulate.mjs"), simulation);
    writeFileSync(join(folder, "typed.mts"), typed);
    const tarballs = packs.map(({ tarball }) => tarball);
    const install = [
      "i",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
      ...tarballs,
      ...compilerPackages(),
    ];
    await expect("one npm i of the tarballs", runNpm(install, here), () => true);
    await expect("a program that imports mpreg", runNode("try.mjs", [], here), (text) => text.trim() === "IT WORKS");
    const simulated = runNode("simulate.mjs", [], here);
    await expect("its handlers in the simulator", simulated, (text) => text.trim() === "simulated on b");
    const tsc = runNode("node_modules/typescript/bin/tsc", [...compiling, "typed.mts"], here);
    await expect("the compiler on a program that checks all declarations", tsc, () => true);
    const version = packs.find(({ manifest }) => manifest.name === "mpreg").manifest.version;
    const npx = (...args) => runNpm(["exec", "--offline", "--", "mpreg", ...args], here);
    await expect("npx mpreg --version", npx("--version"), (text) => text.includes(version));
    await expect("npx mpreg --help", npx("--help"), (text) =>
      ["start", "call", "run", "nodes"].every((word) => text.includes(word)),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await packTest();

/**
 * Who may import whom (`npm run check -- layers`).
 *
 * (D1) Core's folders import downwards only, in the order of `layers`.
 * (D2) Domains never import each other: they meet in the node machine.
 * (D3) Between packages: only what `allowed` says, and through the package's name (a relative path out of a package is refused).
 * (D4) Core imports nothing but itself; what runs in the browser imports nothing of Node.
 * (D5) No cycles.
 * (D6) What few nodes want is loaded when it is wanted.
 */
const domains = ["rpc", "topics", "queues", "cache", "raft", "ledger"];
const layers = [
  ["base"],
  ["structures"],
  ["values"],
  ["wire"],
  ["journal"],
  ["link"],
  ["membership"],
  ["catalog"],
  ["routing"],
  ["federation"],
  domains,
  ["program"],
  ["handlers"],
  ["doors"],
  ["node"],
];

const core = (folders) => `^packages/core/src/(${folders.join("|")})/`;

const upwards = layers.slice(0, -1).map((folders, index) => ({
  name: `core-${folders.length === 1 ? folders[0] : "domains"}-imports-downwards`,
  comment:
    "(D1) base → structures → values → wire → journal → link → membership → catalog → routing → federation → domains → program → handlers → doors → node",
  severity: "error",
  from: { path: core(folders) },
  to: { path: core(layers.slice(index + 1).flat()) },
}));

/** The packages each package may import (D3). */
const allowed = { core: [], sim: ["core"], client: ["core"], node: ["core"], mpreg: ["core", "client", "node"] };

const betweenPackages = Object.entries(allowed).map(([name, others]) => ({
  name: `package-${name}`,
  comment: `(D3) ${name} may import ${others.length === 0 ? "no other package" : others.join(", ")}`,
  severity: "error",
  from: { path: `^packages/${name}/src/` },
  to: { path: "^packages/", pathNot: ["node_modules", `^packages/(${[name, ...others].join("|")})/src/`] },
}));

export default {
  forbidden: [
    ...upwards,
    {
      name: "core-domains-meet-in-the-node-machine",
      comment: "(D2)",
      severity: "error",
      from: { path: `^packages/core/src/(${domains.join("|")})/` },
      to: { path: core(domains), pathNot: "^packages/core/src/$1/" },
    },
    {
      name: "core-folders-are-known",
      comment: "(D1) a new folder of the core needs a place in the order of layers (.dependency-cruiser.mjs)",
      severity: "error",
      from: { path: "^packages/core/src/[^/]+/", pathNot: core(layers.flat()) },
      to: {},
    },
    ...betweenPackages,
    {
      name: "packages-are-imported-by-name",
      comment: "(D3) no relative path leads out of a package",
      severity: "error",
      from: { path: "^packages/([^/]+)/src/" },
      to: { path: "^packages/", pathNot: "^packages/$1/", dependencyTypes: ["local"] },
    },
    {
      name: "core-depends-on-nothing",
      comment: "(D4) the simulator gives core what a driver gives it, semver among that (docs/decisions/0010)",
      severity: "error",
      from: { path: "^packages/(core|sim)/src/", pathNot: "^packages/sim/src/capabilities/semver\\.ts$" },
      to: { dependencyTypes: ["core", "npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "browser-imports-no-node-module",
      comment: "(D4) only src/socket-node.ts, behind the `node` condition, may",
      severity: "error",
      from: { path: "^packages/client/src/", pathNot: "socket-node\\.ts$" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "ws-only-behind-the-node-condition",
      comment: "(D4)",
      severity: "error",
      from: { path: "^packages/client/src/", pathNot: "socket-node\\.ts$" },
      to: { path: "node_modules/(ws|@types/ws)/" },
    },
    {
      name: "the-mqtt-door-is-loaded-when-it-is-wanted",
      comment: "(D6) who has no such door does not load the library behind it",
      severity: "error",
      from: { path: "^packages/node/src/", pathNot: "^packages/node/src/mqtt/" },
      to: {
        path: "^packages/node/src/mqtt/",
        pathNot: "^packages/node/src/mqtt/(events|options)\\.ts$",
        dynamic: false,
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "the-sqs-door-is-loaded-when-it-is-wanted",
      comment: "(D6) who has no such door does not load what it speaks",
      severity: "error",
      from: { path: "^packages/node/src/", pathNot: "^packages/node/src/sqs/" },
      to: {
        path: "^packages/node/src/sqs/",
        pathNot: "^packages/node/src/sqs/options\\.ts$",
        dynamic: false,
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "lmdb-is-loaded-when-it-is-wanted",
      comment: "(D6) who keeps nothing on a disk does not load the library that does",
      severity: "error",
      from: { path: "^packages/node/src/", pathNot: "^packages/node/src/storage/lmdb-" },
      to: {
        path: ["^packages/node/src/storage/lmdb-", "node_modules/lmdb/"],
        dynamic: false,
        dependencyTypesNot: ["type-only"],
      },
    },
    { name: "no-cycles", comment: "(D5)", severity: "error", from: {}, to: { circular: true } },
    {
      name: "declared-dependencies-only",
      comment: "what a package imports stands in its own package.json",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "imports-resolve",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ["node_modules", "/dist/"] },
    exclude: { path: "/dist/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true, // type imports are imports
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["mpreg-source", "node", "import", "types", "default"],
      extensions: [".ts", ".d.ts", ".mjs", ".js", ".json"],
    },
  },
};

import { defineConfig } from "vitest/config";

// Tests run on the sources, without a build: every package.json names them under this condition.
const conditions = ["mpreg-source", "node", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.mjs", "scripts/test/*.test.mjs"],
    setupFiles: process.env["PROPERTY_SEED"] === undefined ? [] : ["scripts/property-seed.mjs"],
    // No test asserts real time; this only ends one that hangs, on the slowest machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    // Much of their time is waiting for processes and sockets: on two cores two of them take little more than half as long as one.
    maxWorkers: 2,
    typecheck: { include: ["packages/*/test/**/*.test-d.ts"], tsconfig: "tsconfig.type-tests.json" },
  },
});

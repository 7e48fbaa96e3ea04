import { defineConfig } from "vitest/config";

// Tests run on the sources, without a build: every package.json names them under this condition.
const conditions = ["mpreg-source", "node", "import", "default"];

/** What every test runs with, whichever file it is in. */
export const common = {
  setupFiles: process.env["PROPERTY_SEED"] === undefined ? [] : ["scripts/property-seed.mjs"],
  // No test asserts real time; this only ends one that hangs, on the slowest machine.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 30_000 } },
};
export const resolution = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
};

const files = (packages: string): string[] => [`packages/${packages}/test/**/*.test.ts`];
const types = { include: ["packages/*/test/**/*.test-d.ts"], tsconfig: "tsconfig.type-tests.json" };

export default defineConfig({
  test: {
    // Much of their time is waiting for processes and sockets: on two cores two of them take little more than half as long as one.
    maxWorkers: 2,
    projects: [
      {
        ...resolution,
        // Their modules keep nothing from one test to the next, and to load them anew for each file takes longer than most files.
        test: { ...common, name: "shared", include: files("{core,sim,client}"), isolate: false, typecheck: types },
      },
      {
        ...resolution,
        // A node is a process: what it sets of that goes with the file.
        test: {
          ...common,
          name: "process",
          include: [...files("{node,mpreg}"), "examples/*/test/**/*.test.mjs", "scripts/test/*.test.mjs"],
          typecheck: { ...types, include: [] },
        },
      },
    ],
  },
});

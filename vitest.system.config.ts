import { defineConfig } from "vitest/config";
import { common, resolution } from "./vitest.config.js";

// What needs programs of the operating system, or all of the machine (scripts/system-tests.mjs): one file at a time, with
// time to start them.
export default defineConfig({
  ...resolution,
  test: {
    ...common,
    include: ["packages/*/test-system/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});

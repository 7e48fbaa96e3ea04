import { defineConfig } from "vitest/config";
import base from "./vitest.config.js";

// What needs programs of the operating system, or all of the machine (scripts/system-tests.mjs): one file at a time, with
// time to start them.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ["packages/*/test-system/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});

/**
 * The tests that need programs npm does not install: what `npm run test:system` runs, and what `npm test` names as not run.
 * A program is there if some file on the path has its name and, where it has `args`, succeeds with them.
 */
export const systemTests = [
  {
    file: "packages/mpreg/test-system/chromium-echo.test.ts",
    shows: "the client, bundled for the browser, calls a node from a page in Chromium",
    programs: [{ name: "chromium", debianPackage: "chromium" }],
  },
  {
    file: "packages/mpreg/test-system/json-client.test.ts",
    shows: "a Python program that speaks as the reference implementation's client works with a cluster of nodes",
    programs: [{ name: "python3", args: ["-c", "import websockets"], debianPackage: "python3-websockets" }],
  },
];

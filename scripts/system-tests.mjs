/**
 * The tests that need programs npm does not install: what `npm run test:system` runs, and what `npm test` names as not run.
 */
export const systemTests = [
  {
    file: "packages/mpreg/test-system/chromium-echo.test.ts",
    shows: "the client, bundled for the browser, calls a node from a page in Chromium",
    programs: [{ name: "chromium", debianPackage: "chromium" }],
  },
];

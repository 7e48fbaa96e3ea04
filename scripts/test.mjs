/** `npm test`: prepares the clone, runs every test that needs npm only, and names what it did not run. Arguments go to vitest. */
import { setup } from "./setup.mjs";
import { systemTests } from "./system-tests.mjs";
import { runVitest } from "./vitest.mjs";

await setup();
process.exitCode = await runVitest(["--typecheck", ...process.argv.slice(2)]);

console.log("\nNot run here, because they need programs from the system or all of the machine (npm run test:system):");
for (const { shows, programs } of systemTests) {
  const needs = programs.map(({ name }) => name).join(", ") || "all of the machine";
  console.log(`  - ${shows} (needs ${needs})`);
}

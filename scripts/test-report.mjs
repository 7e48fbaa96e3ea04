/**
 * A reporter of vitest that writes, for `vitest.mjs`, how many tests passed and what failed, into the file named by
 * MPREG_TEST_REPORT: `{ passed, skipped, failures: [{ name, message }] }`.
 *
 * (P1) Whatever failed has a name: a test, a suite whose hooks failed, a file that cannot be loaded, what happened outside any test.
 */
import { writeFileSync } from "node:fs";

const messageOf = ({ name, message, stack }) => (message ? `${name ?? "Error"}: ${message}` : (stack ?? String(name)));

function failure(name, errors) {
  return { name, message: errors.map(messageOf).join("\n") };
}

function failuresIn(module) {
  const file = module.relativeModuleId;
  const tests = [...module.children.allTests("failed")].map((test) => [test.fullName, test.result().errors]);
  const suites = [...module.children.allSuites()].map((suite) => [suite.fullName, suite.errors()]);
  const hooks = suites.filter(([, errors]) => errors.length > 0);
  const loading = module.errors().length > 0 ? [failure(file, module.errors())] : [];
  return [...loading, ...[...hooks, ...tests].map(([name, errors]) => failure(`${file} > ${name}`, errors))];
}

export default class TestReport {
  onTestRunEnd(modules, unhandledErrors) {
    const count = (state) => modules.reduce((sum, module) => sum + [...module.children.allTests(state)].length, 0);
    const outside = unhandledErrors.map((error) => failure("outside any test", [error]));
    const report = {
      passed: count("passed"),
      skipped: count("skipped"),
      failures: [...modules.flatMap(failuresIn), ...outside], // (P1)
    };
    writeFileSync(process.env.MPREG_TEST_REPORT, JSON.stringify(report));
  }
}

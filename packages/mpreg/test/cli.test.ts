import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { mpreg } from "./processes.js";

describe("mpreg", () => {
  test("--version prints the version of the package", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(await mpreg(["--version"])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("--version behind a command is not taken for a wish to see the version: the command would be done in appearance only", async () => {
    for (const option of ["--version", "-v"]) {
      const { exitCode, stdout, stderr } = await mpreg(["call", "charge", "5", option, "^2"]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toContain(`unknown option '${option}'`);
    }
  });

  test("--help lists the commands with examples, on stdout", async () => {
    const { exitCode, stdout } = await mpreg(["--help"]);
    expect(exitCode).toBe(0);
    for (const part of ["start", "call", "run", "trace", "requests", "nodes", "functions", "lab", "Examples:"])
      expect(stdout).toContain(part);
  });

  test("nothing typed is wrong usage: the help on stderr, and 2", async () => {
    const { exitCode, stdout, stderr } = await mpreg([]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^Usage: mpreg/);
  });

  test("an unknown command or option is wrong usage: what was probably meant, and 2 (M1)", async () => {
    expect(await mpreg(["strat"])).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: "mpreg: unknown command 'strat'; did you mean start?\n  See mpreg --help\n",
    });
    const { exitCode, stderr } = await mpreg(["nodes", "--json", "--ulr", "x"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr)).toEqual({
      error: { code: "invalid-argument", message: "unknown option '--ulr'; did you mean --url?" },
    });
  });

  test("a URL that is none is wrong usage, and it is said where it comes from", async () => {
    const { exitCode, stderr } = await mpreg(["functions"], { env: { MPREG_URL: "http://127.0.0.1:1" } });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('MPREG_URL must be a URL like ws://127.0.0.1:9001, got "http://127.0.0.1:1"');
  });
});

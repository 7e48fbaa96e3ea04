import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../src/start/config-file.js";
import { temporaryFolder } from "../processes.js";

function config(content: unknown, name = "node.json"): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("the config file of mpreg start", () => {
  test("its paths are relative to it (G2)", async () => {
    const path = config({
      dataDir: "data",
      modules: ["./a.mjs", "/b.mjs"],
      tls: { cert: "c.pem", key: "-----BEGIN " },
      discovery: { mdns: true, file: "peers.txt" },
    });
    const folder = join(path, "..");
    expect(await readConfig(path)).toEqual({
      dataDir: join(folder, "data"),
      modules: [join(folder, "a.mjs"), "/b.mjs"],
      tls: { cert: join(folder, "c.pem"), key: "-----BEGIN " },
      discovery: { mdns: true, file: join(folder, "peers.txt") },
    });
  });

  test("an .mjs file may hold what JSON cannot", async () => {
    const path = config("export default { name: 'a', policy: () => ({ allow: true }) };", "node.mjs");
    const { policy } = await readConfig(path);
    expect(policy?.({ kind: "self" }, { kind: "dial", url: "" })).toEqual({ allow: true });
  });

  test.each([
    ["an unknown key", { prot: 1 }, /unknown key "prot"; known are name, host, port/],
    ["a key of the prototype", '{"__proto__":1}', /unknown key "__proto__"/],
    ["a text where a number belongs", { port: "9001" }, /port in the config .* must be a number/],
    ["a text where a list belongs", { resources: "a,b" }, /resources in the config .* must be an array of texts/],
    ["an unknown log level", { log: "loud" }, /log in the config .* must be one of fatal/],
    [
      "an unknown part of tls",
      { tls: { certificate: "x" } },
      /tls in the config .* must be an object of cert, key and ca/,
    ],
    [
      "an unknown part of discovery",
      { discovery: { dnsSrv: [] } },
      /discovery in the config .* must be an object of mdns, dns, dnsServers and file/,
    ],
    ["a peers file that is none", { discovery: { file: 7 } }, /discovery in the config .* must be an object of mdns/],
    ["no JSON", "{", /Cannot read the config .*: it is not JSON/],
    ["no object", [], /must be an object of settings/],
  ])("%s is wrong usage, told by name (G1)", async (_what, content, message) => {
    await expect(readConfig(config(content))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  test("a file that is missing, or a module without a default export, is told", async () => {
    await expect(readConfig("/nonexistent.json")).rejects.toThrow("there is no such file");
    await expect(readConfig(config("export const name = 'a';", "node.mjs"))).rejects.toThrow(
      "it has no default export",
    );
  });
});

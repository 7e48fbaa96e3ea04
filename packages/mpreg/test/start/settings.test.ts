import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { settle } from "../../src/start/settings.js";
import { temporaryFolder } from "../processes.js";

describe("settings of mpreg start", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("the command line wins over the file, for limits key by key (S1)", async () => {
    const file = { name: "file", port: 1, resources: ["a"], limits: { depthMax: 1, stepsMax: 2 }, modules: ["/m.mjs"] };
    const { node, log, modules } = await settle(file, { name: "line", limits: { depthMax: 3 } });
    expect(node).toMatchObject({ name: "line", port: 1, resources: ["a"], limits: { depthMax: 3, stepsMax: 2 } });
    expect({ log, modules }).toEqual({ log: "info", modules: ["/m.mjs"] });
  });

  test("the command line wins over the file for discovery key by key too (S1)", async () => {
    const file = { discovery: { mdns: true, dns: ["_mpreg._tcp.a"], file: "/peers" } };
    const { node } = await settle(file, { discovery: { mdns: false, dns: ["_mpreg._tcp.b"] } });
    expect(node.discovery).toEqual({ mdns: false, dns: ["_mpreg._tcp.b"], file: "/peers" });
    expect((await settle({}, {})).node.discovery).toEqual({});
  });

  test("MQTT is off if nobody says otherwise, and its port may be told apart from its other options (S1)", async () => {
    expect((await settle({}, {})).node.mqtt).toBeUndefined();
    const { node } = await settle({ mqtt: { port: 1, inflightMax: 7 } }, { mqtt: { port: 2 } });
    expect(node.mqtt).toEqual({ port: 2, inflightMax: 7 });
  });

  test("clients of SQS are not served if nobody says otherwise, and the port may be told apart from other options (S1)", async () => {
    expect((await settle({}, {})).node.sqs).toBeUndefined();
    const { node } = await settle({ sqs: { port: 1, region: "eu-west-1" } }, { sqs: { port: 2 } });
    expect(node.sqs).toEqual({ port: 2, region: "eu-west-1" });
  });

  test("an event loop may be blocked for 30 s if nobody says otherwise", async () => {
    expect((await settle({}, {})).node.loopBlockedMsMax).toBe(30_000);
    expect((await settle({ loopBlockedMsMax: 5_000 }, {})).node.loopBlockedMsMax).toBe(5_000);
    expect((await settle({ loopBlockedMsMax: 5_000 }, { loopBlockedMsMax: 0 })).node.loopBlockedMsMax).toBe(0);
  });

  test("the port is 9001 if nobody says otherwise", async () => {
    expect((await settle({}, {})).node.port).toBe(9001);
    expect((await settle({}, { port: 0 })).node.port).toBe(0);
  });

  test("a key is kept under the node's name, unless the node is a passing one (S2)", async () => {
    vi.stubEnv("XDG_STATE_HOME", "/state");
    const dataDirOf = async (given: object): Promise<string | undefined> => (await settle({}, given)).node.dataDir;
    expect(await dataDirOf({ name: "alpha" })).toBe("/state/mpreg/alpha");
    expect(await dataDirOf({ name: "../x y" })).toBe("/state/mpreg/%2E.%2Fx%20y");
    expect(await dataDirOf({})).toBeUndefined();
    expect(await dataDirOf({ name: "alpha", port: 0 })).toBeUndefined();
    expect(await dataDirOf({ name: "alpha", port: 0, dataDir: "/data" })).toBe("/data");
    vi.stubEnv("XDG_STATE_HOME", "relative");
    vi.stubEnv("HOME", "/home/ada");
    expect(await dataDirOf({ name: "alpha" })).toBe("/home/ada/.local/state/mpreg/alpha");
    vi.stubEnv("HOME", "");
    expect(await dataDirOf({ name: "alpha" })).toBeUndefined();
  });

  test("TLS comes from files or as it is, and a certificate without its key is wrong usage", async () => {
    const certificate = join(temporaryFolder(), "cert.pem");
    writeFileSync(certificate, "-----BEGIN CERTIFICATE-----");
    const { node } = await settle({ tls: { key: "-----BEGIN PRIVATE KEY-----" } }, { tls: { cert: certificate } });
    expect(node.tls).toEqual({ cert: Buffer.from("-----BEGIN CERTIFICATE-----"), key: "-----BEGIN PRIVATE KEY-----" });
    await expect(settle({}, { tls: { cert: certificate } })).rejects.toMatchObject({ exitCode: 2 });
    const missing = { tls: { cert: "/nonexistent.pem", key: certificate } };
    await expect(settle({}, missing)).rejects.toThrow("Cannot read /nonexistent.pem: there is no such file");
  });
});

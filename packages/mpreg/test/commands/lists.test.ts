import { createNode, type MpregNode } from "@mpreg/node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { mpreg } from "../processes.js";

describe("mpreg nodes and mpreg functions", () => {
  let first: MpregNode;
  let second: MpregNode;

  beforeAll(async () => {
    first = await createNode({ name: "first", log: "silent" });
    second = await createNode({ name: "second", resources: ["gpu"], peers: [first.url], log: "silent" });
    second.register("train", () => undefined, { resources: ["dataset"] });
    await vi.waitUntil(() => first.functions().some(({ name }) => name === "train"));
  });

  afterAll(async () => {
    await first.close();
    await second.close();
  });

  test("nodes are a table for people, the asked one first", async () => {
    const { exitCode, stdout, stderr } = await mpreg(["nodes", "--url", first.url]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const [heading, ...rows] = stdout.trimEnd().split("\n");
    expect(heading).toMatch(/^NAME +STATE +FUNCTIONS +IN FLIGHT +ID +URL$/);
    expect(rows.map((row) => row.split(/ +/))).toEqual([
      ["first", "self", "2", "0", first.id.slice(0, 8), first.url],
      ["second", "linked", "3", "0", second.id.slice(0, 8), second.url],
    ]);
  });

  test("nodes are one line of JSON for programs", async () => {
    const { stdout } = await mpreg(["nodes", "--json", "--url", first.url]);
    expect(stdout.trimEnd()).not.toContain("\n");
    expect(JSON.parse(stdout)).toEqual(first.nodes());
  });

  test("functions are a table with a row per offer", async () => {
    const { stdout } = await mpreg(["functions"], { env: { MPREG_URL: first.url } });
    expect(stdout).toMatch(/^FUNCTION +NODE +RESOURCES\n/);
    expect(stdout).toMatch(/^echo +first$/m);
    expect(stdout).toMatch(/^echo +second +gpu$/m);
    expect(stdout).toMatch(/^train +second +dataset, gpu$/m);
  });

  test("functions are one line of JSON for programs", async () => {
    const { stdout } = await mpreg(["functions", "--json", "--url", first.url]);
    expect(JSON.parse(stdout)).toEqual(first.functions());
  });
});

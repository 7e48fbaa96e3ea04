import { createNode, type MpregNode } from "@mpreg/node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { mpreg } from "../processes.js";

describe("mpreg nodes and mpreg functions", () => {
  let first: MpregNode;
  let second: MpregNode;

  beforeAll(async () => {
    first = await createNode({ name: "first", log: "silent" });
    second = await createNode({ name: "second", resources: ["gpu"], peers: [first.url], log: "silent" });
    second.register("train", () => undefined, { resources: ["dataset"], version: "1.2.0", tags: ["slow", "text"] });
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
    expect(heading).toMatch(
      /^NAME +STATE +SINCE +INCARNATION +LINK +ROUND TRIP +FUNCTIONS +RUNNING +IN FLIGHT +ID +URL$/,
    );
    const [own, other] = rows.map((row) => row.split(/ +/));
    expect(own).toEqual(["first", "self", "-", "1", "-", "-", "2", "0", "0", first.id.slice(0, 8), first.url]);
    expect(other?.slice(0, 2)).toEqual(["second", "alive"]);
    expect(other?.[2]).toMatch(/^\d+s$/);
    expect(other?.slice(3, 5)).toEqual(["1", "direct"]);
    expect(other?.[5]).toMatch(/^(-|\d+\.\dms)$/); // measured, or not yet
    expect(other?.[6]).toBe("3");
    expect(other?.slice(8)).toEqual(["0", second.id.slice(0, 8), second.url]);
    expect(rows).toHaveLength(2);
  });

  test("nodes are one line of JSON for programs", async () => {
    const { stdout } = await mpreg(["nodes", "--json", "--url", first.url]);
    expect(stdout.trimEnd()).not.toContain("\n");
    const known = JSON.parse(stdout) as Record<string, unknown>[];
    expect(known).toMatchObject(first.nodes().map(({ id, name, state, urls }) => ({ id, name, state, urls })));
    for (const node of known) expect(node).toMatchObject({ incarnation: 1, forMs: expect.any(Number), inFlight: 0 });
  });

  test("nodes that have left are listed with --all", async () => {
    const third = await createNode({ name: "third", peers: [first.url], log: "silent" });
    await vi.waitUntil(() => first.nodes().some(({ name }) => name === "third"));
    await third.close();
    await vi.waitUntil(() => first.nodes().length === 2);
    const [{ stdout: some }, { stdout: all }, { stdout: json }] = await Promise.all([
      mpreg(["nodes", "--url", first.url]),
      mpreg(["nodes", "--all", "--url", first.url]),
      mpreg(["nodes", "--all", "--json", "--url", first.url]),
    ]);
    expect(some).not.toContain("third");
    expect(all).toMatch(/^third +left +\d+s +1 +- +(-|~\S+) +/m);
    expect(JSON.parse(json)).toContainEqual(expect.objectContaining({ id: third.id, state: "left", linked: false }));
  });

  test("functions are a table with a row per offer", async () => {
    const { stdout } = await mpreg(["functions"], { env: { MPREG_URL: first.url } });
    expect(stdout).toMatch(/^FUNCTION +NODE +VERSION +RESOURCES +TAGS +CIRCUIT\n/);
    expect(stdout).toMatch(/^echo +first +- +- +- +closed$/m);
    expect(stdout).toMatch(/^echo +second +- +gpu +- +closed$/m);
    expect(stdout).toMatch(/^train +second +1\.2\.0 +dataset,gpu +slow,text +closed$/m);
  });

  test("functions are one line of JSON for programs", async () => {
    const { stdout } = await mpreg(["functions", "--json", "--url", first.url]);
    expect(JSON.parse(stdout)).toEqual(first.functions());
  });
});

/** What a peers file says. */
import { describe, expect, test } from "vitest";
import { parsePeersFile } from "../../src/discovery/peers-file.js";

describe("a peers file", () => {
  test("has one URL per line, between comments and empty lines", () => {
    const content =
      "\uFEFF# the old rack\nws://10.0.0.1:9001 # left\r\n\n  wss://b.example.com\t#right\n#ws://10.0.0.9:1\nws://10.0.0.2:9001";
    const urls = ["ws://10.0.0.1:9001", "wss://b.example.com", "ws://10.0.0.2:9001"];
    expect(parsePeersFile(content)).toEqual({ kind: "urls", urls, bad: [] });
  });

  test("may be a JSON array", () => {
    const urls = ["ws://10.0.0.1:9001", "ws://10.0.0.2:9001"];
    expect(parsePeersFile(`\n ${JSON.stringify(urls, undefined, 2)}`)).toEqual({ kind: "urls", urls, bad: [] });
  });

  test("that is empty names nobody", () => {
    for (const content of ["", "\n\n", "# nobody yet", "[]"])
      expect(parsePeersFile(content)).toEqual({ kind: "urls", urls: [], bad: [] });
  });

  test("with a bad line is used without it, and the line is named (P1)", () => {
    expect(parsePeersFile("# peers\n10.0.0.1:9001\nws://10.0.0.2:9001\nhttp://c\nws://d/#e\n")).toEqual({
      kind: "urls",
      urls: ["ws://10.0.0.2:9001"],
      bad: [
        { line: 2, value: "10.0.0.1:9001" },
        { line: 4, value: "http://c" },
        { line: 5, value: "ws://d/#e" },
      ],
    });
  });

  test("with a bad entry in its array is used without it, and the entry is named (P1)", () => {
    expect(parsePeersFile('["ws://a:1", 7, null, "b"]')).toEqual({
      kind: "urls",
      urls: ["ws://a:1"],
      bad: [
        { entry: 2, value: "7" },
        { entry: 3, value: "null" },
        { entry: 4, value: '"b"' },
      ],
    });
  });

  test("and of what is wrong no password is told", () => {
    const url = "http://me:secret@h";
    for (const content of [url, JSON.stringify([url, { url }]), `["${url}" x]`, `[{"url":"${url}",}]`, `[${url}]`])
      expect(JSON.stringify(parsePeersFile(content))).not.toContain("secret");
    expect(parsePeersFile(url)).toMatchObject({ bad: [{ line: 1, value: "http://***@h" }] });
  });

  test("that begins like an array and is none is broken as a whole", () => {
    expect(parsePeersFile('["ws://a:1", "ws://b')).toMatchObject({
      kind: "broken",
      reason: expect.stringMatching(/^it is not JSON: /),
    });
  });
});

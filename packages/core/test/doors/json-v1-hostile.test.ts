/** Frames that are not what they should be: each gets an error or ends its connection with the reason (G2). */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scanJson } from "../../src/doors/json-v1-scan.js";
import { FakeHost, utf8 } from "./fake-host.js";

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const step = (fields: object): object => ({ name: "x", fun: "echo", ...fields });

describe("a frame that cannot be read ends the connection with the reason", () => {
  test.each<[string, string, string]>([
    ["that is not JSON", "{nope", "a frame that is not JSON: "],
    ["that is empty", "", "a frame that is not JSON: "],
    ["with arrays thousands deep (T1)", nested(5_000), "a frame with arrays and objects 5000 deep; the limit is 1000"],
    ["with brackets that never close (T1)", "[".repeat(1_000_000), "a frame with arrays and objects 1000000 deep"],
    ["with objects a million deep (T1)", '{"a":'.repeat(1_000_000), "a frame with arrays and objects 1000000 deep"],
    ["with nothing but empty objects (T1)", `[${"{},".repeat(3_000_000)}1]`, "a frame with 3000001 arrays and objects"],
    [
      "with an object of millions of keys (T1)",
      `{"a":{${'"k":1,'.repeat(1_001_000)}"k":1}}`,
      "a frame whose large objects have 1000001 fields too many",
    ],
    ["with a number that none can hold (T2)", '{"u":1e309}', "a frame with a number beyond 1.8e308"],
    ["with the least number that none can hold (T2)", '{"u":[-1.7976931348623159e308]}', "a number beyond 1.8e308"],
    ["with a number of too many digits (T2)", `{"u":[${"9".repeat(310)}]}`, "a number beyond 1.8e308"],
    ["that begins with a byte order mark", "\uFEFF{}", "a frame that is not JSON: "],
    ["with NaN, which Python may write", '{"role":"rpc","u":NaN}', "a frame that is not JSON: "],
    ["with more behind the message", '{"u":"1"} {"u":"2"}', "a frame that is not JSON: "],
  ])("%s", (_title, frame, reason) => {
    const host = new FakeHost();
    expect(host.exchange(frame)).toBeUndefined();
    expect(host.closedWith).toContain(reason);
  });

  test("of more bytes than a message may have", () => {
    const host = new FakeHost({ limits: { messageBytesMax: 100 } });
    host.exchange(" ".repeat(101));
    expect(host.closedWith).toBe("a frame of 101 bytes; the limit is 100");
  });

  test("of more bytes than a text can have characters, whatever messages may have", () => {
    const host = new FakeHost({ limits: { messageBytesMax: 2 ** 32 - 1 } });
    host.exchange(new Uint8Array(2 ** 28 + 1));
    expect(host.closedWith).toBe("a frame of 268435457 bytes; the limit is 268435456");
  });

  test("and nothing of that connection is read any more", () => {
    const host = new FakeHost();
    host.exchange("{nope");
    expect(host.exchange({ role: "martian", u: "1" })).toBeUndefined();
  });
});

describe("a message of the wrong shape is answered, and the connection goes on", () => {
  test.each<[string, unknown, string, string]>([
    ["an array", [1, 2], "unknown", "A message must be a JSON object, got array"],
    ["null", "null", "unknown", "A message must be a JSON object, got null"],
    ["a number", "7", "unknown", "A message must be a JSON object, got number"],
    ["a request without u", { role: "rpc", cmds: [] }, "unknown", `The request's "u" must be a string, got undefined`],
    [
      "a request whose u is a number",
      { role: "rpc", u: 7 },
      "unknown",
      `The request's "u" must be a string, got number`,
    ],
    [
      "a request whose u is endless",
      { role: "rpc", u: "u".repeat(2_000) },
      "u".repeat(2_000),
      `The request's "u" has more than the 1024 bytes`,
    ],
    ["a request without cmds", { role: "rpc", u: "q" }, "q", "cmds must be an array of commands, got undefined"],
    [
      "a request whose cmds are an object",
      { role: "rpc", u: "q", cmds: {} },
      "q",
      "cmds must be an array of commands, got object",
    ],
  ])("%s", (_title, message, u, text) => {
    const host = new FakeHost();
    const reply = JSON.parse(host.exchange(message)!);
    expect(reply).toMatchObject({
      r: null,
      u,
      error: { code: 1003, details: { node: "entry", outcome: "not-applied" } },
    });
    expect(reply.error.message).toContain(text);
    expect(host.closedWith).toBeUndefined();
    expect(host.ask([step({ args: [1] })]).r).toEqual({ x: 1 });
  });

  test.each<[string, unknown, string]>([
    ["a command that is none", 7, "cmds[0] must be an object, got number"],
    ["no fun", { name: "x" }, "cmds[0].fun must be a name that is not empty, got undefined"],
    ["an empty name", step({ name: "" }), "cmds[0].name must be a name that is not empty"],
    ["a name that is a number", step({ name: 5 }), "cmds[0].name must be a name that is not empty, got 5"],
    ["args that are an object", step({ args: {} }), "cmds[0].args must be an array, got object"],
    ["args that are null", step({ args: null }), "cmds[0].args must be an array, got null"],
    ["kwargs that are an array", step({ kwargs: [] }), "cmds[0].kwargs must be an object, got array"],
    ["locs that are a string", step({ locs: "gpu" }), "cmds[0].locs must be an array of names"],
    ["locs that are numbers", step({ locs: [1] }), "cmds[0].locs must be a name that is not empty, got 1"],
    ["a name of many bytes", step({ name: "ü".repeat(513) }), "A name in cmds[0] has more than the 1024 bytes"],
    [
      "a function name of many bytes",
      step({ fun: "f".repeat(1_025) }),
      "A name in cmds[0] has more than the 1024 bytes",
    ],
    [
      "too many locs",
      step({ locs: Array.from({ length: 257 }, (_, i) => `l${i}`) }),
      "names 257 resources; at most 256",
    ],
    ["a loc of many bytes", step({ locs: ["l".repeat(1_025)] }), "A name in cmds[0].locs has more than the 1024 bytes"],
  ])("a command with %s", (_title, command, text) => {
    const { error } = new FakeHost().ask([command]);
    expect(error.code).toBe(1003);
    expect(error.message).toContain(text);
  });

  test("names of as many bytes as are allowed work, and locs given twice count once", () => {
    const host = new FakeHost();
    const name = "ü".repeat(512);
    expect(host.ask([{ name, fun: "train", locs: ["gpu", "gpu", "model-v2"] }]).error).toBeNull();
    expect(host.started[0]!.fields.steps[0]!.resources).toEqual(["gpu", "model-v2"]);
  });

  test.each([101, 900])("values nested %i deep", (depth) => {
    for (const rest of [[], [step({ name: "y" })]]) {
      const host = new FakeHost();
      const frame = { role: "rpc", u: "q", cmds: [step({ args: ["@"] }), ...rest] };
      const reply = JSON.parse(host.exchange(JSON.stringify(frame).replace('"@"', nested(depth)))!);
      expect(reply).toMatchObject({ u: "q", error: { code: 1003, details: { code: "not-encodable", step: "x" } } });
      expect(host.closedWith).toBeUndefined();
    }
  });

  test("a role that is endless or no text is not sent back whole", () => {
    const host = new FakeHost();
    expect(JSON.parse(host.exchange({ role: "r".repeat(10_000), u: "1" })!).error.message.length).toBeLessThan(200);
    expect(JSON.parse(host.exchange({ role: [1], u: "1" })!).error.message).toBe("Invalid RPC request role: array");
    expect(JSON.parse(host.exchange({ role: null, u: 3 })!)).toMatchObject({
      u: "unknown",
      error: { code: 1004, message: "Invalid RPC request role: None" },
    });
  });

  test("a role that only the prototype of an object has is none", () => {
    const reply = JSON.parse(
      new FakeHost().exchange('{"__proto__": {"role": "rpc", "u": "p", "cmds": []}, "u": "1"}')!,
    );
    expect(reply).toMatchObject({ u: "1", error: { code: 1004 } });
  });
});

describe("a message that could be read in two ways", () => {
  test("is read by the last of fields that come twice", () => {
    const frame =
      '{"role":"martian","u":"1","role":"rpc","u":"2","cmds":[{"name":"a","name":"x","fun":"echo","args":[{"k":1,"k":2}]}]}';
    expect(JSON.parse(new FakeHost().exchange(frame)!)).toMatchObject({ r: { x: { k: 2 } }, u: "2" });
  });

  test("may name commands as JavaScript names members of every object", () => {
    const host = new FakeHost();
    const cmds = ["__proto__", "constructor", "toString", "hasOwnProperty", "length"].map((name, at, names) => ({
      name,
      fun: "echo",
      args: [at === 0 ? { deep: [name] } : `${names[at - 1]!}${at === 1 ? ".deep.0" : ""}`],
    }));
    expect(host.exchange({ role: "rpc", u: "q", cmds })).toContain('{"r":{"length":"__proto__"},');
    expect(Object.prototype).not.toHaveProperty("deep");
  });

  test("may have lone surrogates everywhere: they come back as they were sent", () => {
    const frame =
      '{"role":"rpc","u":"\\ud800","cmds":[{"name":"\\udc00","fun":"echos","args":["\\ud83d",{"\\udfff":"a\\udead"},"\\ud83d\\ude00"]}]}';
    expect(new FakeHost().exchange(frame)).toContain(
      '{"r":{"\\udc00":["\\ud83d",{"\\udfff":"a\\udead"},"😀"]},"error":null,"u":"\\ud800",',
    );
  });
});

describe("a request beyond a limit is 1003, too large", () => {
  const tooLarge = { code: 1003, details: { code: "too-large", outcome: "not-applied" } };

  test("a million commands", () => {
    const frame = `{"role":"rpc","u":"q","cmds":[${"{},".repeat(999_999)}{}]}`;
    expect(JSON.parse(new FakeHost().exchange(frame)!).error).toMatchObject(tooLarge);
  });

  test("more references than are allowed", () => {
    const host = new FakeHost({ limits: { bindingsMax: 5 } });
    const cmds = (count: number): object[] => [
      step({}),
      step({ name: "y", args: Array.from({ length: count }, () => "x") }),
    ];
    expect(host.ask(cmds(5)).error).toBeNull();
    expect(host.ask(cmds(6)).error).toMatchObject({ ...tooLarge, details: { code: "too-large", step: "y" } });
  });

  test.each<[string, string]>([
    ["a path of more segments than are allowed", `x${".a".repeat(101)}`],
    ["a path of a million segments", `x${".".repeat(1_000_000)}`],
    ["a path with an endless segment", `x.${"a".repeat(1_000_000)}`],
  ])("%s", (_title, text) => {
    expect(new FakeHost().ask([step({}), step({ name: "y", args: [text] })]).error).toMatchObject(tooLarge);
  });

  test("arguments that take more bytes than a message may have", () => {
    const host = new FakeHost({ limits: { messageBytesMax: 500 } });
    const cmds = [step({ args: Array.from({ length: 80 }, () => 0.5) })]; // 4 bytes each as JSON, 9 encoded
    expect(host.ask(cmds).error).toMatchObject({ ...tooLarge, details: { code: "too-large", step: "x" } });
  });
});

describe("the scan of a frame", () => {
  test("agrees with the parser on depth and number of containers, for any JSON (N2)", () => {
    const measure = (value: unknown): [depth: number, count: number] => {
      if (typeof value !== "object" || value === null) return [0, 0];
      const inner = Object.values(value).map(measure);
      return [1 + Math.max(0, ...inner.map(([depth]) => depth)), inner.reduce((sum, [, count]) => sum + count, 1)];
    };
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const { depth, containers } = scanJson(utf8.encode(text));
        expect([depth, containers]).toEqual(measure(JSON.parse(text)));
      }),
    );
  });

  test("counts the fields of each object for itself, and only those beyond the thousandth", () => {
    const object = (fields: number, inner = "1"): string =>
      `{${Array.from({ length: fields }, (_, i) => `"k:${i}":${inner}`).join(",")}}`;
    const crowd = (text: string): number => scanJson(utf8.encode(text)).crowd;
    expect(crowd(object(1_000))).toBe(0);
    expect(crowd(object(1_003))).toBe(3);
    expect(crowd(`[${object(600)},${object(600)}]`)).toBe(0);
    expect(crowd(`[${object(1_001)},{"a":${object(1_002, "[{}]")}}]`)).toBe(3);
  });

  test.each<[string, boolean]>([
    ["1e308", true],
    ["1.5E+400", true],
    ["0.0001e310", true],
    [`-${"1".repeat(309)}e-400`, true],
    ["1e307", false],
    ["12345.678e20", false],
    [`${"1".repeat(308)}.5`, false],
    ["5e-324", false],
    ["1e-400", false],
    ['"1e400"', false],
  ])("tells that %s may be a number that none can hold: %s", (text, may) => {
    expect(scanJson(utf8.encode(`[${text}]`)).mayOverflow).toBe(may);
  });

  test("finds every integer that a number would round, with its sign, and no other digits (N2)", () => {
    const text = '{"1234567890123456789\\"":[-1234567890123456789,1.234567890123456789,9007199254740993]}';
    const { wideIntegers } = scanJson(utf8.encode(text));
    const found = wideIntegers.flatMap((start, i) => (i % 2 === 0 ? [text.slice(start, wideIntegers[i + 1])] : []));
    expect(found).toEqual(["-1234567890123456789", "9007199254740993"]);
  });
});

test("whatever bytes come, the door does not throw: it answers, or ends the connection (G2)", () => {
  const debugFields = {
    return_intermediate_results: fc.oneof(fc.boolean(), fc.jsonValue()),
    include_execution_summary: fc.oneof(fc.boolean(), fc.jsonValue()),
    intermediate_result_callback_topic: fc.oneof(fc.string(), fc.jsonValue()),
  };
  const json = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.json().map((text) => utf8.encode(text)),
    fc
      .record(
        {
          role: fc.constantFrom("rpc", "server", "x"),
          u: fc.oneof(fc.string(), fc.jsonValue()),
          cmds: fc.jsonValue(),
          ...debugFields,
        },
        { requiredKeys: [] },
      )
      .map((message) => utf8.encode(JSON.stringify(message))),
    fc
      .array(
        fc.record(
          {
            name: fc.constantFrom("a", "b", "a.b", ""),
            fun: fc.constantFrom("echo", "boom"),
            args: fc.jsonValue(),
            kwargs: fc.jsonValue(),
            locs: fc.jsonValue(),
          },
          { requiredKeys: [] },
        ),
      )
      .chain((cmds) => fc.record(debugFields).map((fields) => ({ role: "rpc", u: "q", cmds, ...fields })))
      .map((message) => utf8.encode(JSON.stringify(message))),
  );
  fc.assert(
    fc.property(json, (frame) => {
      const host = new FakeHost();
      const reply = host.exchange(frame);
      expect(reply === undefined).toBe(host.closedWith !== undefined);
      expect(host.replies.length).toBe(reply === undefined ? 0 : 1);
      if (reply !== undefined)
        expect(Object.keys(JSON.parse(reply)).filter((field) => field !== "notices")).toEqual([
          "r",
          "error",
          "u",
          "intermediate_results",
          "execution_summary",
        ]);
    }),
    { numRuns: 1_000 },
  );
});

test("what is data comes back as it was sent, whatever it is", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (json) => {
      const frame = `{"role":"rpc","u":"q","cmds":[{"name":"x","fun":"echo","args":[${json}]}]}`;
      const text = JSON.stringify({ r: { x: JSON.parse(json) } }).slice(0, -1);
      expect(new FakeHost().exchange(frame)!.startsWith(text)).toBe(true);
    }),
  );
});

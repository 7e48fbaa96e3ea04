/** Results as JSON: what is told of values, by their shapes. */
import { expect, test } from "vitest";
import { writeJson } from "../../../src/doors/sqs/protocol/json.js";
import { blob, integer, list, map, string, structure } from "../../../src/doors/sqs/protocol/shapes.js";

const platform = {
  toBase64: (bytes: Uint8Array): string => `base64 of ${bytes.length}`,
  fromBase64: (): undefined => undefined,
};
const message = structure(
  { Id: string },
  { Count: integer, Raw: blob, Names: list("Name"), Attributes: map("Attribute", "Name") },
);
const shape = structure(
  { Messages: list("Message", message) },
  { Failed: list("Failure", structure({ Code: string })) },
);

test("of a result the members of its shape are told, and no others: maps and bytes in the form of JSON (J3)", () => {
  const value = {
    Messages: [
      { Id: 'a "b"', Count: 1, Names: ["x", "y"], Secret: "none of theirs" },
      { Id: "c", Raw: Uint8Array.of(1, 2), Secret: "none of theirs" },
      { Id: "d", Count: undefined, Attributes: new Map([["__proto__", "p"]]), Secret: "none of theirs" },
    ],
    Failed: [{ Code: "e", Secret: "none of theirs" }],
    Secret: "none of theirs",
  };
  expect(writeJson(value, shape, platform)).toBe(
    '{"Messages":[{"Id":"a \\"b\\"","Count":1,"Names":["x","y"]},{"Id":"c","Raw":"base64 of 2"},{"Id":"d","Attributes":{"__proto__":"p"}}],"Failed":[{"Code":"e"}]}',
  );
});

/** The limits of the port, as docs/protocol.md states them. */
import { expect, test } from "vitest";
import { readMarkdown } from "../../../core/test/docs/markdown.js";
import { defaultPortLimits } from "../../src/transports/limits.js";

test("the limits of the port in docs/protocol.md are the code's", () => {
  const { tables } = readMarkdown(new URL("../../../../docs/protocol.md", import.meta.url));
  const stated = tables.find(({ head }) => head[0] === "option of the port")!.rows;
  const defaults = stated.map(([option, value]) => [option, Number(value!.replaceAll(",", ""))]);
  expect(Object.fromEntries(defaults)).toEqual(defaultPortLimits);
});

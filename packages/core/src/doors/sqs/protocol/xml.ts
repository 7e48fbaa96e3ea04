/**
 * XML: what is answered to the Query protocol.
 *
 * (X1) Whatever a text holds, a parser of XML 1.0 gives it back: what it would read as markup, or as another line end, is
 *      written as a reference; what XML cannot say at all becomes U+FFFD (SQS takes no such messages in the first place).
 */
import type { SqsError } from "../errors.js";
import type { SqsPlatform } from "../types.js";
import type { Shape, StructureShape, Value } from "./shapes.js";

type Base64 = Pick<SqsPlatform, "toBase64">;

const namespace = "http://queue.amazonaws.com/doc/2012-11-05/";
const opening = `<?xml version="1.0"?>`;

/** The answer to an action that was done. */
export function resultXml(
  action: string,
  result: { readonly value: Value; readonly shape: StructureShape } | undefined,
  requestId: string,
  platform: Base64,
): string {
  const inner = result === undefined ? "" : element(`${action}Result`, membersOf(result.value, result.shape, platform));
  const metadata = element("ResponseMetadata", element("RequestId", escaped(requestId)));
  return `${opening}<${action}Response xmlns="${namespace}">${inner}${metadata}</${action}Response>`;
}

/** The answer to one that was not. */
export function errorXml(error: SqsError, requestId: string): string {
  const inner =
    element("Type", error.isSenderFault ? "Sender" : "Receiver") +
    element("Code", error.queryCode) +
    element("Message", escaped(error.message)) +
    "<Detail/>";
  const rest = element("Error", inner) + element("RequestId", escaped(requestId));
  return `${opening}<ErrorResponse xmlns="${namespace}">${rest}</ErrorResponse>`;
}

function membersOf(value: Value, shape: StructureShape, platform: Base64): string {
  const given = value as Readonly<Record<string, Value | undefined>>;
  let text = "";
  for (const [name, member] of Object.entries(shape.members)) {
    const each = given[name];
    if (each !== undefined) text += written(name, each, member, platform);
  }
  return text;
}

function written(name: string, value: Value, shape: Shape, platform: Base64): string {
  switch (shape.kind) {
    case "string":
      return element(name, escaped(value as string));
    case "integer":
    case "boolean":
      return element(name, JSON.stringify(value));
    case "blob":
      return element(name, platform.toBase64(value as Uint8Array));
    case "structure":
      return element(name, membersOf(value, shape, platform));
    case "list":
      return (value as readonly Value[]).map((each) => written(shape.as, each, shape.of, platform)).join("");
    case "map":
      return [...(value as ReadonlyMap<string, Value>)]
        .map(([key, each]) =>
          element(shape.as, element(shape.key, escaped(key)) + written(shape.value, each, shape.of, platform)),
        )
        .join("");
  }
}

function element(name: string, inner: string): string {
  return `<${name}>${inner}</${name}>`;
}

/** What cannot stand in XML 1.0 as it is; a carriage return would come back as a line feed (X1). */
const special = /[&<>"\r]|[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
const references = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  [`"`, "&quot;"],
  ["\r", "&#13;"],
]);

function escaped(text: string): string {
  return text.replace(special, (each) => references.get(each) ?? "\ufffd");
}

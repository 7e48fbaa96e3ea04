/**
 * Query: the older protocol, a form of names such as `SendMessageBatchRequestEntry.1.MessageAttribute.2.Value.DataType`.
 *
 * (Q1) A value that the model has as a number, a list … and the form not, is refused by its name; unknown names are skipped.
 * (Q2) Items are taken in the order of their numbers; numbers may be left out.
 * (Q4) A form cannot say that a list is empty but by leaving it out.
 * (Q3) A form has at most `parametersMax` parameters, each of at most `partsMax` parts.
 * (Q5) A list of one may be written without its number, as the examples of AWS do: `AttributeName=All`, `Attribute.Name=…&Attribute.Value=…`.
 */
import { SqsError } from "../errors.js";
import type { SqsPlatform } from "../types.js";
import type { MapShape, Shape, StructureShape, Value } from "./shapes.js";

type Base64 = Pick<SqsPlatform, "fromBase64">;

/** A name of the form up to one of its dots, and what follows there. */
export interface FormPart {
  text: string | undefined;
  readonly parts: Map<string, FormPart>;
}

/** Ten messages with ten attributes each have about 400. */
const parametersMax = 5_000;
const partsMax = 10;

/** Reads `a=b&c.1=d`, from all the given texts; throws `MalformedInput`. */
export function parseForm(...texts: readonly string[]): FormPart {
  const form: FormPart = { text: undefined, parts: new Map() };
  let count = 0;
  for (const text of texts) {
    for (const pair of text.split("&")) {
      if (pair === "") continue;
      if (++count > parametersMax) throw new SqsError("MalformedInput", `More than ${parametersMax} parameters`); // (Q3)
      const equals = pair.indexOf("=");
      const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
      put(form, name, equals < 0 ? "" : decoded(pair.slice(equals + 1)));
    }
  }
  return form;
}

function put(form: FormPart, name: string, value: string): void {
  const parts = name.split(".");
  if (parts.length > partsMax) throw new SqsError("MalformedInput", `The parameter ${name} has too many parts`); // (Q3)
  let at = form;
  for (const part of parts) {
    let next = at.parts.get(part);
    if (next === undefined) at.parts.set(part, (next = { text: undefined, parts: new Map() }));
    at = next;
  }
  at.text ??= value;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new SqsError("MalformedInput", "The form has a percent sign that does not begin a character of UTF-8");
  }
}

/** The input of an action; throws `MalformedInput`. */
export function readForm(form: FormPart, shape: StructureShape, platform: Base64): Value {
  return structureOf(form, shape, "", platform);
}

function structureOf(form: FormPart, shape: StructureShape, prefix: string, platform: Base64): Value {
  const members: Record<string, Value> = {};
  for (const [name, member] of Object.entries(shape.members)) {
    const isFlat = member.kind === "list" || member.kind === "map";
    const part = form.parts.get(isFlat ? member.as : name);
    if (part !== undefined) members[name] = valueOf(part, member, `${prefix}${isFlat ? member.as : name}`, platform);
    else if (isFlat && shape.required.includes(name)) members[name] = member.kind === "list" ? [] : new Map(); // (Q4)
  }
  return members;
}

function valueOf(part: FormPart, shape: Shape, path: string, platform: Base64): Value {
  switch (shape.kind) {
    case "structure":
      return structureOf(part, shape, `${path}.`, platform);
    case "list":
      return items(part, path, isText).map(([name, each]) => valueOf(each, shape.of, name, platform));
    case "map":
      return new Map(
        items(part, path, ({ parts }) => parts.has(shape.key)).map(([name, each]) =>
          entryOf(each, shape, name, platform),
        ),
      );
    case "string":
      return part.text ?? fail(path, "a text");
    case "integer":
      return part.text !== undefined && /^[+-]?\d{1,15}$/.test(part.text)
        ? Number(part.text)
        : fail(path, "an integer");
    case "boolean":
      return part.text === "true" || part.text === "false" ? part.text === "true" : fail(path, "true or false");
    case "blob":
      return (part.text === undefined ? undefined : platform.fromBase64(part.text)) ?? fail(path, "base64");
  }
}

function entryOf(part: FormPart, { key, value, of }: MapShape, path: string, platform: Base64): [string, Value] {
  const name = part.parts.get(key)?.text ?? fail(`${path}.${key}`, "given");
  return [name, valueOf(part.parts.get(value) ?? fail(`${path}.${value}`, "given"), of, `${path}.${value}`, platform)];
}

/** (Q2) */
function items(part: FormPart, path: string, isOne: (part: FormPart) => boolean): [string, FormPart][] {
  if (part.text === "" && part.parts.size === 0) return []; // how an empty list is written
  const numbers = [...part.parts.keys()];
  if (isOne(part)) return [[path, part]]; // (Q5)
  if (part.text !== undefined || !numbers.every((each) => /^[1-9]\d{0,8}$/.test(each)))
    return fail(path, "followed by numbers, the first of them 1");
  return numbers
    .sort((a, b) => Number(a) - Number(b))
    .map((number) => [`${path}.${number}`, part.parts.get(number) as FormPart]);
}

function isText({ text, parts }: FormPart): boolean {
  return text !== undefined && parts.size === 0;
}

function fail(path: string, wanted: string): never {
  throw new SqsError("MalformedInput", `${path} must be ${wanted}`); // (Q1)
}

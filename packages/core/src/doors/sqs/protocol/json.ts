/**
 * JSON: the protocol AWS calls JSON 1.0, which present SDKs speak. The header `X-Amz-Target` names the action.
 *
 * (J1) A member of the wrong type is refused by its path; one that the model does not know is skipped, and null is absent.
 * (J2) No name in a request becomes a property of anything: maps are `Map`s.
 * (J3) Of a result, the members of its shape are told and no others; those that are JSON as they are at once, which costs less than one by one.
 */
import { SqsError } from "../errors.js";
import type { SqsPlatform } from "../types.js";
import { type Shape, type StructureShape, type Value, isJson, namesIn } from "./shapes.js";

type Base64 = Pick<SqsPlatform, "fromBase64" | "toBase64">;

/** The input of an action; throws `MalformedInput`. */
export function readJson(text: string, shape: StructureShape, platform: Base64): Value {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text === "" ? "{}" : text);
  } catch {
    throw new SqsError("MalformedInput", "The body of the request is not JSON");
  }
  return valueOf(parsed, shape, "the body", platform);
}

function valueOf(json: unknown, shape: Shape, path: string, platform: Base64): Value {
  switch (shape.kind) {
    case "string":
      return typeof json === "string" ? json : fail(path, "a string");
    case "boolean":
      return typeof json === "boolean" ? json : fail(path, "true or false");
    case "integer":
      return Number.isSafeInteger(json) ? (json as number) : fail(path, "an integer");
    case "blob":
      return (typeof json === "string" ? platform.fromBase64(json) : undefined) ?? fail(path, "a string of base64");
    case "list":
      if (!Array.isArray(json)) return fail(path, "a list");
      return json.map((each: unknown, at) => valueOf(each, shape.of, `${path}[${at}]`, platform));
    case "map": {
      const map = new Map<string, Value>(); // (J2)
      for (const [key, each] of Object.entries(objectOf(json, path))) {
        if (each !== null) map.set(key, valueOf(each, shape.of, `${path}.${key}`, platform));
      }
      return map;
    }
    case "structure": {
      const given = objectOf(json, path);
      const members: Record<string, Value> = {};
      for (const [name, member] of shape.entries) {
        const each = Object.hasOwn(given, name) ? given[name] : undefined; // (J2)
        if (each !== undefined && each !== null) members[name] = valueOf(each, member, name, platform); // (J1)
      }
      return members;
    }
  }
}

function objectOf(json: unknown, path: string): Record<string, unknown> {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  return fail(path, "an object");
}

function fail(path: string, wanted: string): never {
  throw new SqsError("MalformedInput", `${path} must be ${wanted}`); // (J1)
}

/** The result of an action as text. */
export function writeJson(value: Value, shape: Shape, platform: Base64): string {
  switch (shape.kind) {
    case "string":
    case "boolean":
    case "integer":
      return JSON.stringify(value);
    case "blob":
      return `"${platform.toBase64(value as Uint8Array)}"`;
    case "list":
      if (isJson(shape.of)) return JSON.stringify(value, namesIn(shape.of) as string[]); // (J3)
      return `[${(value as readonly Value[]).map((each) => writeJson(each, shape.of, platform)).join(",")}]`;
    case "map": {
      const entries = [...(value as ReadonlyMap<string, Value>)];
      return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${writeJson(each, shape.of, platform)}`).join(",")}}`;
    }
    case "structure": {
      const given = value as Readonly<Record<string, Value | undefined>>;
      if (shape.special.every((name) => given[name] === undefined))
        return JSON.stringify(given, shape.names as string[]); // (J3)
      let text = "";
      for (const [name, member] of shape.entries) {
        const each = given[name];
        if (each === undefined) continue;
        text += `${text === "" ? "" : ","}"${name}":${writeJson(each, member, platform)}`;
      }
      return `{${text}}`;
    }
  }
}

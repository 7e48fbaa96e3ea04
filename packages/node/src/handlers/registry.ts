/** Registry: the functions of one node, by name. */
import { type InputSchemas, MpregError, type StandardSchema } from "@mpreg/core/base";
import type { AnyHandler, RegisterOptions } from "./types.js";

export interface RegisteredFunction {
  readonly name: string;
  readonly handler: AnyHandler;
  readonly resources: readonly string[];
  readonly input: InputSchemas | undefined;
  readonly output: StandardSchema | undefined;
}

const nameBytesMax = 1024;

/** Checks what is about to be registered. Throws `invalid-argument`. */
export function checkRegistration(name: unknown, handler: unknown, options: RegisterOptions): RegisteredFunction {
  if (typeof name !== "string" || name === "" || Buffer.byteLength(name) > nameBytesMax) {
    throw invalid(`register: a function's name must be a text of 1 to ${nameBytesMax} bytes`);
  }
  if (typeof handler !== "function") throw invalid(`register("${name}"): the handler must be a function`);
  const resources = checkResources(options.resources ?? [], `register("${name}")`);
  return { name, handler: handler as AnyHandler, resources, input: options.input, output: options.output };
}

/** Resource names, each once. Throws `invalid-argument`, naming `what`. */
export function checkResources(resources: unknown, what: string): readonly string[] {
  const valid =
    Array.isArray(resources) &&
    resources.every((each) => typeof each === "string" && each !== "" && Buffer.byteLength(each) <= nameBytesMax);
  if (valid) return [...new Set(resources as string[])];
  throw invalid(`${what}: resources must be an array of texts of 1 to ${nameBytesMax} bytes`);
}

function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

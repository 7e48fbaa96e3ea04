/** Registry: the functions of one node, by name. */
import { type InputSchemas, MpregError, type StandardSchema, isSchema, suggestion } from "@mpreg/core/base";
import { defaultWireLimits } from "@mpreg/core/wire";
import type { AnyHandler, RegisterOptions } from "./types.js";

export interface RegisteredFunction {
  readonly name: string;
  readonly handler: AnyHandler;
  readonly resources: readonly string[];
  readonly input: InputSchemas | undefined;
  readonly output: StandardSchema | undefined;
}

/** What other nodes accept, whatever this one's own limits are. */
const { nameBytesMax, resourcesMax } = defaultWireLimits;

const optionNames: readonly (keyof RegisterOptions)[] = ["resources", "input", "output"];

/** Checks what is about to be registered on a node with the resources `nodeHas`. Throws `invalid-argument`. */
export function checkRegistration(
  name: unknown,
  handler: unknown,
  options: RegisterOptions,
  nodeHas: readonly string[],
): RegisteredFunction {
  if (typeof name !== "string" || name === "" || Buffer.byteLength(name) > nameBytesMax) {
    throw invalid(`register: a function's name must be a text of 1 to ${nameBytesMax} bytes`);
  }
  if (typeof handler !== "function") throw invalid(`register("${name}"): the handler must be a function`);
  const what = `register("${name}")`;
  for (const key of Object.keys(options)) {
    if ((optionNames as readonly string[]).includes(key)) continue;
    throw invalid(`${what} has no option "${key}"; it has ${optionNames.join(", ")}${suggestion(key, optionNames)}`);
  }
  const resources = checkResources(options.resources ?? [], what);
  const count = new Set([...nodeHas, ...resources]).size;
  if (count > resourcesMax) {
    throw invalid(`${what}: a function may have ${resourcesMax} resources, its node's included, got ${count}`);
  }
  const { input, output } = options;
  checkSchemas(input, output, what);
  return { name, handler: handler as AnyHandler, resources, input, output };
}

function checkSchemas(input: unknown, output: unknown, what: string): void {
  const inputs: readonly unknown[] = Array.isArray(input) ? input : input === undefined ? [] : [input];
  inputs.forEach((schema, index) => {
    checkSchema(schema, `${what}: input${Array.isArray(input) ? `[${index}]` : ""}`);
  });
  if (output !== undefined) checkSchema(output, `${what}: output`);
}

function checkSchema(schema: unknown, what: string): void {
  if (isSchema(schema)) return;
  const interfaces = "the Standard Schema interface (zod, valibot, arktype, …)";
  throw invalid(`${what} must be a schema with ${interfaces}, got ${typeof schema}`);
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

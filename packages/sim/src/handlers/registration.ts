/**
 * Registration: a function that a simulated node offers.
 */
import { type InputSchemas, MpregError, type StandardSchema } from "@mpreg/core/base";

/** A handler: its arguments are the call's, `kwargs` arrive as a last object. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a handler may declare any parameters
export type AnyHandler = (...args: any[]) => unknown;

export interface RegisterOptions {
  /** Resources the function has, beside those of its node. */
  readonly resources?: readonly string[] | undefined;
  /** Schema of the arguments: one schema for one argument, or an array, one per positional argument. */
  readonly input?: InputSchemas | undefined;
  /** Schema of the result. */
  readonly output?: StandardSchema | undefined;
}

/** A function of a node: its handler, or the handler and what belongs to it. */
export type FunctionDefinition = AnyHandler | (RegisterOptions & { readonly handler: AnyHandler });

export interface RegisteredFunction {
  readonly name: string;
  readonly handler: AnyHandler;
  readonly resources: readonly string[];
  readonly input: InputSchemas | undefined;
  readonly output: StandardSchema | undefined;
}

/** Checks what is about to be registered. Throws `invalid-argument`. */
export function registeredFunction(name: string, definition: FunctionDefinition): RegisteredFunction {
  const { handler, resources, input, output } =
    typeof definition === "function"
      ? ({ handler: definition } as Exclude<FunctionDefinition, AnyHandler>)
      : definition;
  if (name === "") throw new MpregError("invalid-argument", "A function's name must not be empty");
  if (typeof handler !== "function") {
    throw new MpregError("invalid-argument", `The handler of "${name}" must be a function, got ${typeof handler}`);
  }
  return { name, handler, resources: [...new Set(resources ?? [])], input, output };
}

/** What every node offers. */
export const builtins: Readonly<Record<string, AnyHandler>> = {
  echo: (value: unknown) => value,
  echos: (...values: readonly unknown[]) => values,
};

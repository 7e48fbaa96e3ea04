/** Handlers: the functions a node offers. */
import type { InputSchemas, StandardSchema } from "@mpreg/core/base";

/** A function to register: its arguments are the call's, `kwargs` arrive as a last object. */
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

/** A registered function. */
export interface Registration extends Disposable {
  readonly name: string;
  readonly resources: readonly string[];
  /** Withdraws the function from the cluster; calls that run are not disturbed. Does nothing the second time. */
  unregister(): void;
}

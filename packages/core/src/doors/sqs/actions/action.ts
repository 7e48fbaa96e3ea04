/** Action: the form of all of them: an input that has its shape, questions to the backend, and `done` with a result. */
import type { SqsActionName, SqsInputs, SqsResults } from "../types.js";
import type { Turn } from "../turn.js";

/** Throws `SqsError`, or makes the turn fail later; else calls `done` once. */
export type Action<A extends SqsActionName> = (
  input: SqsInputs[A],
  turn: Turn,
  done: (result: SqsResults[A]) => void,
) => void;

export type Actions = { readonly [A in SqsActionName]: Action<A> };

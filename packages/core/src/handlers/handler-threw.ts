/** Marks what a handler itself threw (its cause), so that it is not taken for a refusal of ours. */
export class HandlerThrew extends Error {
  constructor(reason: unknown) {
    super("the handler threw", { cause: reason });
  }
}

/** Checks: what is sent to a queue, and what is answered of it, through the schemas that its program has given. */
import { type QueueDeclaration, checkedBy, quoted } from "../../base/index.js";

export class QueueChecks {
  readonly #name: string;
  readonly #declared: QueueDeclaration;

  constructor(name: string, declared: QueueDeclaration) {
    this.#name = name;
    this.#declared = declared;
  }

  /** A value as its schema gives it back; a promise where that gives one. Throws, or rejects with, `invalid-input`. */
  value(value: unknown): unknown {
    const { value: schema } = this.#declared;
    if (schema === undefined) return value;
    return checkedBy(schema, value, {
      code: "invalid-input",
      what: `Cannot send to queue ${quoted(this.#name)}`,
      place: "value",
    });
  }

  /** A result, likewise. Throws, or rejects with, `invalid-output`: what it is the result of was done. */
  result(result: unknown): unknown {
    const { result: schema } = this.#declared;
    if (schema === undefined) return result;
    return checkedBy(schema, result, {
      code: "invalid-output",
      what: `The result of a message of queue ${quoted(this.#name)} is not what its contract says`,
      place: "result",
      outcome: "applied",
    });
  }
}

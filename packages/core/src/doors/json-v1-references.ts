/**
 * String references: which strings of a request stand for results of its steps.
 *
 * Owns the rules of names. A string is a reference when it is a step's name, or begins with a step's name and a dot;
 * what follows the dot is the path, one segment between two dots: a field, an item by its position ("rows.0"), or
 * `length` of an array or a string. Any other string is data.
 *
 * (S1) Strings are looked at once, in the request as it was sent, and never in results: results hold data only.
 * (S2) Where several names match, the longest wins: with steps "a" and "a.b", "a.b.c" is field "c" of "a.b". Names
 *      with more than 16 dots match only as a whole.
 * (S3) A step's own name is data to it, alone or with a path, since no step can wait for itself: the reference's
 *      clients name a step after its function, so that `call("echo", "echo")` is a step "echo" with that text.
 * (S4) Values are looked at to any depth, keys never.
 * (S5) What needs no change is not copied.
 */
import { MpregError, type Utf8, quoted } from "../base/index.js";
import { setField } from "../rpc/graph/objects.js";
import { type RefOwner, createRef } from "../rpc/graph/ref.js";
import type { WireLimits } from "../wire/index.js";
import { checkNameBytes } from "./json-v1-names.js";

/** Looking for names takes time for each dot that a name may have. */
const dotsMax = 16;

interface Found {
  readonly step: number;
  /** Where the name ends in the text. */
  readonly end: number;
}

export class StringReferences {
  readonly #owner: RefOwner;
  readonly #steps = new Map<string, number>();
  readonly #check: (segment: string, what: string) => void;
  readonly #limits: WireLimits;
  #nameLengthMax = 0;
  #dotsMax = 0;
  #count = 0;

  constructor(names: readonly string[], owner: RefOwner, limits: WireLimits, utf8: Utf8) {
    this.#owner = owner;
    this.#limits = limits;
    this.#check = (segment, what) => {
      checkNameBytes(segment, what, limits, utf8);
    };
    names.forEach((name, step) => {
      this.#steps.set(name, step);
      this.#nameLengthMax = Math.max(this.#nameLengthMax, name.length);
      this.#dotsMax = Math.max(this.#dotsMax, Math.min(dotsMax, name.split(".", dotsMax + 1).length - 1));
    });
  }

  /** `part` of the arguments of step number `step`, with references in the places of strings that are some. */
  resolve(part: unknown, step: number): unknown {
    if (typeof part === "string") return this.#resolveText(part, step);
    if (Array.isArray(part)) return this.resolveItems(part, step);
    if (typeof part !== "object" || part === null) return part;
    return this.#resolveFields(part as Readonly<Record<string, unknown>>, step);
  }

  resolveItems(items: readonly unknown[], step: number): readonly unknown[] {
    let copy: unknown[] | undefined;
    for (const [index, item] of items.entries()) {
      const resolved = this.resolve(item, step);
      if (resolved !== item) (copy ??= [...items])[index] = resolved;
    }
    return copy ?? items; // (S5)
  }

  #resolveFields(fields: Readonly<Record<string, unknown>>, step: number): unknown {
    let copy: Record<string, unknown> | undefined;
    for (const name of Object.keys(fields)) {
      const field = fields[name];
      const resolved = this.resolve(field, step);
      if (resolved !== field) setField((copy ??= { ...fields }), name, resolved); // (S4)
    }
    return copy ?? fields;
  }

  #resolveText(text: string, step: number): unknown {
    const found = this.#find(text);
    if (found === undefined || found.step === step) return text; // (S3)
    const { bindingsMax } = this.#limits;
    this.#count += 1;
    if (this.#count > bindingsMax) {
      throw new MpregError("too-large", `The request has more than ${bindingsMax} references to results`);
    }
    return createRef(this.#owner, found.step, found.end === text.length ? [] : this.#path(text, found));
  }

  /** The step that `text` refers to. (S2) */
  #find(text: string): Found | undefined {
    const whole = this.#steps.get(text);
    if (whole !== undefined) return { step: whole, end: text.length };
    let found: Found | undefined;
    let end = text.indexOf(".");
    for (let dots = 0; dots <= this.#dotsMax && end >= 0 && end <= this.#nameLengthMax; dots++) {
      const step = this.#steps.get(text.slice(0, end));
      if (step !== undefined) found = { step, end };
      end = text.indexOf(".", end + 1);
    }
    return found;
  }

  #path(text: string, { end }: Found): readonly string[] {
    // one more than allowed, so that whoever counts them sees it
    const path = text.slice(end + 1).split(".", this.#limits.pathSegmentsMax + 1);
    for (const segment of path) this.#check(segment, `A field in the reference to ${quoted(text.slice(0, end))}`);
    return path;
  }
}

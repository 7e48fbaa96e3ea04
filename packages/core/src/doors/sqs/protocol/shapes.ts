/**
 * Shapes: what an input or result of an action looks like, as data that the three protocols read.
 *
 * `as` is the name that the Query protocol and XML give to each item of a list or map ("flattened": `Attribute.1.Name`,
 * or `<Attribute>` again and again); JSON knows it only by the name of the member.
 */
export type Shape = ScalarShape | ListShape | MapShape | StructureShape;

export interface ScalarShape {
  readonly kind: "string" | "integer" | "boolean" | "blob";
}

export interface ListShape {
  readonly kind: "list";
  readonly as: string;
  readonly of: Shape;
}

export interface MapShape {
  readonly kind: "map";
  readonly as: string;
  /** What Query and XML call key and value. */
  readonly key: string;
  readonly value: string;
  readonly of: Shape;
}

export interface StructureShape {
  readonly kind: "structure";
  readonly members: Readonly<Record<string, Shape>>;
  readonly required: readonly string[];
  /** The members in a row, as they are read and written for each message. */
  readonly entries: readonly (readonly [string, Shape])[];
  /** Those in which something is required. */
  readonly checked: readonly (readonly [string, Shape])[];
  /** Those that hold what is no JSON: maps and bytes. */
  readonly special: readonly string[];
  /** The names of all others, and of the members of those. */
  readonly names: readonly string[];
}

/** A value of some shape: maps are `Map`s, so that no name in a request can be anything but data. */
export type Value =
  | string
  | number
  | boolean
  | Uint8Array
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | { readonly [name: string]: Value | undefined };

export const string: ScalarShape = { kind: "string" };
export const integer: ScalarShape = { kind: "integer" };
export const boolean: ScalarShape = { kind: "boolean" };
export const blob: ScalarShape = { kind: "blob" };

export function list(as: string, of: Shape = string): ListShape {
  return { kind: "list", as, of };
}

export function map(as: string, key: string, of: Shape = string): MapShape {
  return { kind: "map", as, key, value: "Value", of };
}

export function structure(required: Record<string, Shape>, optional: Record<string, Shape> = {}): StructureShape {
  const members = { ...required, ...optional };
  const entries = Object.entries(members);
  return {
    kind: "structure",
    members,
    required: Object.keys(required),
    entries,
    checked: entries.filter(([, shape]) => isChecked(shape)),
    special: entries.filter(([, shape]) => !isJson(shape)).map(([name]) => name),
    names: entries.flatMap(([name, shape]) => (isJson(shape) ? [name, ...namesIn(shape)] : [])),
  };
}

function isChecked(shape: Shape): boolean {
  if (shape.kind === "structure") return shape.required.length > 0 || shape.checked.length > 0;
  return (shape.kind === "list" || shape.kind === "map") && isChecked(shape.of);
}

/** Whether values of it are JSON as they are. */
export function isJson(shape: Shape): boolean {
  if (shape.kind === "structure") return shape.special.length === 0;
  return shape.kind === "list" ? isJson(shape.of) : shape.kind !== "map" && shape.kind !== "blob";
}

/** The names that members of its values have, where these are JSON as they are. */
export function namesIn(shape: Shape): readonly string[] {
  if (shape.kind === "structure") return shape.names;
  return shape.kind === "list" ? namesIn(shape.of) : [];
}

/** Throws what `missing` makes of the first member that is required and not there. */
export function checkRequired(value: Value, shape: Shape, missing: (name: string) => Error): void {
  if (shape.kind === "list") {
    for (const each of value as readonly Value[]) checkRequired(each, shape.of, missing);
  } else if (shape.kind === "map") {
    for (const each of (value as ReadonlyMap<string, Value>).values()) checkRequired(each, shape.of, missing);
  } else if (shape.kind === "structure") {
    const given = value as Readonly<Record<string, Value | undefined>>;
    for (const name of shape.required) if (given[name] === undefined) throw missing(name);
    for (const [name, member] of shape.checked) {
      const each = given[name];
      if (each !== undefined) checkRequired(each, member, missing);
    }
  }
}

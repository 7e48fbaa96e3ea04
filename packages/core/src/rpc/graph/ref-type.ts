/**
 * The types of references: what `Ref<T>` lets one write, and what a structure becomes on its way in and out.
 *
 * Owns types only; the values are `ref.ts`.
 *
 * (T1) A reference is not its value, not `any`, and has none of the members that only a prototype has. Where the type
 *      of the value is known, nothing on its reference is `any`, at any depth.
 * (T2) A reference has the type of what can arrive. What is missing never arrives: the step that needs it fails with
 *      `path-missing`; so an item of an array and anything behind `null` has the type of what is there when it is
 *      there. A field that may hold `undefined` (every optional one, unless `exactOptionalPropertyTypes` is on and its
 *      type says otherwise) has `undefined` in its type.
 * (T3) `then` is `undefined`: a reference can be returned by an async function without being awaited.
 * (T4) The fields of an untyped reference are `any`, since `noUncheckedIndexedAccess` adds `undefined` to every other
 *      type; what is read of them is `unknown` again.
 */

declare const refBrand: unique symbol;

/** Any reference to a `T`, its fields aside: what a function of yours takes when it only passes the reference on. */
export interface RefTo<out T> {
  readonly [refBrand]: T;
  /** Never a promise. A field of this name: `ref(x, "then")`. */
  readonly then?: undefined;
  /** Throws: a reference has no text. */
  toString(): never;
  /** Throws: a reference has no text. */
  toLocaleString(): never;
  /** Throws: a reference has no primitive value. */
  valueOf(): never;
}

/** Names that mean something else on a reference; `ref(x, name)` reaches fields that are called so. */
export type ReservedName = "at" | "then" | "toString" | "toLocaleString" | "toJSON" | "valueOf";

/**
 * The result of a call that has not run yet, or a part of it: what other calls take as an argument.
 *
 * It has the fields of a `T`, each a reference again, `length` where `T` is an array, a typed array or a string, and
 * `at(i)` for the items of arrays. Nothing leads into a `Map`, a `Set` or a `Date`: a step takes them apart. Any other name is reached by `ref(x, "name", 0, …)`. Where `T` is `unknown`, every field can be
 * named, and the compiler checks none of them: give `T`, or use `ref(x, "name")`, to have it look.
 */
export type Ref<T> = RefTo<T> & (unknown extends T ? RefToUnknown : RefFields<NonNullable<T>>);

/** `T` with a reference in any of its places, or in its own. What a call's argument may be. */
export type Wired<T> = unknown extends T ? unknown : RefTo<T> | WiredParts<T>;

type WiredParts<T> = T extends Leaf | string
  ? T
  : T extends readonly unknown[]
    ? { readonly [I in keyof T]: Wired<T[I]> }
    : T extends object
      ? { readonly [K in keyof T]: Wired<T[K]> }
      : T;

/** A structure with every reference replaced by its value. What `graph.run(outputs)` gives. */
export type Resolved<O> = Filled<O, never>;

/** Like {@link Resolved}, for a run that settles: a value is `undefined` when what it depends on failed. */
export type Settled<O> = Filled<O, undefined>;

/** A structure with every reference replaced by its value, or by `Missing`. */
type Filled<O, Missing> = IsAny<O> extends true ? unknown : FilledParts<O, Missing>; // (T4)

type FilledParts<O, Missing> =
  O extends RefTo<infer T>
    ? Read<T> | Missing
    : O extends ReadonlyMap<infer K, infer V>
      ? Map<Filled<K, Missing>, Filled<V, Missing>>
      : O extends ReadonlySet<infer V>
        ? Set<Filled<V, Missing>>
        : O extends Leaf | string
          ? O
          : O extends object
            ? { -readonly [K in keyof O]: Filled<O[K], Missing> }
            : O;

type IsAny<T> = 0 extends 1 & T ? true : false;

/** The value of a reference to `T`. */
type Read<T> = IsAny<T> extends true ? unknown : T;

/** Arrays of numbers, whose items can be referred to as those of other arrays. */
type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Values without fields of their own. */
type Leaf =
  | number
  | boolean
  | bigint
  | symbol
  | null
  | undefined
  | Date
  | RegExp
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ArrayBuffer
  | ArrayBufferView
  | PromiseLike<unknown>
  | ((...args: never) => unknown);

// Distributes over unions, so that a union's references have the fields common to all members.
type RefFields<V> = [V] extends [never]
  ? unknown
  : V extends string
    ? { readonly length: Ref<number> }
    : V extends TypedArray
      ? { readonly length: Ref<number>; readonly at: (index: number) => Ref<V[number]> }
      : V extends Leaf
        ? unknown
        : V extends readonly unknown[]
          ? RefToList<V>
          : { readonly [K in keyof V as FieldName<V, K>]-?: Ref<Arriving<V, K>> };

interface RefToList<V extends readonly unknown[]> {
  readonly length: Ref<number>;
  /** The item at `index`, counted from 0. */
  readonly at: number extends V["length"]
    ? (index: number) => Ref<V[number]>
    : <const I extends number>(index: TupleIndex<V, I>) => Ref<Item<V, I>>;
}

type RefToUnknown = AnyField & {
  readonly length: Ref<unknown>;
  /** The item at `index`, counted from 0. */
  at(index: number): Ref<unknown>;
};

interface AnyField {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- nothing else takes in the undefined that noUncheckedIndexedAccess adds (T4)
  readonly [name: string]: any;
}

type FieldName<V, K extends keyof V> = K extends ReservedName | symbol
  ? never
  : V[K] extends (...args: never) => unknown
    ? never
    : K;

/** What stands at `K` when something stands there, which is `undefined` only where `V` lets somebody put it. (T2) */
type Arriving<V, K extends keyof V> =
  Readonly<Record<K, undefined>> extends Pick<V, K> ? V[K] : Exclude<V[K], undefined>;

/** `I` where the tuple `V` has that position, or where the position is not known to the compiler. */
type TupleIndex<V extends readonly unknown[], I extends number> = number extends I
  ? I
  : `${I}` extends keyof V
    ? I
    : never;

type Item<V extends readonly unknown[], I extends number> = `${I}` extends keyof V ? Arriving<V, `${I}`> : V[number];

/** Every name that leads somewhere in a `T`: that of any member, where `T` is a union. */
export type KeyInto<T> = unknown extends T ? string | number : KeyOfPart<NonNullable<T>>;

type KeyOfPart<V> = V extends string
  ? "length"
  : V extends TypedArray
    ? number | "length"
    : V extends Leaf
      ? never
      : V extends readonly unknown[]
        ? number | "length"
        : Exclude<keyof V, symbol>;

/** What `key` leads to in a `T`. */
export type ValueAt<T, K> = unknown extends T ? unknown : PartAt<NonNullable<T>, K>;

type PartAt<V, K> = V extends readonly unknown[]
  ? K extends number
    ? Item<V, K>
    : number
  : V extends TypedArray
    ? K extends number
      ? V[number]
      : number
    : V extends string
      ? K extends "length"
        ? number
        : never
      : K extends keyof V
        ? Arriving<V, K>
        : never;

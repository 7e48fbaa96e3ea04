/** Looks for `any` in types. */

export type IsAny<T> = 0 extends 1 & T ? true : false;

/** Whether there is an `any` in `T` or in what its fields and methods lead to, so many steps deep. */
export type HasAny<T, Left extends readonly 0[] = [0, 0, 0, 0, 0, 0]> =
  IsAny<T> extends true
    ? true
    : Left extends readonly [0, ...infer Rest extends readonly 0[]]
      ? T extends (...args: never) => infer R
        ? HasAny<R, Rest>
        : T extends object
          ? true extends { [K in keyof T]-?: HasAny<T[K], Rest> }[keyof T]
            ? true
            : false
          : false
      : false;

/**
 * The types of patterns: whether a pattern matches a topic, known to the compiler where both are.
 *
 * Owns types only; what they mean, and the values, are `pattern.ts`.
 *
 * (T4) Where pattern and topic are literals, the type is what `matches` answers.
 * (T5) As there, only the last `#` that was met is tried again, so that the compiler does not give up on patterns with many.
 */

/**
 * `true` when the pattern `P` matches the topic `T`, `false` when it does not, `boolean` when the compiler cannot know: when one of
 * them is just a `string`. A hole in a template, such as that of `` `user.${string}.login` ``, counts as one word, which can be any.
 */
export type PatternMatches<P extends string, T extends string> = string extends P
  ? boolean
  : string extends T
    ? boolean
    : Match<Words<P>, Words<T>, undefined, []>;

/** The words of a topic or pattern: none of the empty text. */
type Words<Text extends string> = Text extends "" ? [] : Split<Text>;

type Split<Text extends string, Done extends readonly string[] = []> = Text extends `${infer Word}.${infer Rest}`
  ? Split<Rest, [...Done, Word]>
  : [...Done, Text];

/** `AfterHash`: the pattern behind the last `#`, if there was one; `Tried`: the topic's words with which that was last tried. */
type Match<
  P extends readonly string[],
  T extends readonly string[],
  AfterHash extends readonly string[] | undefined,
  Tried extends readonly string[],
> = P extends readonly ["#", ...infer Rest extends readonly string[]]
  ? Match<Rest, T, Rest, T>
  : T extends readonly [infer Word extends string, ...infer Words extends readonly string[]]
    ? P extends readonly [infer Own extends string, ...infer Rest extends readonly string[]]
      ? Own extends "*"
        ? Match<Rest, Words, AfterHash, Tried>
        : Word extends Own
          ? Match<Rest, Words, AfterHash, Tried>
          : Own extends Word // the topic's word can be any of several
            ? Match<Rest, Words, AfterHash, Tried> | TryAgain<AfterHash, Tried>
            : TryAgain<AfterHash, Tried>
      : TryAgain<AfterHash, Tried>
    : P extends readonly []
      ? true
      : false;

/** The `#` takes one word more. (T5) */
type TryAgain<
  AfterHash extends readonly string[] | undefined,
  Tried extends readonly string[],
> = AfterHash extends readonly string[]
  ? Tried extends readonly [string, ...infer Rest extends readonly string[]]
    ? Match<AfterHash, Rest, AfterHash, Rest>
    : false
  : false;

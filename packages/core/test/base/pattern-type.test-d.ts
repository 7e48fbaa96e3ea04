/** What the compiler says of patterns and topics; where both are literals, it is what `matches` answers. */
import { expectTypeOf, test } from "vitest";
import type { PatternMatches } from "../../src/base/index.js";

/** Of several topics those that the pattern matches. */
type Matching<P extends string, T extends string> = T extends unknown
  ? PatternMatches<P, T> extends true
    ? T
    : never
  : never;

/** The topics of RabbitMQ's own examples. */
type Topics =
  | "a.b.c"
  | "a.b"
  | "a.b.b"
  | ""
  | "b.c.c"
  | "a.a.a.a.a"
  | "vodka.gin"
  | "vodka.martini"
  | "b.b.c"
  | "nothing.here.at.all"
  | "oneword";

test("it is what RabbitMQ promises (T4)", () => {
  expectTypeOf<Matching<"a.*.c", Topics>>().toEqualTypeOf<"a.b.c">();
  expectTypeOf<Matching<"a.#.b", Topics>>().toEqualTypeOf<"a.b" | "a.b.b">();
  expectTypeOf<Matching<"#", Topics>>().toEqualTypeOf<Topics>();
  expectTypeOf<Matching<"#.#", Topics>>().toEqualTypeOf<Topics>();
  expectTypeOf<Matching<"#.b", Topics>>().toEqualTypeOf<"a.b" | "a.b.b">();
  expectTypeOf<Matching<"*.*", Topics>>().toEqualTypeOf<"a.b" | "vodka.gin" | "vodka.martini">();
  expectTypeOf<Matching<"a.#.#", Topics>>().toEqualTypeOf<"a.b.c" | "a.b" | "a.b.b" | "a.a.a.a.a">();
  expectTypeOf<Matching<"", Topics>>().toEqualTypeOf<"">();
  expectTypeOf<Matching<"#.*.#", Topics>>().toEqualTypeOf<Exclude<Topics, "">>();
  expectTypeOf<Matching<"*", Topics>>().toEqualTypeOf<"oneword">();
  expectTypeOf<Matching<"#.b.#", Topics>>().toEqualTypeOf<"a.b.c" | "a.b" | "a.b.b" | "b.c.c" | "b.b.c">();
});

test("empty words are words (T4)", () => {
  expectTypeOf<Matching<"a.*", "a." | "a" | "a.." | ".a">>().toEqualTypeOf<"a.">();
  expectTypeOf<Matching<"*.*", "." | "">>().toEqualTypeOf<".">();
});

test("many hashes are no burden (T5)", () => {
  type Long = "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a";
  expectTypeOf<PatternMatches<"#.a.#.a.#.a.#.a.#.a.#.a.#.a.#.a.#.b", Long>>().toEqualTypeOf<false>();
  expectTypeOf<PatternMatches<"#.a.#.a.#.a.#.a.#.a.#.a.#.a.#.a.#", Long>>().toEqualTypeOf<true>();
});

test("what cannot be known is not claimed", () => {
  expectTypeOf<PatternMatches<string, "a">>().toEqualTypeOf<boolean>();
  expectTypeOf<PatternMatches<"a.#", string>>().toEqualTypeOf<boolean>();
  expectTypeOf<PatternMatches<"user.*.login", `user.${string}.login`>>().toEqualTypeOf<true>();
  expectTypeOf<PatternMatches<"user.*.login", `user.${number}.login`>>().toEqualTypeOf<true>();
  expectTypeOf<PatternMatches<"user.*.logout", `user.${string}.login`>>().toEqualTypeOf<false>();
  expectTypeOf<PatternMatches<"user.7.login", `user.${string}.login`>>().toEqualTypeOf<boolean>();
});

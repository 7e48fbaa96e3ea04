import fc from "fast-check";
import { expect, test } from "vitest";
import { matches, parsePattern } from "../../../src/base/index.js";
import { InterestTable } from "../../../src/topics/interest/index.js";
import type { InterestRecord } from "../../../src/wire/index.js";

interface Owner {
  readonly name: string;
}

const owners: readonly Owner[] = [{ name: "a" }, { name: "b" }, { name: "c" }];
const patterns = ["", "#", "a.*", "a.#", "*.b", "a.b"].map((text) => parsePattern(text));
const groups = ["g", "h"];

const act = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("set" as const),
      owner: fc.nat(2),
      pattern: fc.constantFrom(...patterns),
      plain: fc.boolean(),
      groups: fc.subarray(groups),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("remove" as const),
      owner: fc.nat(2),
      pattern: fc.constantFrom(...patterns),
    }),
  },
  fc.record({ kind: fc.constant("forget" as const), owner: fc.nat(2) }),
);

test("the table answers what naive sets of each owner's patterns answer, and keeps nothing (K1) (K2)", () => {
  fc.assert(
    fc.property(
      fc.array(act, { maxLength: 40 }),
      fc.infiniteStream(fc.constantFrom("", "a", "a.b", "a.x", "x.b", "a.b.c")),
      (acts, topics) => {
        const table = new InterestTable<Owner>(() => 7);
        const model = owners.map(() => new Map<string, InterestRecord>());
        for (const each of acts) {
          const owner = owners[each.owner]!;
          const own = model[each.owner]!;
          if (each.kind === "set") {
            const interest = { pattern: each.pattern, plain: each.plain, groups: each.groups };
            table.set(owner, interest);
            own.set(each.pattern, interest);
          } else if (each.kind === "remove") {
            table.remove(owner, each.pattern);
            own.delete(each.pattern);
          } else {
            table.forget(owner);
            own.clear();
          }
          const [topic] = topics.take(1);
          const who = (has: (interest: InterestRecord) => boolean): string[] =>
            owners
              .filter((_, at) => [...model[at]!.values()].some((one) => matches(one.pattern, topic!) && has(one)))
              .map(({ name }) => name);
          const found = table.match(topic!);
          expect(found.owners.map(({ name }) => name).toSorted()).toEqual(who(({ plain }) => plain));
          const shared = new Map(
            found.groups.map(({ name, owners: members }) => [name, members.map((one) => one.name).toSorted()]),
          );
          expect(shared.size).toBe(found.groups.length);
          for (const group of groups) expect(shared.get(group) ?? []).toEqual(who((one) => one.groups.includes(group)));
        }
        for (const owner of owners) table.forget(owner);
        expect([table.size, table.match("a.b")]).toEqual([0, { owners: [], groups: [] }]);
      },
    ),
  );
});

test("what is reserved is wanted while somebody wants it", () => {
  const table = new InterestTable<object>(() => 7);
  const [one, other] = [{}, {}];
  const told: boolean[] = [];
  const set = (owner: object, text: string): void => {
    table.set(owner, { pattern: parsePattern(text), plain: true, groups: [] });
    told.push(table.wantsReserved);
  };
  set(one, "#");
  set(one, "mpreg.cluster.#");
  set(other, "mpreg.cluster.#");
  table.forget(one);
  told.push(table.wantsReserved);
  table.remove(other, parsePattern("mpreg.cluster.#"));
  told.push(table.wantsReserved);
  expect(told).toEqual([false, true, true, true, false]);
});

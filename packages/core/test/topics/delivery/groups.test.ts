import { describe, expect, test } from "vitest";
import { type GroupMember, Groups, chooseMember } from "../../../src/topics/delivery/groups.js";

describe("groups", () => {
  test("the member for which least waits is chosen, of several the one chosen longest ago (R1)", () => {
    const member = (waitingBytes: number, chosenAt: number): GroupMember => ({ waitingBytes, chosenAt });
    const none: GroupMember[] = [];
    expect(chooseMember(none)).toBeUndefined();
    const [a, b, c] = [member(5, 1), member(3, 9), member(3, 8)];
    expect(chooseMember([a, b, c])).toBe(c);
    expect(chooseMember([a, b])).toBe(b);
  });

  test("each group that was offered members chooses one, and forgets the others; without members it is forgotten (R2)", () => {
    const groups = new Groups<GroupMember>();
    const [one, two] = [groups.join("one"), groups.join("two")];
    expect(groups.join("one")).toBe(one);
    const members = [1, 2, 3].map((waitingBytes) => ({ waitingBytes, chosenAt: 0 }));
    for (const member of members) groups.offer(one, member);
    groups.offer(two, members[2] as GroupMember);
    groups.offerTo("three", members[1] as GroupMember); // of another node only
    groups.offerTo("two", members[1] as GroupMember);
    const chosen: [string, GroupMember][] = [];
    const told = (member: GroupMember, group: string) => chosen.push([group, member]);
    groups.choose(told);
    groups.choose(told);
    expect(chosen).toEqual([
      ["one", members[0]],
      ["two", members[1]],
      ["three", members[1]],
    ]);
    groups.leave(one);
    expect([groups.sizeOf("one"), groups.sizeOf("two"), groups.sizeOf("three")]).toEqual([1, 1, 0]);
    groups.leave(one);
    groups.leave(two);
    expect(groups.size).toBe(0);
  });
});

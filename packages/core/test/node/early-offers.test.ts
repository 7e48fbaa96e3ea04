/** Offers that come before the record of the node that offers them: news take any way through the cluster. */
import { expect, test } from "vitest";
import type { FunctionInfo } from "../../src/node/index.js";
import { Mesh } from "../support/mesh.js";
import { Announcer, idOf, recordOf, tellRecord, whole } from "../support/news.js";

test("are asked for again as soon as the record is there, of whoever has told them, and once", () => {
  const mesh = new Mesh();
  const a = mesh.node("a");
  mesh.settle();
  const teller = mesh.client(a, { node: "teller" });
  teller.say(0, tellRecord(recordOf("teller")));
  const offers = new Announcer("late").offer("f");
  teller.say(0, whole(offers));
  mesh.settle();
  const asked = (): number =>
    teller.heard.filter((m) => m.kind === "offers-request" && m.nodeId === idOf("late")).length;
  expect([(a.inspect("functions") as FunctionInfo[]).length, asked()]).toEqual([0, 0]);
  teller.say(0, tellRecord(recordOf("late")));
  mesh.settle();
  expect(asked()).toBe(1);
  teller.say(0, whole(offers));
  mesh.settle();
  expect((a.inspect("functions") as FunctionInfo[]).map(({ name }) => name)).toEqual(["f"]);
  teller.say(0, tellRecord(recordOf("late", { incarnation: 2 })));
  mesh.settle();
  expect(asked()).toBe(1);
});

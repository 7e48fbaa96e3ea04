/** Many acknowledgements at once. */
import { describe, expect, it } from "vitest";
import { Stepping } from "../stepping.js";

describe("many messages that are acknowledged at once", () => {
  it("are several batches, none too large for the last of a disk that is full, and each has an end of its own (T5)", () => {
    const s = new Stepping();
    s.create("q");
    for (let sent = 0; sent < 80; sent++) s.send("q");
    const receipts = Array.from({ length: 8 }, () => s.receive("q")).flat();
    s.disk.commitAll();
    const ack = s.begin<"ack">("q", { op: "ack", receipts: receipts.with(5, "nonsense") });
    expect(s.disk.waiting).toBe(3);
    s.disk.commit(1);
    s.disk.refuse();
    expect(ack.end).toBeUndefined();
    s.disk.commit(1);
    if (ack.end?.kind !== "done") throw new Error("it has not ended");
    const refused = ack.end.value.flatMap(({ kind }, at) => (kind === "refused" ? [at] : []));
    expect(refused).toEqual([5, ...Array.from({ length: 32 }, (_, at) => 33 + at)]);
    expect(s.world.stats("q")).toMatchObject({ messages: 33, leased: 33, acknowledged: 47 });
  });
});

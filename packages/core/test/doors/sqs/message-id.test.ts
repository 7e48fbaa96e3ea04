import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { messageIdOf } from "../../../src/doors/sqs/messages/message-id.js";
import { utf8 } from "../../values/values.js";

const platform = {
  utf8,
  sha256: (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex"),
};
const of = (id: string, queue = "orders"): string => messageIdOf(id, queue, platform);

describe("the id of a message, as SQS clients see it (I1)", () => {
  it("is what a client may have chosen itself", () => {
    expect(of("order-7_a")).toBe("order-7_a");
  });

  it("is else a UUID, which may be the id of an entry in a batch", () => {
    for (const id of ["~1.1", "~zzzzzzzzz.2gosa7pa2gv", "a b", "ü", "a".repeat(100), "~1.x.y"]) {
      expect(of(id)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(of(id)).toBe(of(id));
    }
  });

  it("differs from message to message and from queue to queue", () => {
    const ids = ["~1.1", "~1.2", "~2.1", "~1.zzzzzzzzz", "a b", "a c"].flatMap((id) => [of(id), of(id, "others")]);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

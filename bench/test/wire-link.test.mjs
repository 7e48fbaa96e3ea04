import assert from "node:assert/strict";
import { test } from "node:test";
import { makeTemplate } from "../mpreg/pubsub-wire.mjs";
import { kinds, message, readVarint, text, u32, varint } from "../mpreg/wire-link.mjs";

const hex = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString("hex");

test("messages are those of docs/protocol.md", () => {
  assert.equal(hex(message(0x31, varint(300), [0])), "0000000431ac0200"); // unsubscribe
  assert.equal(hex(message(kinds.taken, varint(1), varint(65_600))), "000000053201c08004");
  assert.equal(hex(message(0xb2, u32(21), varint(1), [0])), "00000007b2000000150100"); // everywhere
  assert.equal(hex(message(0x30, text("orders.eu"))), "0000000b30096f72646572732e6575");
});

test("varints are read as they are written, also those beyond 32 bits", () => {
  for (const value of [0, 1, 127, 128, 300, 65_600, 1_795_164_200_000, 2 ** 53 - 1]) {
    const bytes = Buffer.from([7, ...varint(value), 9]);
    assert.deepEqual(readVarint(bytes, 1), { value, end: bytes.length - 1 });
  }
  assert.equal(hex(Buffer.from(varint(1_795_164_200_000))), "c0b8ffc09f34");
});

test("a publish that is encoded beforehand has room for the digits of its id, and ends with its body", () => {
  const { whole, idAt } = makeTemplate(128, "orders.eu");
  assert.equal(whole.readUInt32BE(0), whole.length - 4);
  assert.equal(whole[4], kinds.publish);
  assert.equal(whole.toString("latin1", 6, 15), "orders.eu");
  assert.equal(whole[idAt - 1], 6);
  assert.equal(whole.toString("latin1", idAt, idAt + 6), "000000");
  const { end } = readVarint(whole, idAt + 6);
  assert.deepEqual([...whole.subarray(end, end + 3)], [0, 0xc4, 128]);
  assert.equal(end + 3 + 128, whole.length);
});

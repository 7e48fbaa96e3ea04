/**
 * Well-formed: what MQTT 3.1.1 wants of packets, and the library's parser lets through.
 *
 * (W1) Texts are UTF-8 and have no U+0000 (§1.5.3): a name that is not would be taken for another one.
 * (W2) Who wants an answer to a packet gives it a number other than 0 (§2.3.1): to that one nothing could be answered.
 * (W3) Every subscription names a filter (§3.10.3), no will has QoS 3, and there is no password without a name (§3.1.2).
 */
import { isUtf8 } from "node:buffer";

const packetType = { connect: 1, publish: 3, subscribe: 8, unsubscribe: 10 } as const;
const connectFlag = { will: 0x04, willQos: 0x18, password: 0x40, name: 0x80 } as const;

/** Throws an `Error` with what is wrong with the whole `packet`. What is too short for what it says is left to the parser. */
export function checkWellFormed(packet: Buffer): void {
  const first = packet[0] as number;
  let at = 1;
  while ((packet[at] ?? 0) >= 0x80) at += 1;
  const body = packet.subarray(at + 1);
  switch (first >> 4) {
    case packetType.connect:
      return checkConnect(body);
    case packetType.publish: {
      const end = checkText(body, 0, "a topic");
      if ((first & 0x06) > 0) checkNumber(body, end);
      return;
    }
    case packetType.subscribe:
      return checkFilters(body, 1);
    case packetType.unsubscribe:
      return checkFilters(body, 0);
  }
}

/** `optionBytes` follow each filter. */
function checkFilters(body: Buffer, optionBytes: number): void {
  checkNumber(body, 0);
  if (body.length === 2) throw new Error("what came is no MQTT: no filter is named"); // (W3)
  for (let at = 2; at < body.length;) at = checkText(body, at, "a filter") + optionBytes;
}

function checkConnect(body: Buffer): void {
  const flagsAt = checkText(body, 0, "the protocol's name") + 1;
  const flags = body[flagsAt] ?? 0;
  let at = checkText(body, flagsAt + 3, "a client's identifier");
  if ((flags & connectFlag.will) > 0) {
    if ((flags & connectFlag.willQos) === connectFlag.willQos) throw new Error("what came is no MQTT: a will of QoS 3"); // (W3)
    at = checkText(body, at, "a will's topic");
    at = endOfField(body, at);
  }
  if ((flags & connectFlag.name) > 0) checkText(body, at, "a name");
  else if ((flags & connectFlag.password) > 0) throw new Error("what came is no MQTT: a password without a name"); // (W3)
}

/** Where the field at `at` ends; its length stands before it. */
function endOfField(body: Buffer, at: number): number {
  return at + 2 <= body.length ? at + 2 + body.readUInt16BE(at) : body.length;
}

/** (W1) Answers where it ends. */
function checkText(body: Buffer, at: number, what: string): number {
  const end = endOfField(body, at);
  const text = body.subarray(at + 2, end);
  if (!isUtf8(text)) throw new Error(`what came is no MQTT: ${what} is no UTF-8`);
  if (text.includes(0)) throw new Error(`what came is no MQTT: ${what} has the character U+0000`);
  return end;
}

/** (W2) */
function checkNumber(body: Buffer, at: number): void {
  if (at + 2 <= body.length && body.readUInt16BE(at) === 0)
    throw new Error("what came is no MQTT: a packet has the number 0");
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Packets } from "../../src/mqtt/packets.js";
import { packet, packetTypes, text } from "./raw.js";

const packetBytesMax = 5_000;

/** Of types in which nothing has to be well-formed. */
const anyPacket = fc
  .tuple(fc.constantFrom(2, 4, 6, 12), fc.uint8Array({ maxLength: 400 }))
  .map(([type, body]) => packet(type, 0, Buffer.from(body)));

/** `bytes` in pieces that end there. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set([...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return ends.map((end, at) => Buffer.from(bytes.subarray(at === 0 ? 0 : ends[at - 1], end)));
}

describe("packets", () => {
  test("are passed on whole and unchanged, however they come, and little more than what has come of one is kept (P1, P3)", () => {
    const places = fc.array(fc.nat(), { maxLength: 40 });
    fc.assert(
      fc.property(fc.array(anyPacket, { minLength: 1, maxLength: 8 }), places, fc.boolean(), (sent, at, byByte) => {
        const packets = new Packets();
        const bytes = Buffer.concat(sent);
        const ends = new Set<number>([0]);
        for (const each of sent) ends.add([...ends].reduce((a, b) => Math.max(a, b)) + each.length);
        let [came, passed] = [0, 0];
        const got: Buffer[] = [];
        for (const piece of cut(bytes, byByte ? Array.from(bytes.keys()) : at)) {
          came += piece.length;
          for (const whole of packets.take(piece, packetBytesMax)) {
            got.push(Buffer.from(whole));
            passed += whole.length;
          }
          expect(ends.has(passed)).toBe(true);
          expect(packets.keptBytes).toBeLessThanOrEqual(Math.max(1_024, 2 * (came - passed)));
          if (came === passed) expect(packets.keptBytes).toBe(0);
        }
        expect(Buffer.concat(got)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  test("of any bytes are passed on, or refused for what is wrong with them (P5)", () => {
    const types = fc.constantFrom(1, 3, 8, 10);
    fc.assert(
      fc.property(types, fc.nat(15), fc.uint8Array({ maxLength: 60 }), (type, flags, body) => {
        try {
          new Packets().take(packet(type, flags, Buffer.from(body)), packetBytesMax);
        } catch (error) {
          expect((error as Error).message).toMatch(/^what came is no MQTT: /);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("that are too long, or none, are refused by their first bytes (P2)", () => {
    const long = packet(packetTypes.publish, 0, Buffer.alloc(1), packetBytesMax);
    expect(() => new Packets().take(long.subarray(0, 3), packetBytesMax)).toThrow(/5003 bytes; at most 5000/);
    expect(() => new Packets().take(Buffer.from([0x10, 255, 255, 255, 255]), packetBytesMax)).toThrow(/no MQTT/);
    const packets = new Packets();
    packets.take(long.subarray(0, 1), packetBytesMax);
    expect(() => packets.take(long.subarray(1, 3), packetBytesMax)).toThrow(/5003 bytes/);
  });

  test("that ask for QoS 2 ask for 1 when they are passed on, also in pieces (P4)", () => {
    const asking = (qos: readonly number[]): Buffer => {
      const filters = qos.map((each, at) => Buffer.concat([text(`filter/${at}`), Buffer.from([each])]));
      return packet(packetTypes.subscribe, 2, Buffer.concat([Buffer.from([0, 7]), ...filters]));
    };
    const expected = asking([0, 1, 1, 3]);
    expect(Buffer.concat([...new Packets().take(asking([0, 1, 2, 3]), packetBytesMax)])).toEqual(expected);
    const packets = new Packets();
    const got = cut(asking([0, 1, 2, 3]), [1, 2, 9, 20]).flatMap((piece) => packets.take(piece, packetBytesMax));
    expect(Buffer.concat(got)).toEqual(expected);
    const broken = packet(packetTypes.subscribe, 2, Buffer.from([0, 7, 0xff]));
    expect(Buffer.concat([...new Packets().take(broken, packetBytesMax)])).toEqual(broken);
  });
});

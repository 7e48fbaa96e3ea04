/** A client that speaks MQTT by hand, so that a test can stop reading, and acknowledge nothing. */
import { type Socket, connect } from "node:net";
import type { MpregNode } from "@mpreg/node";
import { onTestFinished } from "vitest";
import { eventually } from "../support/eventually.js";

/** A packet that has come: its type, its flags, and what stands behind its length. */
export interface RawPacket {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

export const packetTypes = {
  connect: 1,
  connack: 2,
  publish: 3,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  pingreq: 12,
} as const;

/** A packet whose body has fewer than 128 bytes, or as many as `length` says. */
export function packet(type: number, flags: number, body: Buffer, length: number = body.length): Buffer {
  const head = [(type << 4) | flags];
  for (let left = length; ; left = Math.floor(left / 128)) {
    head.push(left < 128 ? left : (left % 128) | 128);
    if (left < 128) return Buffer.concat([Buffer.from(head), body]);
  }
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

/** CONNECT of a clean session without keep-alive. */
export function connectPacket(clientId: string): Buffer {
  return packet(packetTypes.connect, 0, Buffer.concat([text("MQTT"), Buffer.from([4, 2, 0, 0]), text(clientId)]));
}

export class RawClient {
  readonly socket: Socket;
  readonly got: RawPacket[] = [];
  isClosed = false;
  #rest = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (piece: Buffer) => {
      this.#read(piece);
    });
    socket.on("error", () => undefined); // what counts is that it is closed
    socket.on("close", () => (this.isClosed = true));
  }

  of(type: number): RawPacket[] {
    return this.got.filter((each) => each.type === type);
  }

  /** Payloads of the messages that have come, as text. */
  get texts(): string[] {
    return this.of(packetTypes.publish).map(({ flags, body }) => {
      const topicEnd = 2 + body.readUInt16BE(0);
      return body.subarray(topicEnd + ((flags & 6) === 0 ? 0 : 2)).toString();
    });
  }

  async subscribe(filter: string, qos: number): Promise<void> {
    const before = this.of(packetTypes.suback).length;
    const body = Buffer.concat([Buffer.from([0, 1]), text(filter), Buffer.from([qos])]);
    this.socket.write(packet(packetTypes.subscribe, 2, body));
    await eventually("it is subscribed", () => this.of(packetTypes.suback).length > before);
  }

  /** Acknowledges the message that has come at that place, from 0 on. */
  acknowledge(at: number): void {
    const { body } = this.of(packetTypes.publish)[at] as RawPacket;
    const id = 2 + body.readUInt16BE(0);
    this.socket.write(Buffer.concat([Buffer.from([0x40, 2]), body.subarray(id, id + 2)]));
  }

  #read(piece: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, piece]);
    for (;;) {
      let length = 0;
      let at = 1;
      for (; at < 5; at++) {
        const byte = this.#rest[at];
        if (byte === undefined) return;
        length += (byte & 127) * 128 ** (at - 1);
        if (byte < 128) break;
      }
      const end = at + 1 + length;
      if (this.#rest.length < end) return;
      const first = this.#rest[0] as number;
      this.got.push({ type: first >> 4, flags: first & 15, body: this.#rest.subarray(at + 1, end) });
      this.#rest = this.#rest.subarray(end);
    }
  }
}

/** A socket to the door of `node`, over which nothing was said. */
export async function rawSocket(node: MpregNode): Promise<RawClient> {
  const { hostname, port } = new URL(node.mqttUrl ?? "no MQTT");
  const socket = connect({ host: hostname, port: Number(port) });
  onTestFinished(() => {
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    socket.once("connect", resolve);
  });
  return new RawClient(socket);
}

/** A client that was let in. */
export async function rawClient(node: MpregNode, clientId: string): Promise<RawClient> {
  const client = await rawSocket(node);
  client.socket.write(connectPacket(clientId));
  await eventually("it is let in", () => client.of(packetTypes.connack)[0]?.body[1] === 0);
  return client;
}

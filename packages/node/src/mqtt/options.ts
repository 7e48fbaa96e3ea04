/** Options of the MQTT door, checked, with every default. */
import { MpregError, checkOptions, kindOf, optionNames, quoted } from "@mpreg/core/base";
import { type Overflow, defaultTopicsLimits, overflows } from "@mpreg/core/topics";

/** How a node serves clients that speak MQTT 3.1.1. They can always come over WebSocket, on the node's own port at `/mqtt`. */
export interface MqttOptions {
  /** Port for MQTT over TCP (over TLS where the node has a certificate); 0: any free one. Without it there is none. */
  readonly port?: number | undefined;
  /** Address for it to listen on, under the same rules as the node's. Default: the node's. */
  readonly host?: string | undefined;
  /** What may wait for one subscription while its client does not read. Default: 10,000 messages, 4 MiB. */
  readonly buffer?: { readonly messages?: number | undefined; readonly bytes?: number | undefined } | undefined;
  /**
   * What happens beyond: the oldest message that waits is lost (`drop-oldest`, the default), or the newest (`drop-newest`);
   * publishers wait (`block-publisher`); or the client is disconnected (`disconnect`). What is lost is counted, and told in the
   * log and by `node.status()`: MQTT 3.1.1 has no way to tell the client.
   */
  readonly overflow?: Overflow | undefined;
  /** Messages of QoS 1 that a client may have got and not acknowledged; others wait. Default 100, at most 10,000. */
  readonly inflightMax?: number | undefined;
  /** Filters of one client. One more is refused. Default 1,000. */
  readonly subscriptionsMax?: number | undefined;
}

/** With every default. */
export interface ResolvedMqtt {
  readonly port: number | undefined;
  readonly host: string;
  readonly bufferMessagesMax: number;
  readonly bufferBytesMax: number;
  readonly overflow: Overflow;
  readonly inflightMax: number;
  readonly subscriptionsMax: number;
}

const names = optionNames<MqttOptions>({
  port: true,
  host: true,
  buffer: true,
  overflow: true,
  inflightMax: true,
  subscriptionsMax: true,
});
const bufferNames = optionNames<NonNullable<MqttOptions["buffer"]>>({ messages: true, bytes: true });

const { bufferMessagesMax, bufferBytesMax, subscriptionsPerOutletMax } = defaultTopicsLimits;

/** Throws `invalid-argument`, naming the option and what would work. `nodeHost`: where the node listens. */
export function resolveMqtt(given: MqttOptions | undefined, nodeHost: string): ResolvedMqtt | undefined {
  if (given === undefined) return undefined;
  checkOptions(given, names, "mqtt");
  const buffer = given.buffer ?? {};
  checkOptions(buffer, bufferNames, "mqtt.buffer");
  const { port, overflow = "drop-oldest", host = nodeHost } = given;
  if (!overflows.includes(overflow))
    throw invalid(`mqtt.overflow must be one of ${overflows.join(", ")}, got ${quoted(overflow)}`);
  if (typeof (host as unknown) !== "string" || host === "")
    throw invalid(`mqtt.host must be an address to listen on, got ${kindOf(host)}`);
  return {
    port: port === undefined ? undefined : whole("port", port, 0, 65_535),
    host,
    bufferMessagesMax: whole("buffer.messages", buffer.messages ?? 10_000, 1, bufferMessagesMax),
    bufferBytesMax: whole("buffer.bytes", buffer.bytes ?? 4 * 1024 * 1024, 1, bufferBytesMax),
    overflow,
    inflightMax: whole("inflightMax", given.inflightMax ?? 100, 1, 10_000),
    subscriptionsMax: whole("subscriptionsMax", given.subscriptionsMax ?? 1_000, 1, subscriptionsPerOutletMax),
  };
}

function whole(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(`mqtt.${name} must be a whole number from ${min} to ${max}, got ${String(value)}`);
}

function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

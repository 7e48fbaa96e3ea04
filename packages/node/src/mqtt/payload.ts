/**
 * Payloads: MQTT's bytes as values of messages, and values as MQTT's bytes.
 *
 * (B1) Bytes stay bytes, both ways. A text leaves as UTF-8, nothing (`undefined`) as no bytes, every other value as JSON.
 * (B2) A value that JSON would change is refused with the reason, unless it is one of those that the JSON protocol writes, too.
 */
import { toJsonText } from "@mpreg/core/doors";

/** The header that says what is retained; its value is of no account. */
export const retainHeader = "mqtt-retain";

const contentType = ["content-type", "application/octet-stream"] as const;

/** Headers of what MQTT clients publish. */
export const headers: ReadonlyMap<string, string> = new Map([contentType]);
export const retainedHeaders: ReadonlyMap<string, string> = new Map([contentType, [retainHeader, "1"]]);

/** `value` as MQTT's bytes. Throws `not-encodable` or `too-large`. (B1, B2) */
export function mqttPayload(value: unknown, bytesMax: number): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value === undefined) return Buffer.alloc(0);
  if (typeof value === "string") return Buffer.from(value, "utf8");
  return Buffer.from(toJsonText(value, "the payload", bytesMax), "utf8");
}

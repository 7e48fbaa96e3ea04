/**
 * Text bodies: messages of senders who know texts only, and no values of ours (those of the SQS door).
 *
 * Their bodies are the text as it stands, so that such receivers get back what was sent; a header says so, by which everybody else
 * gets a string. The other way round such receivers get the text of a value that is a string.
 */

const header = "mpreg-body";
const text = "text";

/** Headers of a message whose body is a text. */
export const textBodyHeaders: Readonly<Record<string, string>> = { [header]: text };

/** `headers` of a message whose body is a value: who hands on a message of such a sender with its headers sends its string. */
export function withoutTextBody(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (headers[header] === undefined) return headers;
  const { [header]: _text, ...others } = headers;
  return others;
}

interface Sent {
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The body of a message as an encoded value (MessagePack, str 32, where it is a text). */
export function encodedValueOf({ body, headers }: Sent): Uint8Array {
  if (headers?.[header] !== text) return body;
  const value = new Uint8Array(5 + body.length);
  value[0] = 0xdb;
  new DataView(value.buffer).setUint32(1, body.length);
  value.set(body, 5);
  return value;
}

/** The text of a message in UTF-8: of such a sender, or a value that is a string. `undefined` where it is none; that what is there is UTF-8 is not checked. */
export function textBytesOf({ body, headers }: Sent): Uint8Array | undefined {
  if (headers?.[header] === text) return body;
  const [head = 0] = body;
  const sizeBytes = head >= 0xd9 && head <= 0xdb ? 1 << (head - 0xd9) : 0; // str 8, 16, 32
  if ((sizeBytes === 0 && head >>> 5 !== 0b101) || body.length < 1 + sizeBytes) return undefined; // fixstr
  let length = sizeBytes === 0 ? head & 0x1f : 0;
  for (const byte of body.subarray(1, 1 + sizeBytes)) length = length * 256 + byte;
  return body.length === 1 + sizeBytes + length ? body.subarray(1 + sizeBytes) : undefined;
}

/**
 * Text bodies: messages of senders who know texts only, and no values of ours (those of the SQS door).
 *
 * Their bodies are the text as it stands, so that such receivers get back what was sent; a header says so, by which everybody else
 * gets a string.
 */

const header = "mpreg-body";
const text = "text";

/** Headers of a message whose body is a text. */
export const textBodyHeaders: Readonly<Record<string, string>> = { [header]: text };

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

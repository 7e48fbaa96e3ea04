/** Messages of topics as bytes, as a client gets them. */
import { writeTopicMessage, type TopicMessageHead } from "../../../src/topics/index.js";
import { Writer } from "../../../src/wire/index.js";
import { codec } from "../../support/requests.js";
import { utf8 } from "../../support/wire.js";

export function message(id: string, payload: unknown = null, head: Partial<TopicMessageHead> = {}): Uint8Array {
  const writer = new Writer(utf8);
  writer.begin(0);
  writeTopicMessage(writer, { topic: "a.b", timestampMs: 1, ...head, id }, codec.encode(payload, "payload"));
  writer.end();
  return writer.take().slice(5);
}

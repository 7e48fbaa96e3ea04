/** A door over naive queues, without a network. */
import { createHash } from "node:crypto";
import { type SqsAnswer, type SqsCall, SqsDoor, type SqsPlatform } from "@mpreg/core/doors";
import { NaiveQueues } from "../../support/naive-queues.js";

export const platform: SqsPlatform = {
  utf8: {
    encode: (text) => Buffer.from(text),
    decode: (bytes, start, end) => Buffer.from(bytes).toString("utf8", start, end),
  },
  md5: (bytes) => createHash("md5").update(bytes).digest("hex"),
  sha256: (bytes) => createHash("sha256").update(bytes).digest("hex"),
  toBase64: (bytes) => Buffer.from(bytes).toString("base64"),
  fromBase64: (text) => (/^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, "base64") : undefined),
};

export interface Opened {
  readonly door: SqsDoor;
  readonly queues: NaiveQueues;
  readonly failures: unknown[];
  /** All answers to a request; one, as long as nothing waits. */
  readonly call: (call: Partial<SqsCall>) => SqsAnswer[];
  /** The answer to a form, which must be there at once. */
  readonly form: (parameters: Readonly<Record<string, string>>) => SqsAnswer;
  /** As JSON; the result. */
  readonly json: (action: string, input: unknown) => Record<string, unknown>;
}

export function openDoor(): Opened {
  const queues = new NaiveQueues(0);
  const failures: unknown[] = [];
  const place = { region: "us-east-1", account: "000000000000" };
  const failed = (_action: string, error: unknown): unknown => failures.push(error);
  const door = new SqsDoor({ backend: queues, platform, place, failed });
  const call = (given: Partial<SqsCall>): SqsAnswer[] => {
    const answers: SqsAnswer[] = [];
    const blank = { method: "POST", target: "/", contentType: "", amzTarget: undefined, body: new Uint8Array(0) };
    const common = { origin: "http://localhost:9324", caller: "me", requestId: "id", wallMs: 0 };
    door.handle({ ...blank, ...common, ...given }, (answer) => answers.push(answer));
    return answers;
  };
  const form = (parameters: Readonly<Record<string, string>>): SqsAnswer => {
    const body = Buffer.from(new URLSearchParams(parameters).toString());
    return call({ contentType: "application/x-www-form-urlencoded", body })[0] as SqsAnswer;
  };
  const json = (action: string, input: unknown): Record<string, unknown> => {
    const [answer] = call({ amzTarget: `AmazonSQS.${action}`, body: Buffer.from(JSON.stringify(input)) });
    return JSON.parse(answer?.body ?? "null") as Record<string, unknown>;
  };
  return { door, queues, failures, call, form, json };
}

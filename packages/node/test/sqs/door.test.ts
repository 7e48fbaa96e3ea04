import { createHash, createHmac } from "node:crypto";
import {
  CreateQueueCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  type SQSClient,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { resolveSqs } from "../../src/sqs/options.js";
import { type SignedRequest, SignatureCheck } from "../../src/sqs/signature.js";
import { get } from "../support/http.js";
import { answerOf, query } from "./query.js";
import { clientOf, credentials, startSqsDoor } from "./support.js";

const keys = { [credentials.accessKeyId]: credentials.secretAccessKey };

test("with keys, only who has signed with one of them is let in (V1)", async () => {
  const { client, url } = await startSqsDoor({ keys });
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "q" }));
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "ü" }));
  const refused = async (client: SQSClient): Promise<string> => {
    const error: unknown = await client.send(new ListQueuesCommand({})).catch((reason: unknown) => reason);
    return (error as Error).name;
  };
  const wrong = { ...credentials, secretAccessKey: "wrong" };
  expect(await refused(clientOf(url, { credentials: wrong }))).toBe("SignatureDoesNotMatch");
  const unknown = { ...credentials, accessKeyId: "AKIDNOBODY" };
  expect(await refused(clientOf(url, { credentials: unknown }))).toBe("InvalidClientTokenId");
  const late = clientOf(url, { systemClockOffset: -16 * 60_000 });
  expect(await refused(late)).toBe("SignatureDoesNotMatch");
  const unsigned = await query(url, { Action: "ListQueues" });
  expect([unsigned.status, unsigned.one("Code")]).toEqual([403, "MissingAuthenticationToken"]);
});

/** Something that the SDK has signed, as it was sent. */
async function signed(url: string): Promise<SignedRequest> {
  let request: SignedRequest | undefined;
  const client = clientOf(url);
  client.middlewareStack.add(
    () => async (args) => {
      const { method, path, headers, body } = args.request as {
        method: string;
        path: string;
        headers: Record<string, string>;
        body: string;
      };
      const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]] as const);
      request = { method, target: path, headers: new Map(entries), body: Buffer.from(body) };
      throw new Error("caught");
    },
    { step: "deserialize", priority: "low" },
  );
  await client
    .send(new SendMessageCommand({ QueueUrl: `${url}/000000000000/q`, MessageBody: "m" }))
    .catch(() => undefined);
  if (request === undefined) throw new Error("The SDK has sent nothing");
  return request;
}

test("whatever of a signed request is changed, it is refused (V1, V2)", async () => {
  const request = await signed("http://127.0.0.1:9324");
  const check = new SignatureCheck(new Map(Object.entries(keys).map(([id, secret]) => [id, { secret }])));
  const nowMs = Date.now();
  const mismatch = expect.objectContaining({ code: "SignatureDoesNotMatch" }) as Error;
  const changed =
    (changes: Partial<SignedRequest>, headers: Record<string, string> = {}) =>
    () => {
      const all = new Map([
        ...request.headers,
        ...Object.entries(headers).map(([name, value]) => [name, [value]] as const),
      ]);
      return check.check({ ...request, headers: all, ...changes }, nowMs);
    };
  expect(changed({})()).toBe(credentials.accessKeyId);
  expect(changed({ body: Buffer.from("{}") })).toThrow(mismatch);
  expect(changed({ target: "/other" })).toThrow(mismatch);
  expect(changed({ target: "/?Action=DeleteQueue" })).toThrow(mismatch);
  expect(changed({ method: "PUT" })).toThrow(mismatch);
  expect(changed({}, { host: "127.0.0.1:9325" })).toThrow(mismatch);
  expect(changed({}, { "x-amz-target": "AmazonSQS.DeleteQueue" })).toThrow(mismatch);
  expect(changed({}, { "x-amz-security-token": "more" })).toThrow(mismatch);
  expect(() => check.check(request, nowMs + 16 * 60_000)).toThrow(mismatch);
  expect(() => check.check(request, nowMs - 16 * 60_000)).toThrow(mismatch);
  expect(check.check(request, nowMs + 14 * 60_000)).toBe(credentials.accessKeyId);
  expect(changed({}, { authorization: "AWS4-HMAC-SHA256 Credential=x" })).toThrow(
    expect.objectContaining({ code: "IncompleteSignature" }) as Error,
  );
});

/** A URL that is signed as the SDKs of AWS sign those that they give away (SigV4 in the query). */
function presigned(url: string, parameters: Readonly<Record<string, string>>, expires = 60): string {
  const { accessKeyId, secretAccessKey } = credentials;
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/eu-central-1/sqs/aws4_request`;
  const all = {
    ...parameters,
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${accessKeyId}/${scope}`,
    "X-Amz-Date": time,
    "X-Amz-Expires": String(expires),
    "X-Amz-SignedHeaders": "host",
  };
  const query = Object.entries(all)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join("&");
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
  const { host, pathname } = new URL(url);
  const canonical = ["GET", pathname, query, `host:${host}\n`, "host", sha256("")].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  return `${url}?${query}&X-Amz-Signature=${hmac(key, text).toString("hex")}`;
}

test("a URL that is signed is let in as long as it says, and nothing of it can be changed (V1, V2)", async () => {
  const { client, url } = await startSqsDoor({ keys });
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "q" }));
  const codeOf = async (target: string): Promise<string | undefined> => {
    const { status, one } = await answerOf(await fetch(target));
    return status === 200 ? undefined : one("Code");
  };
  const send = presigned(QueueUrl!, { Action: "SendMessage", MessageBody: "a b+ü", Version: "2012-11-05" });
  expect(await codeOf(send)).toBeUndefined();
  const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl }));
  expect(Messages?.[0]?.Body).toBe("a b+ü");
  expect(await codeOf(send.replace("SendMessage", "PurgeQueue"))).toBe("SignatureDoesNotMatch");
  expect(await codeOf(`${send}&DelaySeconds=1`)).toBe("SignatureDoesNotMatch");
  expect(await codeOf(send.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))).toBe("SignatureDoesNotMatch");
  expect(await codeOf(send.replace("X-Amz-Algorithm", "X-Amz-Algorythm"))).toBe("IncompleteSignature");
  expect(await codeOf(presigned(`${url}/`, { Action: "ListQueues" }, 604_801))).toBe("IncompleteSignature");
  const check = new SignatureCheck(new Map(Object.entries(keys).map(([id, secret]) => [id, { secret }])));
  const { host, pathname, search } = new URL(send);
  const headers = new Map([["host", [host]]]);
  const request = { method: "GET", target: pathname + search, headers, body: new Uint8Array(0) };
  expect(check.check(request, Date.now() + 55_000)).toBe(credentials.accessKeyId);
  expect(() => check.check(request, Date.now() + 61_000)).toThrow(/expired/);
  expect(() => check.check(request, Date.now() - 16 * 60_000)).toThrow(/not yet current/);
  const other = new Map([["host", ["elsewhere"]]]);
  expect(() => check.check({ ...request, headers: other }, Date.now())).toThrow(/does not match/);
});

test("a URL that is signed says who it comes from where there are no keys", () => {
  const headers = new Map([["host", ["127.0.0.1"]]]);
  const { pathname, search } = new URL(presigned("http://127.0.0.1/", { Action: "ListQueues" }));
  const request = { method: "GET", target: pathname + search, headers, body: new Uint8Array(0) };
  expect(new SignatureCheck(new Map()).check(request, Date.now())).toBe(credentials.accessKeyId);
});

test("a digest of the body is checked without keys, too (V4)", async () => {
  const { url } = await startSqsDoor();
  const headers = { "x-amz-target": "AmazonSQS.ListQueues", "x-amz-content-sha256": "0".repeat(64) };
  const response = await fetch(url, { method: "POST", headers, body: "{}" });
  expect([response.status, response.headers.get("x-amzn-query-error")]).toEqual([403, "SignatureDoesNotMatch;Sender"]);
});

test("no web page may use the door (H1)", async () => {
  const { url } = await startSqsDoor();
  const page = await fetch(`${url}/?Action=ListQueues`, { headers: { origin: "https://example.com" } });
  expect([page.status, await page.text()]).toEqual([403, expect.stringContaining("allowedOrigins")]);
  expect((await get(`${url}/?Action=ListQueues`, { host: "example.com" })).status).toBe(403);
  expect((await fetch(`${url}/?Action=ListQueues`)).status).toBe(200);
});

test("a body that is too large is refused while it arrives (H3, B1)", async () => {
  const { url } = await startSqsDoor();
  const body = Buffer.alloc(8 * 1024 * 1024 + 1, "x");
  const headers = { "x-amz-target": "AmazonSQS.SendMessage" };
  const response = await fetch(url, { method: "POST", headers, body }).catch((error: unknown) => error as Error);
  if (response instanceof Error) throw response;
  expect([response.status, response.headers.get("x-amzn-query-error")]).toEqual([413, "RequestEntityTooLarge;Sender"]);
});

test("one request more than may be under way is told so, and the next is taken when there is room (H3)", async () => {
  const { client, url, queues, door } = await startSqsDoor({ requestsMax: 1 });
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "q" }));
  await expect.poll(() => door.waiting).toBe(0);
  const poll = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await expect.poll(() => queues.waiting).toBe(1);
  const more = new ListQueuesCommand({});
  await expect(clientOf(url).send(more)).rejects.toMatchObject({ name: "ServiceUnavailable" });
  queues.tick(Number.MAX_SAFE_INTEGER);
  await poll;
  await expect.poll(() => door.waiting).toBe(0);
  expect(await client.send(more)).toMatchObject({ QueueUrls: [QueueUrl] });
});

test("options that cannot be are named", () => {
  const resolved = (options: object) => () => resolveSqs({ port: 0, ...options }, "127.0.0.1");
  expect(resolved({ region: "nowhere" })).toThrow("sqs.region");
  expect(resolved({ account: "1" })).toThrow("sqs.account");
  expect(resolved({ keys: { a: "" } })).toThrow("sqs.keys.a");
  expect(resolved({ requestsMax: 0 })).toThrow("sqs.requestsMax");
  expect(resolved({ port: 70_000 })).toThrow("sqs.port");
  expect(resolved({ colour: "red" })).toThrow("colour");
});

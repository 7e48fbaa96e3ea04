import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createCodec } from "@mpreg/core/values";
import { utf8 } from "../../values/values.js";
import { openDoor } from "./support.js";

const QueueUrl = "http://localhost:9324/000000000000/q";

test("whatever a request holds, it is answered once and nothing is thrown (D1)", () => {
  const actions = [
    "SendMessage",
    "ReceiveMessage",
    "SendMessageBatch",
    "CreateQueue",
    "TagQueue",
    "SetQueueAttributes",
  ];
  const names = fc.constantFrom(
    "QueueUrl",
    "QueueName",
    "Entries",
    "Attributes",
    "Tags",
    "tags",
    "MessageBody",
    "__proto__",
  );
  const value = fc.oneof(
    fc.constant(QueueUrl),
    fc.json().map((text): unknown => JSON.parse(text)),
    fc.string(),
  );
  const input = fc.dictionary(names, value);
  fc.assert(
    fc.property(
      fc.constantFrom(...actions),
      fc.oneof(
        input.map((each) => JSON.stringify(each)),
        fc.string(),
      ),
      (action, text) => {
        const { call, failures, json } = openDoor();
        json("CreateQueue", { QueueName: "q" });
        expect(call({ amzTarget: `AmazonSQS.${action}`, body: Buffer.from(text) })).toHaveLength(1);
        expect(failures).toEqual([]);
      },
    ),
  );
  const part = fc.constantFrom(
    "Action",
    "SendMessageBatch",
    "QueueUrl",
    "Entry",
    "1",
    "2",
    "0",
    "Name",
    "Value",
    "Attribute",
    "SendMessageBatchRequestEntry",
  );
  const name = fc.array(part, { minLength: 1, maxLength: 12 }).map((parts) => parts.join("."));
  fc.assert(
    fc.property(
      fc.constantFrom(...actions),
      fc.array(fc.tuple(name, fc.string())),
      fc.string(),
      (action, pairs, tail) => {
        const { call, failures } = openDoor();
        const text = `Action=${action}&${pairs.map(([key, each]) => `${key}=${each}`).join("&")}&${tail}`;
        const contentType = "application/x-www-form-urlencoded";
        expect(call({ contentType, body: Buffer.from(text) })).toHaveLength(1);
        expect(call({ method: "GET", target: `/?${text}` })).toHaveLength(1);
        expect(failures).toEqual([]);
      },
    ),
  );
});

test("what nobody foresaw is an InternalFailure without a cause, and the host hears the cause (D2, T1)", () => {
  const { queues, failures, json } = openDoor();
  queues.find = () => {
    throw new TypeError("a secret of ours");
  };
  expect(json("GetQueueUrl", { QueueName: "q" })).toMatchObject({ __type: "com.amazon.coral.service#InternalFailure" });
  expect(JSON.stringify(json("GetQueueUrl", { QueueName: "q" }))).not.toContain("secret");
  expect(failures).toHaveLength(2);
});

test("after it was cancelled nothing of a request goes on (T2)", () => {
  const { door, queues, json } = openDoor();
  json("CreateQueue", { QueueName: "q" });
  let answers = 0;
  const body = Buffer.from(JSON.stringify({ QueueUrl, WaitTimeSeconds: 20 }));
  const common = { origin: "", caller: "me", requestId: "id", wallMs: 0, method: "POST", target: "/", contentType: "" };
  const cancel = door.handle({ ...common, amzTarget: "AmazonSQS.ReceiveMessage", body }, () => (answers += 1));
  expect(queues.waiting).toBe(1);
  cancel();
  expect(queues.waiting).toBe(0);
  json("SendMessage", { QueueUrl, MessageBody: "m" });
  expect([answers, queues.leased("q")]).toEqual([0, 0]);
});

test("names in a request are data, never properties (J2)", () => {
  const { json } = openDoor();
  json("CreateQueue", { QueueName: "q" });
  const input = `{"QueueUrl":"${QueueUrl}","Tags":{"__proto__":"a","constructor":"b"}}`;
  json("TagQueue", JSON.parse(input));
  const { Tags } = json("ListQueueTags", { QueueUrl }) as { Tags: object };
  expect(Object.entries(Tags)).toEqual([
    ["__proto__", "a"],
    ["constructor", "b"],
  ]);
});

test("null is absent, an unknown member is skipped, and a wrong type is refused by its path (J1)", () => {
  const { json } = openDoor();
  json("CreateQueue", { QueueName: "q", tags: null, Unheard: 1 });
  const Entries = [
    { Id: "a", MessageBody: "m", DelaySeconds: null },
    { Id: "b", MessageBody: 1 },
  ];
  expect(json("SendMessageBatch", { QueueUrl, Entries })["message"]).toBe("MessageBody must be a string");
  expect(json("SendMessageBatch", { QueueUrl, Entries: [Entries[0]] })).toMatchObject({ Failed: [] });
});

test("items of a form are taken by their numbers, of which some may be left out; a list without items is empty (Q2, Q4)", () => {
  const { form, json } = openDoor();
  json("CreateQueue", { QueueName: "q" });
  const entry = (number: number, id: string): Record<string, string> => ({
    [`SendMessageBatchRequestEntry.${number}.Id`]: id,
    [`SendMessageBatchRequestEntry.${number}.MessageBody`]: id,
  });
  const { body } = form({
    Action: "SendMessageBatch",
    QueueUrl,
    ...entry(12, "c"),
    ...entry(2, "a"),
    ...entry(9, "b"),
  });
  expect([...body.matchAll(/<Id>(\w)<\/Id>/g)].map(([, id]) => id)).toEqual(["a", "b", "c"]);
  expect(form({ Action: "SendMessageBatch", QueueUrl }).body).toContain("AWS.SimpleQueueService.EmptyBatchRequest");
  const wrong = form({ Action: "SendMessageBatch", QueueUrl, "SendMessageBatchRequestEntry.x.Id": "a" });
  expect(wrong.body).toContain("SendMessageBatchRequestEntry must be followed by numbers");
});

test("a form is bounded (Q3)", () => {
  const { call, form } = openDoor();
  const contentType = "application/x-www-form-urlencoded";
  const [many] = call({ contentType, body: Buffer.from(`Action=ListQueues${"&a=1".repeat(5_000)}`) });
  expect(many?.body).toContain("More than 5000 parameters");
  expect(form({ Action: "ListQueues", "a.b.c.d.e.f.g.h.i.j.k": "1" }).body).toContain("too many parts");
});

test("any text that SQS takes comes back over XML as it was (X1)", () => {
  const text = fc
    .string({ unit: "binary", minLength: 1 })
    .filter((each) => !/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(each));
  const special = fc.array(fc.constantFrom("&", "<", ">", `"`, "\r", "\n", "&amp;", "]]>", "ü"), { minLength: 1 });
  fc.assert(
    fc.property(
      fc.oneof(
        text,
        special.map((each) => each.join("")),
      ),
      (body) => {
        const { form, json } = openDoor();
        json("CreateQueue", { QueueName: "q" });
        form({ Action: "SendMessage", QueueUrl, MessageBody: body });
        const xml = form({ Action: "ReceiveMessage", QueueUrl }).body;
        const written = /<Body>([^<]*)<\/Body>/.exec(xml)?.[1] ?? "";
        expect(written).not.toMatch(/[\r<>]|&(?!amp;|lt;|gt;|quot;|#13;)/);
        const read = written.replace(
          /&(amp|lt|gt|quot|#13);/g,
          (_all, name: string) => ({ amp: "&", lt: "<", gt: ">", quot: `"`, "#13": "\r" })[name] as string,
        );
        expect(read).toBe(body);
      },
    ),
  );
});

test("a body that is no text is told as base64, and says so (V2)", () => {
  const { queues, json } = openDoor();
  json("CreateQueue", { QueueName: "q" });
  const headers = { "mpreg-body": "text" };
  const messages = [{ body: Uint8Array.of(0x81, 0xff) }, { body: Buffer.from("\ufffd"), headers }];
  queues.operate<"send">("q", { op: "send", messages }, () => undefined);
  const { Messages } = json("ReceiveMessage", { QueueUrl, MaxNumberOfMessages: 10 }) as { Messages: object[] };
  const encoding = { "mpreg.encoding": { DataType: "String", StringValue: "base64" } };
  expect(Messages).toMatchObject([{ Body: "gf8=", MessageAttributes: encoding }, { Body: "\ufffd" }]);
});

test("of values of native programs, strings come as they are and all others as base64 (V2)", () => {
  const { queues, json } = openDoor();
  json("CreateQueue", { QueueName: "q" });
  const codec = createCodec(utf8);
  const told = (value: unknown): { readonly Body: string; readonly MD5OfBody: string; readonly isText: boolean } => {
    queues.operate<"send">("q", { op: "send", messages: [{ body: codec.encode(value, "value") }] }, () => undefined);
    const { Messages } = json("ReceiveMessage", { QueueUrl }) as { Messages: [Record<string, string>] };
    const [{ Body = "", MD5OfBody = "", MessageAttributes }] = Messages;
    return { Body, MD5OfBody, isText: MessageAttributes === undefined };
  };
  const lengths = [1, 31, 32, 130, 191, 255, 256, 65_535, 65_536];
  for (const text of ["{}", "Zoë \ufffd", ...lengths.map((length) => "x".repeat(length))]) {
    const MD5OfBody = createHash("md5").update(text).digest("hex");
    expect(told(text)).toEqual({ Body: text, MD5OfBody, isText: true });
  }
  for (const value of [65, 123, "", "\u0000", true, null, ["x"], { a: "x".repeat(130) }, new Uint8Array(40).fill(65)]) {
    const Body = Buffer.from(codec.encode(value, "value")).toString("base64");
    expect(told(value)).toMatchObject({ Body, isText: false });
  }
});

test("URLs and ARNs are those of this door, whichever host they name (N1, N2)", () => {
  const { json, call } = openDoor();
  json("CreateQueue", { QueueName: "q" });
  const body = Buffer.from(JSON.stringify({ QueueName: "q" }));
  const [answer] = call({ amzTarget: "AmazonSQS.GetQueueUrl", body, origin: "https://sqs.example.com" });
  expect(answer?.body).toBe(`{"QueueUrl":"https://sqs.example.com/000000000000/q"}`);
  const purge = (url: string): unknown => json("PurgeQueue", { QueueUrl: url })["__type"];
  expect(purge("http://anywhere/000000000000/q")).toBeUndefined();
  expect(purge("/000000000000/q")).toBeUndefined();
  expect(purge("http://anywhere/111111111111/q")).toBe("com.amazonaws.sqs#QueueDoesNotExist");
  expect(purge("q")).toBe("com.amazonaws.sqs#InvalidAddress");
  const move = (arn: string): unknown => json("ListMessageMoveTasks", { SourceArn: arn })["__type"];
  expect(move("arn:aws:sqs:us-east-1:000000000000:q")).toBeUndefined();
  for (const arn of [
    "arn:aws:sqs:us-east-2:000000000000:q",
    "arn:aws:sns:us-east-1:000000000000:q",
    "q",
    "arn:aws:sqs:us-east-1:000000000000:q:x",
  ])
    expect(move(arn)).toBe("com.amazonaws.sqs#ResourceNotFoundException");
});

test("what the door keeps in a tag is not the caller's to see or to lose (E1, S1)", () => {
  const { json } = openDoor();
  json("CreateQueue", {
    QueueName: "q",
    Attributes: { ReceiveMessageWaitTimeSeconds: "7", Policy: "{}" },
    tags: { a: "1" },
  });
  json("UntagQueue", { QueueUrl, TagKeys: ["a", "aws:sqs"] });
  expect(json("ListQueueTags", { QueueUrl })).toEqual({});
  json("AddPermission", { QueueUrl, Label: "l", AWSAccountIds: ["111122223333"], Actions: ["*"] });
  json("SetQueueAttributes", { QueueUrl, Attributes: { DelaySeconds: "3" } });
  const { Attributes } = json("GetQueueAttributes", { QueueUrl, AttributeNames: ["All"] });
  expect(Attributes).toMatchObject({ ReceiveMessageWaitTimeSeconds: "7", DelaySeconds: "3" });
  const policyOf = (told: unknown): unknown => JSON.parse((told as { readonly Policy: string }).Policy);
  expect(policyOf(Attributes)).toMatchObject({ Statement: [{ Sid: "l", Action: "SQS:*" }] });
  json("SetQueueAttributes", { QueueUrl, Attributes: { Policy: "{}" } }); // with all that was granted
  expect(policyOf(json("GetQueueAttributes", { QueueUrl, AttributeNames: ["Policy"] })["Attributes"])).toEqual({});
  json("AddPermission", { QueueUrl, Label: "l", AWSAccountIds: ["111122223333"], Actions: ["*"] });
  expect(
    json("AddPermission", { QueueUrl, Label: "l", AWSAccountIds: ["111122223333"], Actions: ["*"] })["message"],
  ).toContain("Already exists");
});

test("a list of one may be written without its number, as in the examples of AWS (Q5)", () => {
  const { form } = openDoor();
  const made = {
    "Attribute.Name": "VisibilityTimeout",
    "Attribute.Value": "40",
    "Tag.Key": "team",
    "Tag.Value": "shop",
  };
  expect(form({ Action: "CreateQueue", QueueName: "q", ...made }).status).toBe(200);
  expect(form({ Action: "ListQueueTags", QueueUrl }).body).toContain("<Key>team</Key><Value>shop</Value>");
  const set = { "Attribute.Name": "DelaySeconds", "Attribute.Value": "0" };
  expect(form({ Action: "SetQueueAttributes", QueueUrl, ...set }).status).toBe(200);
  const all = form({ Action: "GetQueueAttributes", QueueUrl, AttributeName: "All" });
  expect(all.body).toContain("<Name>VisibilityTimeout</Name><Value>40</Value>");
  const kind = { "MessageAttribute.Name": "kind", "MessageAttribute.Value.DataType": "String" };
  const sent = { MessageBody: "m", ...kind, "MessageAttribute.Value.StringValue": "new" };
  expect(form({ Action: "SendMessage", QueueUrl, ...sent }).status).toBe(200);
  const wanted = { AttributeName: "All", MessageAttributeName: "kind" };
  const received = form({ Action: "ReceiveMessage", QueueUrl, ...wanted }).body;
  expect(received).toContain("<Name>ApproximateReceiveCount</Name><Value>1</Value>");
  expect(received).toContain("<StringValue>new</StringValue>");
  expect(form({ Action: "SetQueueAttributes", QueueUrl, Attribute: "DelaySeconds" }).body).toContain(
    "Attribute must be followed by numbers",
  );
});

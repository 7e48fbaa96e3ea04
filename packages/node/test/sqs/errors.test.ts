import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
} from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { query } from "./query.js";
import { type Started, startSqsDoor } from "./support.js";

interface Told {
  readonly name: string;
  readonly message: string;
  readonly $fault: string;
  readonly $metadata: { readonly httpStatusCode: number; readonly requestId: string };
}

async function failing(asked: Promise<unknown>): Promise<Told> {
  const error = await asked.then(
    () => undefined,
    (reason: unknown) => reason as Told,
  );
  if (error === undefined) throw new Error("It was done");
  return error;
}

async function queues(): Promise<Started & { readonly QueueUrl: string; readonly fifo: string }> {
  const started = await startSqsDoor();
  const create = async (QueueName: string, Attributes = {}): Promise<string> =>
    (await started.client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? "";
  return { ...started, QueueUrl: await create("q"), fifo: await create("q.fifo", { FifoQueue: "true" }) };
}

test("a queue that is not there has the error of AWS in both protocols", async () => {
  const { client, url } = await startSqsDoor();
  const error = await failing(client.send(new GetQueueUrlCommand({ QueueName: "none" })));
  expect(error.name).toBe("QueueDoesNotExist");
  expect(error).toMatchObject({ $fault: "client", message: "The specified queue does not exist." });
  expect(error.$metadata).toMatchObject({ httpStatusCode: 400, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  const answer = await query(url, { Action: "GetQueueUrl", QueueName: "none" });
  expect([answer.status, answer.one("Type"), answer.one("Code")]).toEqual([
    400,
    "Sender",
    "AWS.SimpleQueueService.NonExistentQueue",
  ]);
});

test("what is out of range is refused, with the parameter and what would work", async () => {
  const { client, QueueUrl, fifo } = await queues();
  const send = (input: object, url = QueueUrl) =>
    failing(client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: "m", ...input })));
  const receive = (input: object) => failing(client.send(new ReceiveMessageCommand({ QueueUrl, ...input })));
  const group = { MessageGroupId: "g" };
  const attribute = (name: string, value: object) => send({ MessageAttributes: { [name]: value } });
  const text = { DataType: "String", StringValue: "x" };
  const all: [Promise<Told>, string, RegExp][] = [
    [send({ DelaySeconds: 901 }), "InvalidParameterValue", /DelaySeconds must be >= 0 and <= 900/],
    [send({ MessageBody: "" }), "MissingParameter", /MessageBody/],
    [send({ MessageBody: "\u0001" }), "InvalidMessageContents", /#x9/],
    [send({ MessageBody: "\ufffe" }), "InvalidMessageContents", /#x9/],
    [send({ MessageBody: "x".repeat(1024 * 1024 + 1) }), "InvalidParameterValue", /shorter than 1048576 bytes/],
    [
      send({ MessageBody: "x".repeat(1024 * 1024), MessageAttributes: { a: text } }),
      "InvalidParameterValue",
      /shorter/,
    ],
    [send({ MessageDeduplicationId: "d" }), "InvalidParameterValue", /not valid for this queue type/],
    [send({ MessageGroupId: "g g" }), "InvalidParameterValue", /MessageGroupId can only include/],
    [send({}, fifo), "MissingParameter", /MessageGroupId/],
    [send(group, fifo), "InvalidParameterValue", /ContentBasedDeduplication/],
    [send({ ...group, MessageDeduplicationId: "d", DelaySeconds: 1 }, fifo), "InvalidParameterValue", /queue type/],
    [attribute("AWS.x", text), "InvalidParameterValue", /AWS\./],
    [attribute("a..b", text), "InvalidParameterValue", /periods/],
    [attribute("a", { DataType: "Text", StringValue: "x" }), "InvalidParameterValue", /invalid message attribute type/],
    [attribute("a", { DataType: "Number", StringValue: "ten" }), "InvalidParameterValue", /to a number/],
    [attribute("a", { DataType: "String", StringValue: "" }), "InvalidParameterValue", /non-empty/],
    [receive({ MaxNumberOfMessages: 11 }), "InvalidParameterValue", /Must be between 1 and 10/],
    [receive({ WaitTimeSeconds: 21 }), "InvalidParameterValue", /<= 20/],
    [receive({ VisibilityTimeout: 43_201 }), "InvalidParameterValue", /<= 43200/],
    [receive({ ReceiveRequestAttemptId: "a" }), "InvalidParameterValue", /queue type/],
    [receive({ QueueUrl: "http://elsewhere/nothing" }), "InvalidAddress", /not valid for this endpoint/],
    [receive({ QueueUrl: QueueUrl.replace("000000000000", "111122223333") }), "QueueDoesNotExist", /not exist/],
  ];
  for (const [asked, name, message] of all) {
    const error = await asked;
    expect([error.name, error.message]).toEqual([name, expect.stringMatching(message)]);
  }
});

test("attributes have the names and ranges of AWS, and nothing is told to be encrypted that is not (R1)", async () => {
  const { client, QueueUrl, fifo } = await queues();
  const set = (Attributes: Record<string, string>, url = QueueUrl) =>
    failing(client.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes })));
  const dead = (arn: string, maxReceiveCount: number) => ({
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: `arn:aws:sqs:us-east-1:000000000000:${arn}`,
      maxReceiveCount,
    }),
  });
  const all: [Promise<Told>, string, RegExp][] = [
    [set({ VisibilityTimeout: "43201" }), "InvalidAttributeValue", /VisibilityTimeout/],
    [set({ MaximumMessageSize: "1023" }), "InvalidAttributeValue", /1024 to 1048576/],
    [set({ MessageRetentionPeriod: "59" }), "InvalidAttributeValue", /60 to 1209600/],
    [set({ Unheard: "1" }), "InvalidAttributeName", /Unheard/],
    [set({ QueueArn: "x" }), "InvalidAttributeName", /QueueArn/],
    [set({ ContentBasedDeduplication: "true" }), "InvalidAttributeName", /ContentBased/],
    [set({ FifoThroughputLimit: "perMessageGroupId" }, fifo), "InvalidAttributeValue", /DeduplicationScope/],
    [set({ KmsMasterKeyId: "alias/aws/sqs" }), "InvalidParameterValue", /does not encrypt/],
    [set(dead("none", 3)), "InvalidParameterValue", /Dead letter target does not exist/],
    [set(dead("q.fifo", 3)), "InvalidParameterValue", /same type/],
    [set(dead("q", 3)), "InvalidParameterValue", /must not be the source queue itself/],
    [set({ DelaySeconds: "60", MessageRetentionPeriod: "60" }), "InvalidParameterValue", /would be over/],
    [set(dead("q", 1_001)), "InvalidParameterValue", /maxReceiveCount/],
    [set({ RedrivePolicy: "{" }), "InvalidAttributeValue", /not JSON/],
    [set({ Policy: "{" }), "InvalidAttributeValue", /not JSON/],
    [set({ RedriveAllowPolicy: "[]" }), "InvalidAttributeValue", /not a JSON object/],
    [
      failing(client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["None" as "All"] }))),
      "InvalidAttributeName",
      /None/,
    ],
    [
      failing(client.send(new TagQueueCommand({ QueueUrl, Tags: { "aws:x": "1" } }))),
      "InvalidParameterValue",
      /System tags/,
    ],
    [failing(client.send(new CreateQueueCommand({ QueueName: "a b" }))), "InvalidParameterValue", /alphanumeric/],
    [failing(client.send(new CreateQueueCommand({ QueueName: "a.fifo" }))), "InvalidParameterValue", /FifoQueue/],
    [
      failing(client.send(new StartMessageMoveTaskCommand({ SourceArn: "arn:aws:sqs:eu-west-1:000000000000:q" }))),
      "ResourceNotFoundException",
      /SourceArn/,
    ],
    [
      failing(client.send(new StartMessageMoveTaskCommand({ SourceArn: "arn:aws:sqs:us-east-1:000000000000:q" }))),
      "InvalidParameterValue",
      /Dead Letter Queue/,
    ],
  ];
  for (const [asked, name, message] of all) {
    const error = await asked;
    expect([error.name, error.message]).toEqual([name, expect.stringMatching(message)]);
  }
});

test("a dead-letter queue that allows nobody, or others, is no target", async () => {
  const { client, QueueUrl } = await queues();
  const arn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;
  const allow = (policy: object): Promise<unknown> => {
    const Attributes = { RedriveAllowPolicy: JSON.stringify(policy) };
    return client.send(new SetQueueAttributesCommand({ QueueUrl: QueueUrl.replace(/q$/, "dead"), Attributes }));
  };
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn("dead"), maxReceiveCount: 3 });
  const set = (): Promise<unknown> =>
    client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { RedrivePolicy } }));
  await client.send(new CreateQueueCommand({ QueueName: "dead" }));
  await allow({ redrivePermission: "denyAll" });
  expect((await failing(set())).message).toContain("does not allow this source");
  await allow({ redrivePermission: "byQueue", sourceQueueArns: [arn("other")] });
  expect((await failing(set())).message).toContain("does not allow this source");
  await allow({ redrivePermission: "byQueue", sourceQueueArns: [arn("q")] });
  await set();
});

test("what is wrong with a batch as a whole sends nothing of it (N1)", async () => {
  const { client, QueueUrl } = await queues();
  const send = (Entries: { Id: string; MessageBody: string }[]) =>
    failing(client.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
  const entry = (Id: string, MessageBody = "m") => ({ Id, MessageBody });
  const big = "x".repeat(600 * 1024);
  expect((await send([])).name).toBe("EmptyBatchRequest");
  expect((await send([entry("a"), entry("a")])).name).toBe("BatchEntryIdsNotDistinct");
  expect((await send([entry("a"), entry("not an id")])).name).toBe("InvalidBatchEntryId");
  expect((await send([entry("a", big), entry("b", big)])).name).toBe("BatchRequestTooLong");
  const eleven = Array.from({ length: 11 }, (_, at) => entry(`e${at}`));
  expect((await send(eleven)).name).toBe("TooManyEntriesInBatchRequest");
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  expect(Attributes?.ApproximateNumberOfMessages).toBe("0");
});

test("actions and members that there are not, or of the wrong type, are refused by name", async () => {
  const { url, QueueUrl } = await queues();
  const ask = async (target: string, body: string) => {
    const headers = { "x-amz-target": target, "content-type": "application/x-amz-json-1.0" };
    const response = await fetch(url, { method: "POST", headers, body });
    return [
      response.status,
      response.headers.get("x-amzn-query-error"),
      ((await response.json()) as { __type: string }).__type,
    ];
  };
  const coral = "com.amazon.coral.service#";
  expect(await ask("AmazonSQS.Nothing", "{}")).toEqual([
    400,
    "InvalidAction;Sender",
    `${coral}UnknownOperationException`,
  ]);
  expect(await ask("AmazonSQS.toString", "{}")).toEqual([
    400,
    "InvalidAction;Sender",
    `${coral}UnknownOperationException`,
  ]);
  const malformed = [400, "MalformedInput;Sender", `${coral}SerializationException`];
  expect(await ask("AmazonSQS.ListQueues", "{")).toEqual(malformed);
  expect(await ask("AmazonSQS.ListQueues", `{"MaxResults":"1"}`)).toEqual(malformed);
  const missing = [400, "MissingParameter;Sender", `${coral}MissingRequiredParameterException`];
  expect(await ask("AmazonSQS.SendMessage", JSON.stringify({ QueueUrl }))).toEqual(missing);
  const form = await query(url, { Action: "ReceiveMessage", QueueUrl, MaxNumberOfMessages: "two" });
  expect([form.status, form.one("Code"), form.one("Message")]).toEqual([
    400,
    "MalformedInput",
    "MaxNumberOfMessages must be an integer",
  ]);
  expect((await query(url, { QueueUrl })).one("Code")).toBe("InvalidAction");
});

import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.js";
import { query } from "./query.js";
import { startSqsDoor } from "./support.js";

test("a FIFO queue keeps the order of a group, one at a time, and takes no message twice", async () => {
  const { client, advance } = await startSqsDoor();
  const Attributes = { FifoQueue: "true", ContentBasedDeduplication: "true" };
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "q.fifo", Attributes }));
  const send = (MessageBody: string, MessageGroupId: string) =>
    client.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId }));
  const first = await send("a1", "a");
  await send("a2", "a");
  await send("b1", "b");
  const again = await send("a1", "a");
  expect([again.MessageId, again.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
  expect(first.SequenceNumber).toMatch(/^\d{20}$/);
  const receive = async (attempt?: string) => {
    const input = { QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ["All" as const] };
    return (
      (await client.send(new ReceiveMessageCommand({ ...input, ReceiveRequestAttemptId: attempt }))).Messages ?? []
    );
  };
  const [one, ...others] = await receive("attempt");
  expect([one?.Body, ...others.map(({ Body }) => Body)].sort()).toEqual(["a1", "a2", "b1"]);
  expect(one?.Attributes).toMatchObject({ MessageGroupId: "a", SequenceNumber: first.SequenceNumber });
  expect(one?.Attributes?.MessageDeduplicationId).toMatch(/^[0-9a-f]{64}$/);
  expect((await receive("attempt"))[0]?.ReceiptHandle).toBe(one?.ReceiptHandle);
  expect(await receive()).toEqual([]);
  advance(30_000);
  const late = client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: one?.ReceiptHandle }));
  await expect(late).rejects.toThrow("The receipt handle has expired");
});

test("a receipt whose lease is over still deletes its message at a standard queue, as long as nobody has received that since (L2)", async () => {
  const { client, advance } = await startSqsDoor();
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "q" }));
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }));
  const receive = async () => (await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.ReceiptHandle;
  const deleteBy = (ReceiptHandle: string | undefined) =>
    client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  const old = await receive();
  advance(30_000);
  const late = client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: old, VisibilityTimeout: 9 }));
  await expect(late).rejects.toThrow(expect.objectContaining({ name: "MessageNotInflight" }));
  const last = await receive();
  await deleteBy(old);
  advance(30_000);
  await deleteBy(old);
  const again = await receive();
  expect(again).toBeDefined();
  await deleteBy(last);
  advance(30_000);
  await deleteBy(again);
  advance(30_000);
  expect(await receive()).toBeUndefined();
});

test("a queue whose messages are not hidden from others can be emptied (L2)", async () => {
  const { client } = await startSqsDoor();
  const Attributes = { VisibilityTimeout: "0" };
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "q", Attributes }));
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }));
  const receive = async () => (await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages ?? [];
  const [first] = await receive();
  const [second] = await receive();
  expect([first?.Body, second?.Body]).toEqual(["m", "m"]);
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: second?.ReceiptHandle }));
  expect(await receive()).toEqual([]);
});

test("a dead letter says where it comes from", async () => {
  const { client, advance } = await startSqsDoor();
  const dead = await client.send(new CreateQueueCommand({ QueueName: "dead" }));
  const RedrivePolicy = `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"1"}`;
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "q", Attributes: { RedrivePolicy } }));
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }));
  await client.send(new ReceiveMessageCommand({ QueueUrl }));
  advance(30_000);
  const input = { QueueUrl: dead.QueueUrl, MessageSystemAttributeNames: ["All" as const] };
  const { Messages: [message] = [] } = await client.send(new ReceiveMessageCommand(input));
  expect(message?.Attributes?.DeadLetterQueueSourceArn).toBe("arn:aws:sqs:us-east-1:000000000000:q");
});

test("a receive waits for a message, as long as the queue says where it does not say itself", async () => {
  const { client, queues, advance } = await startSqsDoor();
  const Attributes = { ReceiveMessageWaitTimeSeconds: "20" };
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "q", Attributes }));
  const waiting = client.send(new ReceiveMessageCommand({ QueueUrl }));
  await eventually("the receive waits", () => queues.waiting === 1);
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }));
  expect((await waiting).Messages?.[0]?.Body).toBe("m");
  const inVain = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
  await eventually("the receive waits", () => queues.waiting === 1);
  advance(5_000);
  expect((await inVain).Messages).toBeUndefined();
  expect((await client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 0 }))).Messages).toBeUndefined();
});

test("a receive whose caller has gone is taken back, so that nothing is leased to nobody (H2)", async () => {
  const { client, queues, door } = await startSqsDoor();
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "q" }));
  const gone = new AbortController();
  const waiting = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
    abortSignal: gone.signal,
  });
  await eventually("the receive waits", () => queues.waiting === 1);
  gone.abort();
  await expect(waiting).rejects.toThrow();
  await eventually("the door has forgotten it", () => queues.waiting === 0 && door.waiting === 0);
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }));
  expect(queues.leased("q")).toBe(0);
});

test("a request that was sent to the URL of a queue means that queue", async () => {
  const { client, url } = await startSqsDoor();
  await client.send(new CreateQueueCommand({ QueueName: "q" }));
  const answer = await query(url, { Action: "SendMessage", MessageBody: "m" }, "/000000000000/q");
  expect([answer.status, answer.one("MD5OfMessageBody")]).toEqual([200, "6f8f57715090da2632453988d9a1501b"]);
});

test("sqs-consumer handles every message once, and deletes them in batches", async () => {
  const { client, queues } = await startSqsDoor();
  const { QueueUrl = "" } = await client.send(new CreateQueueCommand({ QueueName: "q" }));
  const got: string[] = [];
  const consumer = Consumer.create({
    queueUrl: QueueUrl,
    sqs: client,
    batchSize: 10,
    waitTimeSeconds: 20,
    handleMessageBatch: async (messages) => {
      got.push(...messages.map(({ Body }) => Body ?? ""));
      return messages;
    },
  });
  consumer.on("error", (error) => got.push(error.message));
  consumer.start();
  onTestFinished(() => {
    consumer.stop({ abort: true });
  });
  for (let batch = 0; batch < 5; batch++) {
    const Entries = Array.from({ length: 10 }, (_, at) => ({ Id: `e${at}`, MessageBody: `${batch}.${at}` }));
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
  await eventually("all are handled", () => got.length >= 50);
  await eventually("all are deleted", () => queues.leased("q") === 0);
  expect(new Set(got).size).toBe(50);
});

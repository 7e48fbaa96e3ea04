/** The SQS door of a node in front of the queues of its cluster, over real sockets and disks, with unmodified clients. */
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  type SQSClient,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import type { MpregNode } from "@mpreg/node";
import { Consumer } from "sqs-consumer";
import { expect, onTestFinished, test } from "vitest";
import { startMesh, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { temporaryFolder } from "../support/folders.js";
import { clientOf } from "./support.js";

/** Two nodes with a door each; the queues are at the first, which alone has a disk. */
async function twoDoors(): Promise<{ owner: MpregNode; other: MpregNode; near: SQSClient; far: SQSClient }> {
  const sqs = { port: 0 };
  const dataDir = await temporaryFolder();
  const [owner, other] = (await startMesh({ name: "owner", sqs, dataDir }, { name: "other", sqs })) as [
    MpregNode,
    MpregNode,
  ];
  return { owner, other, near: clientOf(owner.sqsUrl ?? ""), far: clientOf(other.sqsUrl ?? "") };
}

async function create(client: SQSClient, QueueName: string, Attributes: Record<string, string> = {}): Promise<string> {
  return (await client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? "";
}

test("a queue whose node is away is there again with it: a client is told to try again, not that there is none", async () => {
  const { owner, far } = await twoDoors();
  const QueueUrl = await create(far, "orders");
  await owner.close();
  for (const command of [
    new SendMessageCommand({ QueueUrl, MessageBody: "m" }),
    new GetQueueUrlCommand({ QueueName: "orders" }),
    new CreateQueueCommand({ QueueName: "orders" }),
  ]) {
    const error = await far.send(command as SendMessageCommand).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "ServiceUnavailable", message: expect.stringContaining('"owner"') as unknown });
  }
  const none = far.send(new GetQueueUrlCommand({ QueueName: "nowhere" }));
  await expect(none).rejects.toMatchObject({ name: "QueueDoesNotExist" });
});

test("what was received last can be deleted though its lease is over, also from a queue that hides nothing, and is gone for good (L2)", async () => {
  const dataDir = await temporaryFolder();
  const sqs = { port: 0 };
  const node = await startNode({ name: "keeper", dataDir, sqs });
  const client = clientOf(node.sqsUrl ?? "");
  const QueueUrl = await create(client, "bare", { VisibilityTimeout: "0" });
  const Entries = ["a", "b"].map((body) => ({ Id: body, MessageBody: body }));
  await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  const receive = async () =>
    (await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))).Messages ?? [];
  const first = await receive();
  const last = await receive();
  expect([first.length, last.length]).toEqual([2, 2]);
  for (const { ReceiptHandle } of first) await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  expect(await node.queue("bare").stats()).toMatchObject({ messages: 2 });
  for (const { ReceiptHandle } of last) await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  expect(await node.queue("bare").stats()).toMatchObject({ messages: 0, acknowledged: 2 });
  await node.close();
  const again = await startNode({ name: "keeper", dataDir, sqs });
  expect(await again.queue("bare").stats()).toMatchObject({ messages: 0 });
});

test("a queue that one node owns is used at the door of another one, and through both", async () => {
  const { owner, near, far } = await twoDoors();
  const QueueUrl = await create(far, "orders");
  await far.send(
    new SendMessageCommand({
      QueueUrl,
      MessageBody: "ü",
      MessageAttributes: { raw: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255]) } },
    }),
  );
  expect(await owner.queue("orders").stats()).toMatchObject({ messages: 1 });
  const { QueueUrl: there } = await near.send(new GetQueueUrlCommand({ QueueName: "orders" }));
  expect(there).toBe(`${owner.sqsUrl ?? ""}/000000000000/orders`);
  const names = { MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All" as const] };
  const { Messages: [message] = [] } = await near.send(new ReceiveMessageCommand({ QueueUrl: there, ...names }));
  expect(message).toMatchObject({ Body: "ü", Attributes: { ApproximateReceiveCount: "1", SenderId: "AKIDEXAMPLE" } });
  expect(message?.MessageAttributes?.["raw"]?.BinaryValue).toEqual(new Uint8Array([0, 255]));
  const ReceiptHandle = message?.ReceiptHandle;
  await far.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })); // the receipt is good at any door
  expect(await owner.queue("orders").stats()).toMatchObject({ messages: 0, acknowledged: 1 });
  expect((await far.send(new ListQueuesCommand({}))).QueueUrls).toEqual([QueueUrl]);
  const { Attributes } = await far.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  expect(Number(Attributes?.CreatedTimestamp)).toBeGreaterThan(1_700_000_000);
  await far.send(new DeleteQueueCommand({ QueueUrl }));
  await expect(near.send(new ReceiveMessageCommand({ QueueUrl: there }))).rejects.toMatchObject({
    name: "QueueDoesNotExist",
  });
});

test("a queue that a native program has created tells when", async () => {
  const { owner, far } = await twoDoors();
  await owner.queue("own", { durable: false }).create();
  const { createdMs } = await owner.queue("own").stats();
  const QueueUrl = `${owner.sqsUrl ?? ""}/000000000000/own`;
  const AttributeNames = ["CreatedTimestamp" as const, "LastModifiedTimestamp" as const];
  const { Attributes } = await far.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  const seconds = String(Math.floor(createdMs / 1_000));
  expect(Attributes).toEqual({ CreatedTimestamp: seconds, LastModifiedTimestamp: seconds });
});

test("of programs that create the same queue at once, at several doors, all get it (B2)", async () => {
  const { near, far } = await twoDoors();
  const urls = await Promise.all([near, far, near, far, far].map((client) => create(client, "jobs.fifo", fifo)));
  expect(new Set(urls.map((url) => new URL(url).pathname))).toEqual(new Set(["/000000000000/jobs.fifo"]));
  await expect(create(far, "jobs.fifo", { ...fifo, DelaySeconds: "7" })).rejects.toMatchObject({
    name: "QueueNameExists",
  });
});

const fifo = { FifoQueue: "true", ContentBasedDeduplication: "true" };

test("several messages of a group come with one receive, and come again, at any door, to who asks again with the same attempt", async () => {
  const { owner, near, far } = await twoDoors();
  const QueueUrl = await create(far, "jobs.fifo", fifo);
  for (const MessageBody of ["a1", "a2", "a3"]) {
    await far.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: "a" }));
  }
  const receive = async (client: SQSClient, at: string, attempt: string): Promise<(string | undefined)[][]> => {
    const wish = { QueueUrl: at, MaxNumberOfMessages: 2, ReceiveRequestAttemptId: attempt };
    const { Messages = [] } = await client.send(new ReceiveMessageCommand(wish));
    return Messages.map(({ Body, ReceiptHandle }) => [Body, ReceiptHandle]);
  };
  const first = await receive(far, QueueUrl, "one");
  expect(first.map(([body]) => body)).toEqual(["a1", "a2"]);
  expect(await receive(near, `${owner.sqsUrl ?? ""}/000000000000/jobs.fifo`, "one")).toEqual(first);
  expect(await receive(far, QueueUrl, "two")).toEqual([]); // the group is in flight
});

test("a queue can be used at the door where it was created as soon as that is answered", async () => {
  const { far } = await twoDoors();
  for (const name of ["a", "b", "c", "d", "e"]) {
    const QueueUrl = await create(far, name);
    await far.send(new SendMessageCommand({ QueueUrl, MessageBody: name }));
  }
  expect((await far.send(new ListQueuesCommand({ QueueNamePrefix: "b" }))).QueueUrls).toHaveLength(1);
});

test("attributes are set and taken away again", async () => {
  const { far } = await twoDoors();
  await create(far, "dead");
  const QueueUrl = await create(far, "orders");
  const told = async (): Promise<Record<string, string> | undefined> =>
    (await far.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }))).Attributes;
  const RedrivePolicy = `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":3}`;
  await far.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { RedrivePolicy, DelaySeconds: "3" } }));
  expect(await told()).toMatchObject({ RedrivePolicy, DelaySeconds: "3" });
  await far.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { RedrivePolicy: "", DelaySeconds: "0" } }));
  expect(await told()).toMatchObject({ DelaySeconds: "0" });
  expect(await told()).not.toHaveProperty("RedrivePolicy");
});

test("a long poll gets what is sent meanwhile; one whose client has gone leases nothing (B1)", async () => {
  const { owner, near, far } = await twoDoors();
  const QueueUrl = await create(far, "later");
  const waiting = async (): Promise<number> => (await owner.queue("later").stats()).waiting;
  const poll = (signal?: AbortSignal) =>
    far.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }),
      signal === undefined ? {} : { abortSignal: signal },
    );
  const first = poll();
  await expect.poll(waiting).toBe(1);
  await near.send(new SendMessageCommand({ QueueUrl, MessageBody: "now" }));
  expect((await first).Messages?.map(({ Body }) => Body)).toEqual(["now"]);

  const abort = new AbortController();
  const gone = expect(poll(abort.signal)).rejects.toMatchObject({ name: "AbortError" });
  await expect.poll(waiting).toBe(1);
  abort.abort();
  await gone;
  await expect.poll(waiting).toBe(0);
  await near.send(new SendMessageCommand({ QueueUrl, MessageBody: "kept" }));
  expect((await near.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.Body).toBe("kept");
});

test("a node that drains answers its long polls, without a message, before it ends (B4)", async () => {
  const { owner, other, far } = await twoDoors();
  const QueueUrl = await create(far, "later");
  const poll = far.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await expect.poll(async () => (await owner.queue("later").stats()).waiting).toBe(1);
  const drained = other.drain();
  expect((await poll).Messages).toBeUndefined();
  await drained;
  expect(await owner.queue("later").stats()).toMatchObject({ waiting: 0, leased: 0 });
});

test("what was sent is there after a restart, and what was deleted is not", async () => {
  const dataDir = await temporaryFolder();
  const start = () => startNode({ name: "keeper", dataDir, sqs: { port: 0 } });
  const before = await start();
  const client = clientOf(before.sqsUrl ?? "");
  const QueueUrl = await create(client, "orders", { VisibilityTimeout: "40" });
  const Entries = ["a", "b", "c"].map((Id) => ({ Id, MessageBody: Id }));
  const { Failed } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  expect(Failed ?? []).toEqual([]);
  const { Messages: [first] = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl }));
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
  await before.close();

  const after = clientOf((await start()).sqsUrl ?? "");
  const input = { QueueUrl, MaxNumberOfMessages: 10 };
  const { Messages = [] } = await after.send(new ReceiveMessageCommand(input));
  expect([first?.Body, ...Messages.map(({ Body }) => Body)].sort()).toEqual(["a", "b", "c"]);
  const { Attributes } = await after.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  expect(Attributes).toMatchObject({ VisibilityTimeout: "40", ApproximateNumberOfMessagesNotVisible: "2" });
});

test("what is sent at a door is a text to native receivers, and a body that is no value stops only who looks at it", async () => {
  const { owner, near } = await twoDoors();
  const QueueUrl = await create(near, "mixed");
  const queue = owner.queue("mixed");
  const texts = ['{"a":1}', "5", "ü"];
  for (const MessageBody of texts) await near.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  await owner.call("mpreg.queue.mixed", [{ op: "send", messages: [{ body: Uint8Array.of(0xc1) }] }]);
  await queue.send({ native: true });
  expect((await queue.browse()).slice(0, 3).map(({ value }) => value)).toEqual(texts);
  const messages = await queue.receive({ max: 10 });
  expect(messages.slice(0, 3).map(({ value }) => value)).toEqual(texts);
  expect(() => messages[3]?.value).toThrow(/The body of message ".*" is no value: /);
  expect(messages[4]?.value).toEqual({ native: true });
  await queue.ack(messages.map(({ receipt }) => receipt));
  expect(await queue.stats()).toMatchObject({ messages: 0 });
});

test.for(["one by one", "in batches"])(
  "sqs-consumer, unmodified, works %s through everything that is sent at another node",
  async (how) => {
    const { owner, near, far } = await twoDoors();
    const queueUrl = await create(far, "work");
    const handled: string[] = [];
    const consumer = Consumer.create({
      queueUrl,
      sqs: far,
      batchSize: 10,
      waitTimeSeconds: 20,
      ...(how === "one by one"
        ? {
            handleMessage: (message) => {
              handled.push(message.Body ?? "");
              return Promise.resolve(message);
            },
          }
        : {
            handleMessageBatch: (messages) => {
              handled.push(...messages.map(({ Body }) => Body ?? ""));
              return Promise.resolve(messages);
            },
          }),
    });
    const errors: unknown[] = [];
    consumer.on("error", (error) => errors.push(error));
    consumer.start();
    onTestFinished(() => {
      consumer.stop({ abort: true });
    });
    const Entries = Array.from({ length: 10 }, (_, at) => ({ Id: String(at), MessageBody: String(at) }));
    await near.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    await eventually("all is handled and deleted", async () => (await owner.queue("work").stats()).acknowledged === 10);
    expect([...handled].sort()).toEqual(Entries.map(({ MessageBody }) => MessageBody));
    expect(errors).toEqual([]);
  },
);

test("what the policy refuses, what there is not, and what no node has a disk for are said so", async () => {
  const node = await startNode({
    sqs: { port: 0 },
    policy: (_caller, action) => {
      const isDenied = action.kind === "send" && action.queue === "closed";
      return isDenied ? { allow: false, reason: "closed today" } : { allow: true };
    },
  });
  const client = clientOf(node.sqsUrl ?? "");
  await node.queue("closed", { durable: false }).create();
  const QueueUrl = `${node.sqsUrl ?? ""}/000000000000/closed`;
  const denied = client.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }));
  await expect(denied).rejects.toMatchObject({ name: "AccessDenied" });
  const unknown = client.send(new SendMessageCommand({ QueueUrl: `${QueueUrl}r`, MessageBody: "m" }));
  await expect(unknown).rejects.toMatchObject({ name: "QueueDoesNotExist" });
  await expect(create(client, "new")).rejects.toMatchObject({
    name: "UnsupportedOperation",
    message: expect.stringContaining("no node of the cluster has a disk for it") as string,
  });
});

test("a message move task runs where the dead letters are", async () => {
  const { far } = await twoDoors();
  await create(far, "dead");
  const SourceArn = "arn:aws:sqs:us-east-1:000000000000:dead";
  await create(far, "orders", {
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: SourceArn, maxReceiveCount: 2 }),
  });
  const { TaskHandle } = await far.send(new StartMessageMoveTaskCommand({ SourceArn }));
  expect(TaskHandle).toBeDefined();
  const { Results } = await far.send(new ListMessageMoveTasksCommand({ SourceArn }));
  expect(Results).toMatchObject([{ SourceArn, ApproximateNumberOfMessagesMoved: 0 }]);
});

test("a text that is no receipt is told from one whose lease is over", async () => {
  const { far } = await twoDoors();
  const QueueUrl = await create(far, "orders");
  const remove = (ReceiptHandle: string) => far.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  await expect(remove("none")).rejects.toMatchObject({ name: "ReceiptHandleIsInvalid" });
  await far.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }));
  const { Messages: [message] = [] } = await far.send(new ReceiveMessageCommand({ QueueUrl }));
  await remove(message?.ReceiptHandle ?? "");
  await remove(message?.ReceiptHandle ?? ""); // as after a lost answer
});

test("a node without the option has no door", async () => {
  expect((await startNode()).sqsUrl).toBeUndefined();
});

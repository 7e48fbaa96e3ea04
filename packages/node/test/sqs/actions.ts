/**
 * Every action of SQS, done once by the SDK (JSON) and once as a form (Query), each with what must come of it.
 *
 * The table of supported actions in `docs/guides/sqs.md` lists these; `supported.test.ts` runs them and compares.
 */
import {
  AddPermissionCommand,
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  ListQueueTagsCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  RemovePermissionCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import { expect } from "vitest";
import { type QueryAnswer, query } from "./query.js";
import type { Started } from "./support.js";

/** What there is before each: the queue `orders`, whose dead letters go to `dead`; in each a message, in `dead` a dead one. */
export interface Scene extends Started {
  readonly orders: string;
  readonly dead: string;
  readonly deadArn: string;
  /** Receives the message of `orders`, and answers its receipt. */
  readonly lease: () => Promise<string>;
  /** What attribute `name` of `orders` is. */
  readonly attribute: (name: string) => Promise<string | undefined>;
  /** Starts to move dead letters slowly, and answers the handle. */
  readonly moveSlowly: () => Promise<string>;
}

export interface Tried {
  readonly sdk: (scene: Scene) => Promise<void>;
  /** What a form says, and what must come of it. */
  readonly query: (
    scene: Scene,
    ask: (parameters: Record<string, string | number>) => Promise<QueryAnswer>,
  ) => Promise<void>;
  /** What differs from AWS. */
  readonly note?: string;
}

/** Asks as a form, which must be done. */
export function asking(scene: Started, action: string) {
  return async (parameters: Record<string, string | number>): Promise<QueryAnswer> => {
    const answer = await query(scene.url, { Action: action, Version: "2012-11-05", ...parameters });
    expect(answer.xml).toContain(`<${action}Response xmlns="http://queue.amazonaws.com/doc/2012-11-05/">`);
    expect([answer.status, answer.one("RequestId")?.length]).toEqual([200, 36]);
    return answer;
  };
}

const waiting = "ApproximateNumberOfMessages";
const hidden = "ApproximateNumberOfMessagesNotVisible";
const allows = "kept and told; who may do what is decided by the node's [policy](security.md)";

export const tried: Readonly<Record<string, Tried>> = {
  AddPermission: {
    note: allows,
    sdk: async ({ client, orders, attribute }) => {
      const input = { QueueUrl: orders, Label: "a", AWSAccountIds: ["111122223333"], Actions: ["SendMessage"] };
      await client.send(new AddPermissionCommand(input));
      expect(JSON.parse((await attribute("Policy")) ?? "")).toEqual({
        Version: "2008-10-17",
        Id: "arn:aws:sqs:us-east-1:000000000000:orders/SQSDefaultPolicy",
        Statement: [
          {
            Sid: "a",
            Effect: "Allow",
            Principal: { AWS: "arn:aws:iam::111122223333:root" },
            Action: "SQS:SendMessage",
            Resource: "arn:aws:sqs:us-east-1:000000000000:orders",
          },
        ],
      });
      await expect(client.send(new AddPermissionCommand(input))).rejects.toThrow("Already exists");
    },
    query: async ({ client, orders }, ask) => {
      await ask({ QueueUrl: orders, Label: "a", "AWSAccountId.1": "111122223333", "ActionName.1": "*" });
      await client.send(new RemovePermissionCommand({ QueueUrl: orders, Label: "a" }));
    },
  },
  CancelMessageMoveTask: {
    sdk: async ({ client, moveSlowly, advance }) => {
      const TaskHandle = await moveSlowly();
      advance(1_000);
      const answer = await client.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
      expect(answer.ApproximateNumberOfMessagesMoved).toBe(1);
      await expect(client.send(new CancelMessageMoveTaskCommand({ TaskHandle }))).rejects.toThrow("Only active tasks");
    },
    query: async ({ moveSlowly }, ask) => {
      const answer = await ask({ TaskHandle: await moveSlowly() });
      expect(answer.one("ApproximateNumberOfMessagesMoved")).toBe("0");
    },
  },
  ChangeMessageVisibility: {
    sdk: async ({ client, orders, lease, attribute }) => {
      const ReceiptHandle = await lease();
      await client.send(new ChangeMessageVisibilityCommand({ QueueUrl: orders, ReceiptHandle, VisibilityTimeout: 0 }));
      expect(await attribute(waiting)).toBe("1");
    },
    query: async ({ orders, lease, attribute, advance }, ask) => {
      await ask({ QueueUrl: orders, ReceiptHandle: await lease(), VisibilityTimeout: 100 });
      advance(99_000);
      expect(await attribute(hidden)).toBe("1");
      advance(2_000);
      expect(await attribute(hidden)).toBe("0");
    },
  },
  ChangeMessageVisibilityBatch: {
    sdk: async ({ client, orders, lease, attribute }) => {
      const Entries = [
        { Id: "one", ReceiptHandle: await lease(), VisibilityTimeout: 0 },
        { Id: "two", ReceiptHandle: "none", VisibilityTimeout: 1 },
        { Id: "three", ReceiptHandle: "none" },
      ];
      const answer = await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: orders, Entries }));
      expect(answer.Successful).toEqual([{ Id: "one" }]);
      expect(answer.Failed?.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault])).toEqual([
        ["three", "MissingParameter", true],
        ["two", "ReceiptHandleIsInvalid", true],
      ]);
      expect(await attribute(waiting)).toBe("1");
    },
    query: async ({ orders, lease, attribute }, ask) => {
      const entry = "ChangeMessageVisibilityBatchRequestEntry.1";
      const parameters = { [`${entry}.Id`]: "one", [`${entry}.VisibilityTimeout`]: 0 };
      const answer = await ask({ QueueUrl: orders, ...parameters, [`${entry}.ReceiptHandle`]: await lease() });
      expect(answer.xml).toContain("<ChangeMessageVisibilityBatchResultEntry><Id>one</Id>");
      expect(await attribute(waiting)).toBe("1");
    },
  },
  CreateQueue: {
    note: "no wait of 60 s after a deletion; encryption with keys of AWS (`KmsMasterKeyId`, `SqsManagedSseEnabled`) is refused; up to 49 tags",
    sdk: async ({ client }) => {
      const input = {
        QueueName: "new.fifo",
        Attributes: { FifoQueue: "true", DelaySeconds: "7" },
        tags: { team: "a" },
      };
      const { QueueUrl } = await client.send(new CreateQueueCommand(input));
      expect(await client.send(new CreateQueueCommand(input))).toMatchObject({ QueueUrl });
      const other = { ...input, Attributes: { FifoQueue: "true", DelaySeconds: "8" } };
      await expect(client.send(new CreateQueueCommand(other))).rejects.toThrow(
        "different value for attribute DelaySeconds",
      );
      const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
      expect(Attributes).toMatchObject({ FifoQueue: "true", DelaySeconds: "7", DeduplicationScope: "queue" });
    },
    query: async ({ client, url }, ask) => {
      const attribute = { "Attribute.1.Name": "VisibilityTimeout", "Attribute.1.Value": 60 };
      const answer = await ask({ QueueName: "new", ...attribute, "Tag.1.Key": "team", "Tag.1.Value": "a" });
      const QueueUrl = `${url}/000000000000/new`;
      expect(answer.one("QueueUrl")).toBe(QueueUrl);
      expect((await client.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toEqual({ team: "a" });
    },
  },
  DeleteMessage: {
    sdk: async ({ client, orders, lease, attribute }) => {
      const ReceiptHandle = await lease();
      await client.send(new DeleteMessageCommand({ QueueUrl: orders, ReceiptHandle }));
      await client.send(new DeleteMessageCommand({ QueueUrl: orders, ReceiptHandle })); // as after a lost answer
      expect([await attribute(waiting), await attribute(hidden)]).toEqual(["0", "0"]);
    },
    query: async ({ orders, lease, attribute }, ask) => {
      await ask({ QueueUrl: orders, ReceiptHandle: await lease() });
      expect([await attribute(waiting), await attribute(hidden)]).toEqual(["0", "0"]);
    },
  },
  DeleteMessageBatch: {
    sdk: async ({ client, orders, lease, attribute }) => {
      const Entries = [
        { Id: "one", ReceiptHandle: await lease() },
        { Id: "two", ReceiptHandle: "none" },
      ];
      const answer = await client.send(new DeleteMessageBatchCommand({ QueueUrl: orders, Entries }));
      expect(answer.Successful).toEqual([{ Id: "one" }]);
      expect(answer.Failed?.map(({ Id, Code }) => [Id, Code])).toEqual([["two", "ReceiptHandleIsInvalid"]]);
      expect(await attribute(hidden)).toBe("0");
    },
    query: async ({ orders, lease }, ask) => {
      const entry = "DeleteMessageBatchRequestEntry.1";
      const receipt = { [`${entry}.ReceiptHandle`]: await lease() };
      const answer = await ask({ QueueUrl: orders, [`${entry}.Id`]: "one", ...receipt });
      expect(answer.one("Id")).toBe("one");
    },
  },
  DeleteQueue: {
    sdk: async ({ client, orders }) => {
      await client.send(new DeleteQueueCommand({ QueueUrl: orders }));
      await expect(client.send(new PurgeQueueCommand({ QueueUrl: orders }))).rejects.toThrow("does not exist");
    },
    query: async ({ orders, client }, ask) => {
      await ask({ QueueUrl: orders });
      expect((await client.send(new ListQueuesCommand({ QueueNamePrefix: "orders" }))).QueueUrls).toBeUndefined();
    },
  },
  GetQueueAttributes: {
    sdk: async ({ client, orders, deadArn }) => {
      const input = { QueueUrl: orders, AttributeNames: ["RedrivePolicy", "MaximumMessageSize"] as const };
      const { Attributes } = await client.send(
        new GetQueueAttributesCommand({ ...input, AttributeNames: [...input.AttributeNames] }),
      );
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: 2 });
      expect(Attributes).toEqual({ MaximumMessageSize: "1048576", RedrivePolicy });
      expect(await client.send(new GetQueueAttributesCommand({ QueueUrl: orders }))).toMatchObject({});
    },
    query: async ({ orders }, ask) => {
      const answer = await ask({ QueueUrl: orders, "AttributeName.1": "All" });
      expect(answer.xml).toContain("<Attribute><Name>VisibilityTimeout</Name><Value>30</Value></Attribute>");
      expect(answer.xml).toContain("<Name>QueueArn</Name><Value>arn:aws:sqs:us-east-1:000000000000:orders</Value>");
    },
  },
  GetQueueUrl: {
    sdk: async ({ client, orders }) => {
      expect((await client.send(new GetQueueUrlCommand({ QueueName: "orders" }))).QueueUrl).toBe(orders);
    },
    query: async ({ orders }, ask) => {
      expect((await ask({ QueueName: "orders" })).one("QueueUrl")).toBe(orders);
    },
  },
  ListDeadLetterSourceQueues: {
    sdk: async ({ client, orders, dead }) => {
      const { queueUrls } = await client.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }));
      expect(queueUrls).toEqual([orders]);
    },
    query: async ({ orders, dead }, ask) => {
      expect((await ask({ QueueUrl: dead })).all("QueueUrl")).toEqual([orders]);
    },
  },
  ListMessageMoveTasks: {
    sdk: async ({ client, deadArn, moveSlowly, advance }) => {
      const TaskHandle = await moveSlowly();
      const list = () => client.send(new ListMessageMoveTasksCommand({ SourceArn: deadArn }));
      const running = { TaskHandle, Status: "RUNNING", SourceArn: deadArn, MaxNumberOfMessagesPerSecond: 1 };
      expect((await list()).Results).toMatchObject([{ ...running, ApproximateNumberOfMessagesMoved: 0 }]);
      advance(1_000);
      advance(1_000);
      const { Results: [task] = [] } = await list();
      expect(task).toMatchObject({ Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 1 });
      expect(task?.TaskHandle).toBeUndefined();
    },
    query: async ({ deadArn, moveSlowly }, ask) => {
      await moveSlowly();
      const answer = await ask({ SourceArn: deadArn, MaxResults: 10 });
      expect(answer.xml).toContain("<ListMessageMoveTasksResultEntry><TaskHandle>");
      expect(answer.all("Status")).toEqual(["RUNNING"]);
    },
  },
  ListQueueTags: {
    sdk: async ({ client, orders }) => {
      expect((await client.send(new ListQueueTagsCommand({ QueueUrl: orders }))).Tags).toEqual({ stage: "test" });
    },
    query: async ({ orders }, ask) => {
      expect((await ask({ QueueUrl: orders })).xml).toContain("<Tag><Key>stage</Key><Value>test</Value></Tag>");
    },
  },
  ListQueues: {
    sdk: async ({ client, orders, dead }) => {
      const first = await client.send(new ListQueuesCommand({ MaxResults: 1 }));
      expect(first.QueueUrls).toEqual([dead]);
      const { NextToken } = first;
      const second = await client.send(new ListQueuesCommand({ MaxResults: 1, NextToken }));
      expect([second.QueueUrls, second.NextToken]).toEqual([[orders], undefined]);
      expect((await client.send(new ListQueuesCommand({ QueueNamePrefix: "x" }))).QueueUrls).toBeUndefined();
    },
    query: async ({ orders, dead }, ask) => {
      expect((await ask({})).all("QueueUrl")).toEqual([dead, orders]);
    },
  },
  PurgeQueue: {
    note: "over when it is answered; no wait of 60 s before the next",
    sdk: async ({ client, orders, attribute }) => {
      await client.send(new PurgeQueueCommand({ QueueUrl: orders }));
      expect(await attribute(waiting)).toBe("0");
    },
    query: async ({ orders, attribute }, ask) => {
      await ask({ QueueUrl: orders });
      expect(await attribute(waiting)).toBe("0");
    },
  },
  ReceiveMessage: {
    sdk: async ({ client, orders, attribute }) => {
      const names = { MessageSystemAttributeNames: ["MessageGroupId" as const], MessageAttributeNames: ["trace.*"] };
      const { Messages: [message] = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl: orders, ...names }));
      expect(message).toMatchObject({ Body: "first", Attributes: { MessageGroupId: "tenant" } });
      expect(message?.MessageAttributes).toEqual({ "trace.id": { DataType: "String", StringValue: "7" } });
      expect(await attribute(hidden)).toBe("1");
      expect((await client.send(new ReceiveMessageCommand({ QueueUrl: orders }))).Messages).toBeUndefined();
    },
    query: async ({ orders }, ask) => {
      const names = { "AttributeName.1": "All", "MessageAttributeName.1": "All" };
      const answer = await ask({ QueueUrl: orders, MaxNumberOfMessages: 10, ...names });
      expect(answer.all("Body")).toEqual(["first"]);
      expect(answer.xml).toContain("<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>");
      expect(answer.xml).toContain(
        "<MessageAttribute><Name>trace.id</Name><Value><DataType>String</DataType><StringValue>7</StringValue></Value>",
      );
    },
  },
  RemovePermission: {
    note: allows,
    sdk: async ({ client, orders }) => {
      const input = { QueueUrl: orders, Label: "a" };
      await expect(client.send(new RemovePermissionCommand(input))).rejects.toThrow("can't find label");
    },
    query: async ({ client, orders }, ask) => {
      const input = { QueueUrl: orders, Label: "a", AWSAccountIds: ["111122223333"], Actions: ["*"] };
      await client.send(new AddPermissionCommand(input));
      await ask({ QueueUrl: orders, Label: "a" });
      await client.send(new AddPermissionCommand(input));
    },
  },
  SendMessage: {
    sdk: async ({ client, orders, attribute }) => {
      const answer = await client.send(
        new SendMessageCommand({ QueueUrl: orders, MessageBody: "two", DelaySeconds: 5 }),
      );
      expect(answer.MD5OfMessageBody).toBe("b8a9f715dbb64fd5c56e7783c6820a61");
      expect(await attribute("ApproximateNumberOfMessagesDelayed")).toBe("1");
    },
    query: async ({ orders, client }, ask) => {
      const name = "MessageAttribute.1";
      const value = {
        [`${name}.Name`]: "raw",
        [`${name}.Value.DataType`]: "Binary",
        [`${name}.Value.BinaryValue`]: "AP8=",
      };
      const sent = await ask({ QueueUrl: orders, MessageBody: "a & b\r\n<ü>", ...value });
      const received = await client.send(
        new ReceiveMessageCommand({ QueueUrl: orders, MaxNumberOfMessages: 2, MessageAttributeNames: ["All"] }),
      );
      const message = received.Messages?.find(({ MessageId }) => MessageId === sent.one("MessageId"));
      expect(message?.Body).toBe("a & b\r\n<ü>");
      expect(message?.MessageAttributes?.["raw"]?.BinaryValue).toEqual(new Uint8Array([0, 255]));
      expect(message?.MD5OfMessageAttributes).toBe(sent.one("MD5OfMessageAttributes"));
      expect(message?.MD5OfBody).toBe(sent.one("MD5OfMessageBody"));
    },
  },
  SendMessageBatch: {
    sdk: async ({ client, orders, attribute }) => {
      const Entries = [
        { Id: "good", MessageBody: "a" },
        { Id: "late", MessageBody: "b", DelaySeconds: 901 },
      ];
      const answer = await client.send(new SendMessageBatchCommand({ QueueUrl: orders, Entries }));
      expect(answer.Successful?.map(({ Id }) => Id)).toEqual(["good"]);
      expect(answer.Failed).toMatchObject([{ Id: "late", SenderFault: true, Code: "InvalidParameterValue" }]);
      expect(await attribute(waiting)).toBe("2");
    },
    query: async ({ orders, attribute }, ask) => {
      const entry = "SendMessageBatchRequestEntry";
      const two = { [`${entry}.2.Id`]: "b", [`${entry}.2.MessageBody`]: "two" };
      const answer = await ask({ QueueUrl: orders, ...two, [`${entry}.1.Id`]: "a", [`${entry}.1.MessageBody`]: "one" });
      expect(answer.all("Id")).toEqual(["a", "b"]);
      expect(await attribute(waiting)).toBe("3");
    },
  },
  SetQueueAttributes: {
    note: "as `CreateQueue`",
    sdk: async ({ client, orders, attribute }) => {
      const Attributes = { ReceiveMessageWaitTimeSeconds: "3", RedrivePolicy: "" };
      await client.send(new SetQueueAttributesCommand({ QueueUrl: orders, Attributes }));
      expect([await attribute("ReceiveMessageWaitTimeSeconds"), await attribute("RedrivePolicy")]).toEqual([
        "3",
        undefined,
      ]);
    },
    query: async ({ orders, attribute }, ask) => {
      await ask({ QueueUrl: orders, "Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "9" });
      expect(await attribute("DelaySeconds")).toBe("9");
    },
  },
  StartMessageMoveTask: {
    sdk: async ({ client, deadArn, orders, attribute, advance }) => {
      const DestinationArn = "arn:aws:sqs:us-east-1:000000000000:orders";
      await client.send(new StartMessageMoveTaskCommand({ SourceArn: deadArn, DestinationArn }));
      await expect(client.send(new StartMessageMoveTaskCommand({ SourceArn: deadArn }))).rejects.toThrow(
        "already a task",
      );
      advance(1);
      expect([orders.endsWith("orders"), await attribute(waiting)]).toEqual([true, "2"]);
    },
    query: async ({ deadArn, attribute, advance }, ask) => {
      const answer = await ask({ SourceArn: deadArn });
      advance(1);
      expect([answer.one("TaskHandle")?.length === 0, await attribute(waiting)]).toEqual([false, "2"]);
    },
  },
  TagQueue: {
    sdk: async ({ client, orders }) => {
      await client.send(new TagQueueCommand({ QueueUrl: orders, Tags: { team: "a", __proto__x: "b" } }));
      const { Tags } = await client.send(new ListQueueTagsCommand({ QueueUrl: orders }));
      expect(Tags).toEqual({ stage: "test", team: "a", __proto__x: "b" });
    },
    query: async ({ client, orders }, ask) => {
      await ask({ QueueUrl: orders, "Tag.1.Key": "stage", "Tag.1.Value": "live" });
      expect((await client.send(new ListQueueTagsCommand({ QueueUrl: orders }))).Tags).toEqual({ stage: "live" });
    },
  },
  UntagQueue: {
    sdk: async ({ client, orders }) => {
      await client.send(new UntagQueueCommand({ QueueUrl: orders, TagKeys: ["stage"] }));
      expect((await client.send(new ListQueueTagsCommand({ QueueUrl: orders }))).Tags).toBeUndefined();
    },
    query: async ({ client, orders }, ask) => {
      await ask({ QueueUrl: orders, "TagKey.1": "stage" });
      expect((await client.send(new ListQueueTagsCommand({ QueueUrl: orders }))).Tags).toBeUndefined();
    },
  },
};

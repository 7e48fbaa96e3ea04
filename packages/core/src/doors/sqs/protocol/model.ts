/**
 * Model: the actions of Amazon SQS (API version 2012-11-05), their inputs and their results, as data.
 *
 * Source: the service model AWS publishes with its SDKs (`com.amazonaws.sqs`). The TypeScript side of the same is
 * `types.ts`.
 */
import type { SqsActionName } from "../types.js";
import { type Shape, type StructureShape, blob, boolean, integer, list, map, string, structure } from "./shapes.js";

export interface ActionModel {
  readonly input: StructureShape;
  /** Absent where an action answers nothing but that it was done. */
  readonly result: StructureShape | undefined;
}

const queueUrl = { QueueUrl: string };
const attributes = map("Attribute", "Name");
const tags = map("Tag", "Key");
const attributeNames = list("AttributeName");

const attributeValue = structure(
  { DataType: string },
  {
    StringValue: string,
    BinaryValue: blob,
    StringListValues: list("StringListValue"),
    BinaryListValues: list("BinaryListValue", blob),
  },
);
const messageAttributes = map("MessageAttribute", "Name", attributeValue);

const outgoing = {
  DelaySeconds: integer,
  MessageAttributes: messageAttributes,
  MessageSystemAttributes: map("MessageSystemAttribute", "Name", attributeValue),
  MessageDeduplicationId: string,
  MessageGroupId: string,
};
const digests = { MD5OfMessageAttributes: string, MD5OfMessageSystemAttributes: string, SequenceNumber: string };

const message = structure(
  {},
  {
    MessageId: string,
    ReceiptHandle: string,
    MD5OfBody: string,
    Body: string,
    Attributes: attributes,
    MD5OfMessageAttributes: string,
    MessageAttributes: messageAttributes,
  },
);

const moveTask = structure(
  {},
  {
    TaskHandle: string,
    Status: string,
    SourceArn: string,
    DestinationArn: string,
    MaxNumberOfMessagesPerSecond: integer,
    ApproximateNumberOfMessagesMoved: integer,
    ApproximateNumberOfMessagesToMove: integer,
    FailureReason: string,
    StartedTimestamp: integer,
  },
);

const failed = list(
  "BatchResultErrorEntry",
  structure({ Id: string, SenderFault: boolean, Code: string }, { Message: string }),
);

function entries(as: string, required: Record<string, Shape>, optional: Record<string, Shape> = {}): StructureShape {
  return structure({ ...queueUrl, Entries: list(as, structure({ Id: string, ...required }, optional)) });
}

function ends(as: string, required: Record<string, Shape> = {}, optional: Record<string, Shape> = {}): StructureShape {
  return structure({ Successful: list(as, structure({ Id: string, ...required }, optional)), Failed: failed });
}

function page(name: string): StructureShape {
  return structure({}, { [name]: list("QueueUrl"), NextToken: string });
}

export const actionModels: Readonly<Record<SqsActionName, ActionModel>> = {
  AddPermission: {
    input: structure({ ...queueUrl, Label: string, AWSAccountIds: list("AWSAccountId"), Actions: list("ActionName") }),
    result: undefined,
  },
  CancelMessageMoveTask: {
    input: structure({ TaskHandle: string }),
    result: structure({}, { ApproximateNumberOfMessagesMoved: integer }),
  },
  ChangeMessageVisibility: {
    input: structure({ ...queueUrl, ReceiptHandle: string, VisibilityTimeout: integer }),
    result: undefined,
  },
  ChangeMessageVisibilityBatch: {
    input: entries(
      "ChangeMessageVisibilityBatchRequestEntry",
      { ReceiptHandle: string },
      { VisibilityTimeout: integer },
    ),
    result: ends("ChangeMessageVisibilityBatchResultEntry"),
  },
  CreateQueue: {
    input: structure({ QueueName: string }, { Attributes: attributes, tags }),
    result: structure({}, queueUrl),
  },
  DeleteMessage: { input: structure({ ...queueUrl, ReceiptHandle: string }), result: undefined },
  DeleteMessageBatch: {
    input: entries("DeleteMessageBatchRequestEntry", { ReceiptHandle: string }),
    result: ends("DeleteMessageBatchResultEntry"),
  },
  DeleteQueue: { input: structure(queueUrl), result: undefined },
  GetQueueAttributes: {
    input: structure(queueUrl, { AttributeNames: attributeNames }),
    result: structure({}, { Attributes: attributes }),
  },
  GetQueueUrl: {
    input: structure({ QueueName: string }, { QueueOwnerAWSAccountId: string }),
    result: structure({}, queueUrl),
  },
  ListDeadLetterSourceQueues: {
    input: structure(queueUrl, { NextToken: string, MaxResults: integer }),
    result: page("queueUrls"),
  },
  ListMessageMoveTasks: {
    input: structure({ SourceArn: string }, { MaxResults: integer }),
    result: structure({}, { Results: list("ListMessageMoveTasksResultEntry", moveTask) }),
  },
  ListQueueTags: { input: structure(queueUrl), result: structure({}, { Tags: tags }) },
  ListQueues: {
    input: structure({}, { QueueNamePrefix: string, NextToken: string, MaxResults: integer }),
    result: page("QueueUrls"),
  },
  PurgeQueue: { input: structure(queueUrl), result: undefined },
  ReceiveMessage: {
    input: structure(queueUrl, {
      AttributeNames: attributeNames,
      MessageSystemAttributeNames: list("MessageSystemAttributeName"),
      MessageAttributeNames: list("MessageAttributeName"),
      MaxNumberOfMessages: integer,
      VisibilityTimeout: integer,
      WaitTimeSeconds: integer,
      ReceiveRequestAttemptId: string,
    }),
    result: structure({}, { Messages: list("Message", message) }),
  },
  RemovePermission: { input: structure({ ...queueUrl, Label: string }), result: undefined },
  SendMessage: {
    input: structure({ ...queueUrl, MessageBody: string }, outgoing),
    result: structure({}, { MD5OfMessageBody: string, ...digests, MessageId: string }),
  },
  SendMessageBatch: {
    input: entries("SendMessageBatchRequestEntry", { MessageBody: string }, outgoing),
    result: ends("SendMessageBatchResultEntry", { MessageId: string, MD5OfMessageBody: string }, digests),
  },
  SetQueueAttributes: { input: structure({ ...queueUrl, Attributes: attributes }), result: undefined },
  StartMessageMoveTask: {
    input: structure({ SourceArn: string }, { DestinationArn: string, MaxNumberOfMessagesPerSecond: integer }),
    result: structure({}, { TaskHandle: string }),
  },
  TagQueue: { input: structure({ ...queueUrl, Tags: tags }), result: undefined },
  UntagQueue: { input: structure({ ...queueUrl, TagKeys: list("TagKey") }), result: undefined },
};

export function isActionName(name: string): name is SqsActionName {
  return Object.hasOwn(actionModels, name);
}

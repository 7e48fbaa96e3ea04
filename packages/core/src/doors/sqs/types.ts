/**
 * Types: what comes to the SQS door, what leaves it, and the inputs and results of each action.
 *
 * Members have the names that AWS gives them. The same as data is `protocol/model.ts`. Inputs have been checked for
 * their shape only; what a value may be is checked by the action.
 */
import type { Utf8 } from "../../base/index.js";
import type { SqsBackend } from "./backend.js";

/** An HTTP request, as far as the door reads it. */
export interface SqsCall {
  readonly method: string;
  /** Path and query of the request. */
  readonly target: string;
  readonly contentType: string;
  /** The header `X-Amz-Target`, which requests of the JSON protocol have. */
  readonly amzTarget: string | undefined;
  readonly body: Uint8Array;
  /** Scheme and host by which the caller reached the door, such as `http://127.0.0.1:9324`: queue URLs begin with it. */
  readonly origin: string;
  /** Who asks, as told to receivers (`SenderId`): the id of the access key, or another name. */
  readonly caller: string;
  /** The queues as whoever asks has them. Default: those of the door. */
  readonly backend?: SqsBackend | undefined;
  /** Told in the answer. */
  readonly requestId: string;
  /** Epoch time in ms; shown only. */
  readonly wallMs: number;
}

/** The HTTP answer to it. */
export interface SqsAnswer {
  readonly status: number;
  readonly contentType: string;
  /** Beside `content-type` and `content-length`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the door needs of its platform. */
export interface SqsPlatform {
  readonly utf8: Utf8;
  /** In lower-case hexadecimal digits. */
  md5(bytes: Uint8Array): string;
  /** In lower-case hexadecimal digits. */
  sha256(bytes: Uint8Array): string;
  toBase64(bytes: Uint8Array): string;
  /** `undefined` for what is not base64 (RFC 4648 §4). */
  fromBase64(text: string): Uint8Array | undefined;
}

export type SqsActionName = keyof SqsInputs;

export interface AttributeValue {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array;
  readonly StringListValues?: readonly string[];
  readonly BinaryListValues?: readonly Uint8Array[];
}

export type AttributeValues = ReadonlyMap<string, AttributeValue>;
export type Texts = ReadonlyMap<string, string>;

/** What one message is sent with. */
export interface MessageInput {
  readonly MessageBody: string;
  readonly DelaySeconds?: number;
  readonly MessageAttributes?: AttributeValues;
  readonly MessageSystemAttributes?: AttributeValues;
  readonly MessageDeduplicationId?: string;
  readonly MessageGroupId?: string;
}

export interface MessageResult {
  readonly MessageId: string;
  readonly MD5OfMessageBody: string;
  readonly MD5OfMessageAttributes?: string | undefined;
  readonly MD5OfMessageSystemAttributes?: string | undefined;
  readonly SequenceNumber?: string | undefined;
}

export interface Message {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly MD5OfBody: string;
  readonly Body: string;
  readonly Attributes?: Texts | undefined;
  readonly MD5OfMessageAttributes?: string | undefined;
  readonly MessageAttributes?: AttributeValues | undefined;
}

export interface MoveTask {
  readonly TaskHandle?: string | undefined;
  readonly Status: string;
  readonly SourceArn: string;
  readonly DestinationArn?: string | undefined;
  readonly MaxNumberOfMessagesPerSecond?: number | undefined;
  readonly ApproximateNumberOfMessagesMoved: number;
  readonly ApproximateNumberOfMessagesToMove?: number | undefined;
  readonly FailureReason?: string | undefined;
  readonly StartedTimestamp: number;
}

export interface ReceiptEntry {
  readonly Id: string;
  readonly ReceiptHandle: string;
  readonly VisibilityTimeout?: number;
}

export interface FailedEntry {
  readonly Id: string;
  readonly SenderFault: boolean;
  readonly Code: string;
  readonly Message: string;
}

export interface BatchResult<T> {
  readonly Successful: readonly T[];
  readonly Failed: readonly FailedEntry[];
}

interface OfQueue {
  readonly QueueUrl: string;
}

interface Paged {
  readonly NextToken?: string;
  readonly MaxResults?: number;
}

export interface SqsInputs {
  AddPermission: OfQueue & {
    readonly Label: string;
    readonly AWSAccountIds: readonly string[];
    readonly Actions: readonly string[];
  };
  CancelMessageMoveTask: { readonly TaskHandle: string };
  ChangeMessageVisibility: OfQueue & { readonly ReceiptHandle: string; readonly VisibilityTimeout: number };
  ChangeMessageVisibilityBatch: OfQueue & { readonly Entries: readonly ReceiptEntry[] };
  CreateQueue: { readonly QueueName: string; readonly Attributes?: Texts; readonly tags?: Texts };
  DeleteMessage: OfQueue & { readonly ReceiptHandle: string };
  DeleteMessageBatch: OfQueue & { readonly Entries: readonly ReceiptEntry[] };
  DeleteQueue: OfQueue;
  GetQueueAttributes: OfQueue & { readonly AttributeNames?: readonly string[] };
  GetQueueUrl: { readonly QueueName: string; readonly QueueOwnerAWSAccountId?: string };
  ListDeadLetterSourceQueues: OfQueue & Paged;
  ListMessageMoveTasks: { readonly SourceArn: string; readonly MaxResults?: number };
  ListQueueTags: OfQueue;
  ListQueues: Paged & { readonly QueueNamePrefix?: string };
  PurgeQueue: OfQueue;
  ReceiveMessage: OfQueue & {
    readonly AttributeNames?: readonly string[];
    readonly MessageSystemAttributeNames?: readonly string[];
    readonly MessageAttributeNames?: readonly string[];
    readonly MaxNumberOfMessages?: number;
    readonly VisibilityTimeout?: number;
    readonly WaitTimeSeconds?: number;
    readonly ReceiveRequestAttemptId?: string;
  };
  RemovePermission: OfQueue & { readonly Label: string };
  SendMessage: OfQueue & MessageInput;
  SendMessageBatch: OfQueue & { readonly Entries: readonly (MessageInput & { readonly Id: string })[] };
  SetQueueAttributes: OfQueue & { readonly Attributes: Texts };
  StartMessageMoveTask: {
    readonly SourceArn: string;
    readonly DestinationArn?: string;
    readonly MaxNumberOfMessagesPerSecond?: number;
  };
  TagQueue: OfQueue & { readonly Tags: Texts };
  UntagQueue: OfQueue & { readonly TagKeys: readonly string[] };
}

/** `undefined` where there is nothing to say but that it was done. */
export interface SqsResults {
  AddPermission: undefined;
  CancelMessageMoveTask: { readonly ApproximateNumberOfMessagesMoved: number };
  ChangeMessageVisibility: undefined;
  ChangeMessageVisibilityBatch: BatchResult<{ readonly Id: string }>;
  CreateQueue: OfQueue;
  DeleteMessage: undefined;
  DeleteMessageBatch: BatchResult<{ readonly Id: string }>;
  DeleteQueue: undefined;
  GetQueueAttributes: { readonly Attributes?: Texts | undefined };
  GetQueueUrl: OfQueue;
  ListDeadLetterSourceQueues: { readonly queueUrls: readonly string[]; readonly NextToken?: string | undefined };
  ListMessageMoveTasks: { readonly Results: readonly MoveTask[] };
  ListQueueTags: { readonly Tags?: Texts | undefined };
  ListQueues: { readonly QueueUrls?: readonly string[] | undefined; readonly NextToken?: string | undefined };
  PurgeQueue: undefined;
  ReceiveMessage: { readonly Messages?: readonly Message[] | undefined };
  RemovePermission: undefined;
  SendMessage: MessageResult;
  SendMessageBatch: BatchResult<MessageResult & { readonly Id: string }>;
  SetQueueAttributes: undefined;
  StartMessageMoveTask: { readonly TaskHandle: string };
  TagQueue: undefined;
  UntagQueue: undefined;
}

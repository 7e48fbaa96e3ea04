/**
 * Errors of SQS: the closed list of codes the door answers with, in the three ways AWS writes each.
 *
 * JSON has the name of a shape (`__type`) and, in `x-amzn-query-error`, the code of the older Query protocol; XML and
 * the entries of batches have that older code alone.
 */
import type { MpregError } from "../../base/index.js";

const ofSqs = "com.amazonaws.sqs#";
const ofAll = "com.amazon.coral.service#";
const older = "AWS.SimpleQueueService.";

interface Code {
  readonly type: string;
  readonly query: string;
  readonly status: number;
}

function code(type: string, query: string, status = 400): Code {
  return { type, query, status };
}

/** By the shape of the JSON protocol, else by the code of the Query protocol. */
export type SqsErrorCode =
  | "BatchEntryIdsNotDistinct"
  | "BatchRequestTooLong"
  | "EmptyBatchRequest"
  | "InvalidAddress"
  | "InvalidAttributeName"
  | "InvalidAttributeValue"
  | "InvalidBatchEntryId"
  | "InvalidMessageContents"
  | "MessageNotInflight"
  | "OverLimit"
  | "QueueDoesNotExist"
  | "QueueNameExists"
  | "ReceiptHandleIsInvalid"
  | "RequestThrottled"
  | "ResourceNotFound"
  | "TooManyEntriesInBatchRequest"
  | "UnsupportedOperation"
  | "AccessDenied"
  | "IncompleteSignature"
  | "InternalFailure"
  | "InvalidAction"
  | "InvalidClientTokenId"
  | "InvalidParameterValue"
  | "MalformedInput"
  | "MissingAuthenticationToken"
  | "MissingParameter"
  | "RequestEntityTooLarge"
  | "ServiceUnavailable"
  | "SignatureDoesNotMatch";

const codes: Readonly<Record<SqsErrorCode, Code>> = {
  BatchEntryIdsNotDistinct: code(`${ofSqs}BatchEntryIdsNotDistinct`, `${older}BatchEntryIdsNotDistinct`),
  BatchRequestTooLong: code(`${ofSqs}BatchRequestTooLong`, `${older}BatchRequestTooLong`),
  EmptyBatchRequest: code(`${ofSqs}EmptyBatchRequest`, `${older}EmptyBatchRequest`),
  InvalidAddress: code(`${ofSqs}InvalidAddress`, "InvalidAddress", 404),
  InvalidAttributeName: code(`${ofSqs}InvalidAttributeName`, "InvalidAttributeName"),
  InvalidAttributeValue: code(`${ofSqs}InvalidAttributeValue`, "InvalidAttributeValue"),
  InvalidBatchEntryId: code(`${ofSqs}InvalidBatchEntryId`, `${older}InvalidBatchEntryId`),
  InvalidMessageContents: code(`${ofSqs}InvalidMessageContents`, "InvalidMessageContents"),
  MessageNotInflight: code(`${ofSqs}MessageNotInflight`, `${older}MessageNotInflight`),
  OverLimit: code(`${ofSqs}OverLimit`, "OverLimit", 403),
  QueueDoesNotExist: code(`${ofSqs}QueueDoesNotExist`, `${older}NonExistentQueue`),
  QueueNameExists: code(`${ofSqs}QueueNameExists`, "QueueAlreadyExists"),
  ReceiptHandleIsInvalid: code(`${ofSqs}ReceiptHandleIsInvalid`, "ReceiptHandleIsInvalid", 404),
  RequestThrottled: code(`${ofSqs}RequestThrottled`, "RequestThrottled", 403),
  ResourceNotFound: code(`${ofSqs}ResourceNotFoundException`, "ResourceNotFoundException", 404),
  TooManyEntriesInBatchRequest: code(`${ofSqs}TooManyEntriesInBatchRequest`, `${older}TooManyEntriesInBatchRequest`),
  UnsupportedOperation: code(`${ofSqs}UnsupportedOperation`, `${older}UnsupportedOperation`),

  AccessDenied: code(`${ofAll}AccessDeniedException`, "AccessDenied", 403),
  IncompleteSignature: code(`${ofAll}IncompleteSignatureException`, "IncompleteSignature"),
  InternalFailure: code(`${ofAll}InternalFailure`, "InternalFailure", 500),
  InvalidAction: code(`${ofAll}UnknownOperationException`, "InvalidAction"),
  InvalidClientTokenId: code(`${ofAll}UnrecognizedClientException`, "InvalidClientTokenId", 403),
  InvalidParameterValue: code(`${ofAll}InvalidParameterValueException`, "InvalidParameterValue"),
  MalformedInput: code(`${ofAll}SerializationException`, "MalformedInput"),
  MissingAuthenticationToken: code(`${ofAll}MissingAuthenticationTokenException`, "MissingAuthenticationToken", 403),
  MissingParameter: code(`${ofAll}MissingRequiredParameterException`, "MissingParameter"),
  RequestEntityTooLarge: code(`${ofAll}RequestEntityTooLargeException`, "RequestEntityTooLarge", 413),
  ServiceUnavailable: code(`${ofAll}ServiceUnavailableException`, "ServiceUnavailable", 503),
  SignatureDoesNotMatch: code(`${ofAll}InvalidSignatureException`, "SignatureDoesNotMatch", 403),
};

/** An action that was not done, in the terms of SQS. It leaves the door as an answer, never as an exception. */
export class SqsError extends Error {
  override readonly name: string = "SqsError";
  readonly code: SqsErrorCode;

  constructor(code: SqsErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  get status(): number {
    return codes[this.code].status;
  }

  /** How JSON names it. */
  get type(): string {
    return codes[this.code].type;
  }

  /** How Query names it. */
  get queryCode(): string {
    return codes[this.code].query;
  }

  /** Whether sending the same again cannot help. */
  get isSenderFault(): boolean {
    return this.status < 500;
  }
}

/** What AWS says of a parameter out of range. */
export function invalidParameter(value: string | number, name: string, reason: string): SqsError {
  return new SqsError("InvalidParameterValue", `Value ${value} for parameter ${name} is invalid. Reason: ${reason}`);
}

export function missingParameter(name: string): SqsError {
  return new SqsError("MissingParameter", `The request must contain the parameter ${name}.`);
}

export function noSuchQueue(): SqsError {
  return new SqsError("QueueDoesNotExist", "The specified queue does not exist.");
}

/** What the cluster refused or could not do. Its codes say what SQS has words for; all else may be tried again. */
export function ofCluster(error: MpregError): SqsError {
  if (error.code === "unknown-queue") return noSuchQueue();
  return new SqsError(codeOfCluster(error), error.message);
}

function codeOfCluster({ code, outcome }: MpregError): SqsErrorCode {
  switch (code) {
    case "stale-receipt":
      return "ReceiptHandleIsInvalid";
    case "denied":
      return "AccessDenied";
    case "too-large":
    case "invalid-argument":
      return "InvalidParameterValue";
    case "unsupported":
      return "UnsupportedOperation";
    case "overloaded":
      return "OverLimit";
    default:
      return outcome === "not-applied" ? "ServiceUnavailable" : "InternalFailure";
  }
}

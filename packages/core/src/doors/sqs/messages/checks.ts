/** Checks of what a message is sent with: its text, its ids, its attributes. Each throws `SqsError`. */
import { SqsError, invalidParameter } from "../errors.js";
import { sqsLimits } from "../limits.js";
import type { AttributeValue, AttributeValues } from "../types.js";

/** What SQS takes in texts: the characters of XML 1.0. */
const outside = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

export function isSqsText(text: string): boolean {
  return !outside.test(text);
}

export function checkText(text: string): void {
  if (isSqsText(text)) return;
  throw new SqsError(
    "InvalidMessageContents",
    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
  );
}

/** Letters, digits and the punctuation that AWS lists. */
const idForm = /^[\x21-\x7e]+$/;

/** Of `MessageGroupId`, `MessageDeduplicationId` and `ReceiveRequestAttemptId`. */
export function checkId(value: string | undefined, name: string): void {
  if (value === undefined || (idForm.test(value) && value.length <= sqsLimits.idMax)) return;
  const reason = `${name} can only include alphanumeric and punctuation characters. 1 to ${sqsLimits.idMax} in length.`;
  throw invalidParameter(value.slice(0, 2 * sqsLimits.idMax), name, reason);
}

export function checkRange(value: number | undefined, name: string, min: number, max: number): void {
  if (value === undefined || (value >= min && value <= max)) return;
  throw invalidParameter(value, name, `Must be >= ${min} and <= ${max}, if provided.`);
}

const nameForm = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const reserved = /^(?:aws|amazon)\./i;
const typeForm = /^(?:String|Number|Binary)(?:\..*)?$/s;

export function checkMessageAttributes(attributes: AttributeValues | undefined): void {
  if (attributes === undefined) return;
  if (attributes.size > sqsLimits.messageAttributesMax) {
    throw invalid(
      `Number of message attributes [${attributes.size}] exceeds the allowed maximum [${sqsLimits.messageAttributesMax}].`,
    );
  }
  for (const [name, value] of attributes) {
    if (name.length > sqsLimits.attributeNameMax || !nameForm.test(name) || reserved.test(name)) {
      throw invalid(
        `The message attribute name '${name.slice(0, 300)}' is invalid. It can contain only A-Z, a-z, 0-9, '_', '-' and '.', must not start with AWS. or Amazon., must not start or end with a period or have periods in succession, and is 1 to ${sqsLimits.attributeNameMax} characters long.`,
      );
    }
    checkValue(name, value);
  }
}

function checkValue(name: string, value: AttributeValue): void {
  const { DataType: type, StringValue: text, BinaryValue: binary } = value;
  if (type.length > sqsLimits.attributeNameMax || !typeForm.test(type)) {
    throw invalid(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  if (value.StringListValues !== undefined || value.BinaryListValues !== undefined)
    throw new SqsError(
      "UnsupportedOperation",
      `The message attribute '${name}' has a list of values, which SQS does not support.`,
    );
  const isBinary = type.startsWith("Binary");
  const given = isBinary ? binary?.length : text?.length;
  if (given === undefined || given === 0 || (isBinary ? text : binary) !== undefined) {
    throw invalid(
      `The message attribute '${name}' must contain a non-empty value of type '${isBinary ? "Binary" : "String"}' and no other for message attribute type '${type}'.`,
    );
  }
  if (text === undefined) return;
  if (!isSqsText(text))
    throw invalid(`The message attribute '${name}' has characters that are not allowed in a message.`);
  if (type.startsWith("Number") && !isNumber(text))
    throw invalid(`Can't cast the value of message (user) attribute '${name}' to a number.`);
}

/** AWS: up to 38 digits, from 10^-128 to 10^126. */
function isNumber(text: string): boolean {
  const [, whole = "", fraction = ""] = /^[+-]?(\d*)\.?(\d*)(?:[eE][+-]?\d{1,3})?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "").length;
  return whole + fraction !== "" && digits <= 38 && text.length <= 300;
}

export const traceHeader = "AWSTraceHeader";

/** Only the trace header may be sent. */
export function checkSystemAttributes(attributes: AttributeValues | undefined): void {
  for (const [name, { DataType, StringValue }] of attributes ?? []) {
    if (name !== traceHeader)
      throw invalid(`Message system attribute name '${name}' is invalid; ${traceHeader} is the only one.`);
    if (DataType !== "String" || StringValue === undefined || StringValue === "" || !isSqsText(StringValue))
      throw invalid(`The message system attribute '${name}' must contain a non-empty value of type 'String'.`);
  }
}

function invalid(message: string): SqsError {
  return new SqsError("InvalidParameterValue", message);
}

/** The action that receives, and waits where there is nothing. */
import { extrasOf } from "../attributes/extras.js";
import { invalidParameter } from "../errors.js";
import { sqsLimits } from "../limits.js";
import { checkId, checkRange } from "../messages/checks.js";
import { receivedOf, wantedOf } from "../messages/received.js";
import type { Action } from "./action.js";

export const receiveMessage: Action<"ReceiveMessage"> = (input, turn, done) => {
  const { MaxNumberOfMessages: max = 1, WaitTimeSeconds, VisibilityTimeout, ReceiveRequestAttemptId: attempt } = input;
  const { receiveMessagesMax, waitSecondsMax, visibilitySecondsMax } = sqsLimits;
  if (max < 1 || max > receiveMessagesMax)
    throw invalidParameter(max, "MaxNumberOfMessages", `Must be between 1 and ${receiveMessagesMax}, if provided.`);
  checkRange(WaitTimeSeconds, "WaitTimeSeconds", 0, waitSecondsMax);
  checkRange(VisibilityTimeout, "VisibilityTimeout", 0, visibilitySecondsMax);
  checkId(attempt, "ReceiveRequestAttemptId");
  const system = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
  const wanted = wantedOf(system, input.MessageAttributeNames ?? []);
  const { place, platform } = turn.host;
  turn.queue(input.QueueUrl, ({ name, settings }) => {
    const isFifo = settings.order === "fifo";
    if (attempt !== undefined && !isFifo) {
      const reason = "The request include parameter that is not valid for this queue type";
      throw invalidParameter(attempt, "ReceiveRequestAttemptId", reason);
    }
    const ofQueue = Number(extrasOf(settings).attributes["ReceiveMessageWaitTimeSeconds"] ?? 0);
    const operation = {
      op: "receive",
      max,
      waitMs: (WaitTimeSeconds ?? ofQueue) * 1_000,
      ...(VisibilityTimeout === undefined ? {} : { visibilityMs: VisibilityTimeout * 1_000 }),
      ...(attempt === undefined ? {} : { attempt }),
    } as const;
    turn.operate<"receive">(name, operation, (messages) => {
      const told = messages.map((message) => receivedOf(message, wanted, { name, isFifo }, place, platform));
      done({ Messages: told.length === 0 ? undefined : told });
    });
  });
};

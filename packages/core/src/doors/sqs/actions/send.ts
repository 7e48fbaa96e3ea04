/**
 * Actions that send.
 *
 * (N1) Of a batch, each message is sent or refused for itself; what is wrong with the batch as a whole sends nothing.
 */
import { SqsError, ofCluster } from "../errors.js";
import { sqsLimits } from "../limits.js";
import { checkBatch, failedEntry } from "../messages/batch.js";
import { messageBytes, outgoingOf, sentOf } from "../messages/outgoing.js";
import type { FailedEntry, MessageResult } from "../types.js";
import type { Action } from "./action.js";

export const sendMessage: Action<"SendMessage"> = (input, turn, done) => {
  turn.queue(input.QueueUrl, (queue) => {
    const { name, settings } = queue;
    const outgoing = outgoingOf(input, settings, turn.call.caller, turn.host.platform);
    turn.operate<"send">(name, { op: "send", messages: [outgoing.message] }, ([end]) => {
      if (end === undefined) throw new Error("A send of one message was answered with the end of none");
      if (end.kind === "refused") throw ofCluster(end.error);
      done(sentOf(outgoing, end, queue, turn.host.platform));
    });
  });
};

export const sendMessageBatch: Action<"SendMessageBatch"> = ({ QueueUrl, Entries }, turn, done) => {
  checkBatch(Entries, "SendMessageBatch");
  const bytes = Entries.reduce((sum, entry) => sum + messageBytes(entry), 0);
  const { messageBytesMax } = sqsLimits;
  if (bytes > messageBytesMax) {
    throw new SqsError(
      "BatchRequestTooLong",
      `Batch requests cannot be longer than ${messageBytesMax} bytes. You have sent ${bytes} bytes.`,
    );
  }
  turn.queue(QueueUrl, (queue) => {
    const { name, settings } = queue;
    const failed: FailedEntry[] = [];
    const outgoing = Entries.flatMap((entry) => {
      try {
        return [{ id: entry.Id, it: outgoingOf(entry, settings, turn.call.caller, turn.host.platform) }];
      } catch (error) {
        failed.push(failedEntry(entry.Id, error)); // (N1)
        return [];
      }
    });
    if (outgoing.length === 0) return done({ Successful: [], Failed: failed });
    turn.operate<"send">(name, { op: "send", messages: outgoing.map(({ it }) => it.message) }, (ends) => {
      const successful: (MessageResult & { readonly Id: string })[] = [];
      outgoing.forEach(({ id, it }, at) => {
        const end = ends[at];
        if (end?.kind === "done") successful.push({ Id: id, ...sentOf(it, end, queue, turn.host.platform) });
        else
          failed.push(
            failedEntry(id, end?.error ?? new SqsError("InternalFailure", "Nothing is known of this message")),
          );
      });
      done({ Successful: successful, Failed: failed });
    });
  });
};

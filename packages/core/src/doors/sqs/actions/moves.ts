/**
 * Actions on message move tasks: dead letters that go back where they came from, or to another queue.
 *
 * (M1) A task's handle is base64 of the JSON `{ taskId, sourceArn }`: whichever node it comes to knows where the task is.
 * (M2) A queue has one active task at a time, and only a dead-letter queue has any.
 */
import type { Redrive } from "../../../queues/index.js";
import { SqsError, invalidParameter } from "../errors.js";
import { sqsLimits } from "../limits.js";
import { isFifoName, nameInArn, queueArn } from "../names.js";
import { checkRange } from "../messages/checks.js";
import type { MoveTask } from "../types.js";
import type { Turn } from "../turn.js";
import type { Action } from "./action.js";

export const startMessageMoveTask: Action<"StartMessageMoveTask"> = (input, turn, done) => {
  const { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond: perSecond } = input;
  checkRange(perSecond, "MaxNumberOfMessagesPerSecond", 1, sqsLimits.movesPerSecondMax);
  sourceOf(SourceArn, turn, (source) => {
    destinationOf(DestinationArn, source, turn, (to) => {
      turn.list("", (records) => {
        if (!records.some(({ settings }) => settings.deadLetter === source))
          throw new SqsError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue."); // (M2)
        turn.operate<"redrives">(source, { op: "redrives" }, (tasks) => {
          if (tasks.some(isRunning)) {
            throw new SqsError(
              "UnsupportedOperation",
              "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
            ); // (M2)
          }
          const operation = {
            op: "redrive",
            ...(to === undefined ? {} : { to }),
            ...(perSecond === undefined ? {} : { perSecond }),
          } as const;
          turn.operate<"redrive">(source, operation, ({ id }) => {
            done({ TaskHandle: handleOf(id, source, turn) });
          });
        });
      });
    });
  });
};

export const listMessageMoveTasks: Action<"ListMessageMoveTasks"> = ({ SourceArn, MaxResults = 1 }, turn, done) => {
  checkRange(MaxResults, "MaxResults", 1, sqsLimits.moveTasksMax);
  sourceOf(SourceArn, turn, (source) => {
    turn.operate<"redrives">(source, { op: "redrives" }, (tasks) => {
      const newest = [...tasks].sort((a, b) => b.startedMs - a.startedMs).slice(0, MaxResults);
      done({ Results: newest.map((task) => told(task, source, turn)) });
    });
  });
};

export const cancelMessageMoveTask: Action<"CancelMessageMoveTask"> = ({ TaskHandle }, turn, done) => {
  const { id, source } = parseHandle(TaskHandle, turn);
  sourceOf(source, turn, (name) => {
    turn.operate<"redrives">(name, { op: "redrives" }, (tasks) => {
      const task = tasks.find((each) => each.id === id);
      if (task === undefined) throw new SqsError("ResourceNotFound", "Task does not exist.");
      if (!isRunning(task)) throw new SqsError("UnsupportedOperation", "Only active tasks can be cancelled.");
      turn.operate<"cancel-redrive">(name, { op: "cancel-redrive", id }, ({ moved }) => {
        done({ ApproximateNumberOfMessagesMoved: moved });
      });
    });
  });
};

function isRunning({ state }: Redrive): boolean {
  return state === "running";
}

function sourceOf(arn: string, turn: Turn, then: (name: string) => void): void {
  existing(arn, "SourceArn", turn, then);
}

function destinationOf(
  arn: string | undefined,
  source: string,
  turn: Turn,
  then: (name: string | undefined) => void,
): void {
  if (arn === undefined) return then(undefined);
  existing(arn, "DestinationArn", turn, (name) => {
    if (name === source)
      throw invalidParameter(arn, "DestinationArn", "The source queue and the destination queue cannot be the same.");
    if (isFifoName(name) !== isFifoName(source))
      throw invalidParameter(arn, "DestinationArn", "It must be the same type of queue as the source.");
    then(name);
  });
}

function existing(arn: string, parameter: string, turn: Turn, then: (name: string) => void): void {
  const absent = (): SqsError =>
    new SqsError("ResourceNotFound", `The resource that you specified for the ${parameter} parameter doesn't exist.`);
  const name = nameInArn(arn, turn.host.place);
  if (name === undefined) throw absent();
  turn.find(name, (record) => {
    if (record === undefined) throw absent();
    then(name);
  });
}

function told(task: Redrive, source: string, turn: Turn): MoveTask {
  const { place } = turn.host;
  const { state, to, perSecond, moved, refused, startedMs } = task;
  const status =
    state === "running" ? "RUNNING" : state === "cancelled" ? "CANCELLED" : refused > 0 ? "FAILED" : "COMPLETED";
  return {
    TaskHandle: state === "running" ? handleOf(task.id, source, turn) : undefined,
    Status: status,
    SourceArn: queueArn(source, place),
    DestinationArn: to === undefined ? undefined : queueArn(to, place),
    MaxNumberOfMessagesPerSecond: perSecond,
    ApproximateNumberOfMessagesMoved: moved,
    ApproximateNumberOfMessagesToMove: task.messages,
    FailureReason:
      status === "FAILED" ? `${refused} messages could not be moved; their queue is gone or full.` : undefined,
    StartedTimestamp: Math.floor(startedMs),
  };
}

/** (M1) */
function handleOf(id: string, source: string, { host: { platform, place } }: Turn): string {
  return platform.toBase64(platform.utf8.encode(JSON.stringify({ taskId: id, sourceArn: queueArn(source, place) })));
}

function parseHandle(handle: string, { host: { platform } }: Turn): { readonly id: string; readonly source: string } {
  const bytes = platform.fromBase64(handle);
  const text = bytes === undefined ? "" : platform.utf8.decode(bytes, 0, bytes.length);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  const { taskId, sourceArn } = (typeof parsed === "object" && parsed !== null ? parsed : {}) as Record<
    string,
    unknown
  >;
  if (typeof taskId === "string" && typeof sourceArn === "string") return { id: taskId, source: sourceArn };
  throw invalidParameter(handle.slice(0, 200), "TaskHandle", "It is no handle of a message move task.");
}

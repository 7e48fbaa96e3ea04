/**
 * Streaming: steps of this node whose handlers make the items of a stream.
 *
 * (W1) The step has completed for its owner when the stream is open, so that its readers can begin; it runs on, with its
 *      permit and its deadline, until the stream has ended (`results/stream.ts`).
 * (W2) What has been opened is not run again: somebody may have got items of it.
 * (W3) A step that fails after a stream that it reads was cut fails for that, whatever its handler makes of it.
 * (W4) Whoever is told of the stream as the step's result keeps what its handler will leave behind.
 */
import type { Timings } from "../../wire/index.js";
import type { HeldBytes } from "../held-bytes.js";
import type { AbortReason, RpcHost } from "../host.js";
import { type Readings, type Results, Stream } from "../results/index.js";
import type { Task } from "../task.js";
import { isCut } from "./lost.js";

type Host = Pick<RpcHost, "nodeName" | "pull" | "schedule" | "unschedule" | "streamed" | "streamFailed">;

/** The tasks of this node whose handlers run. */
export interface RunningTasks {
  get(id: number): Task | undefined;
  /** The task's result is a stream: how long it takes from now on is its reader's business. */
  opened(task: Task, nowMs: number): void;
  drop(task: Task, reason: AbortReason): void;
}

export class Streaming {
  readonly #host: Host;
  readonly #held: HeldBytes;
  readonly #results: Results;
  readonly #running: RunningTasks;
  /** Streams that are read on this node. */
  readonly readings: Readings;

  constructor(host: Host, held: HeldBytes, results: Results, running: RunningTasks) {
    this.#host = host;
    this.#held = held;
    this.#results = results;
    this.#running = running;
    this.readings = results.readings({
      streamed: (reader, bytes, totalBytes) => {
        host.streamed(reader, bytes, totalBytes);
      },
      streamFailed: (reader, error) => {
        host.streamFailed(reader, error);
      },
      readingFailed: (invocation, error) => {
        const task = running.get(invocation);
        if (task !== undefined && isCut(error)) task.cut ??= error; // (W3)
      },
    });
  }

  /** The handler of the task `id` makes the items of a stream: that is the task's result from now on. */
  opened(id: number, timings: Timings, nowMs: number): void {
    const task = this.#running.get(id);
    if (task === undefined) return; // dropped before
    this.#running.opened(task, nowMs);
    const { owner, step, coordinator } = task;
    const { nodeName, schedule, unschedule } = this.#host;
    const host = {
      nodeName,
      schedule,
      unschedule,
      held: this.#held,
      pull: () => {
        this.#host.pull(id);
      },
      drop: (dropped: Task, reason: AbortReason) => {
        this.#running.drop(dropped, reason);
      },
    };
    const fields = { step, keptFor: { kind: "node", nodeId: coordinator }, untilMs: Infinity } as const;
    const ref = this.#results.kept.open((release) => {
      const stream = new Stream(task, host, release);
      task.owner = stream;
      owner.left(stream.leavings); // (W4)
      return stream;
    }, fields);
    task.isStreaming = true; // (W2)
    schedule(task, task.deadlineMs); // (W1)
    owner.completed(task, ref, timings, nowMs);
  }

  /** It has made one, as it was asked to. */
  made(id: number, item: Uint8Array, nowMs: number): void {
    const owner = this.#running.get(id)?.owner;
    if (owner instanceof Stream) owner.made(item, nowMs);
  }
}

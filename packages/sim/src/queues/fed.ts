/**
 * Fed: messages that come to queues otherwise than by sends, and are taken from them otherwise than by receives: of schedules, of topics, by functions, and
 * for who sends and waits.
 */
import { MpregError, isA } from "@mpreg/core/base";
import { type AnyHandler, context } from "@mpreg/core/handlers";
import type { QueueMessage } from "@mpreg/core/program";
import type { SeededRandom } from "../capabilities/random.js";
import type { QueuesValue } from "./client.js";
import { type History, type ScheduleMade, type SentMessage, failed } from "./history.js";
import type { PlannedFeed, PlannedQueueFunction, PlannedSchedule, PlannedSend } from "./plan.js";
import type { Asker } from "./work.js";

/** What a message has that nobody has sent as usual. */
function unsent(
  history: History,
  { queue, client, group }: { readonly queue: string; readonly client: number; readonly group: string | undefined },
  askedMs: number,
): SentMessage {
  const message: SentMessage = {
    index: history.sent.length,
    client,
    queue,
    group,
    dedup: undefined,
    idempotencyKey: undefined,
    delayMs: 0,
    askedMs,
    batch: undefined,
    after: [],
    keepResult: false,
    end: { kind: "waits" },
  };
  history.sent.push(message);
  return message;
}

/** The queue has it, or has had it; where, nobody was told. */
const takenAt = (atMs: number): SentMessage["end"] => {
  return { kind: "done", atMs, id: "", sequence: 0, duplicate: false, spooled: true };
};

/** Its messages have numbers below 0. */
export async function makeSchedule(plan: PlannedSchedule, asker: Asker): Promise<void> {
  const { schedules } = asker.history();
  const number = schedules.length;
  const made: ScheduleMade = {
    plan,
    askedMs: asker.nowMs(),
    end: { kind: "waits" },
    last: undefined,
    messages: new Map(),
  };
  schedules.push(made);
  const { everyMs, missed } = plan;
  try {
    const value: QueuesValue = [-1 - number, new Uint8Array(0)];
    const handle = asker.handle(plan.client, plan.queue);
    const { nextMs = 0 } = await asker.asked(handle.schedule(`s${number}`, { everyMs, missed, value }));
    made.end = { kind: "done", atMs: asker.nowMs(), nextMs };
  } catch (error) {
    made.end = failed(error, asker.nowMs());
  }
}

/** Ends all schedules, and writes down how they stood. */
export async function endSchedules(asker: Asker): Promise<void> {
  for (const [number, made] of asker.history().schedules.entries()) {
    const handle = asker.handle(0, made.plan.queue);
    const name = `s${number}`;
    try {
      const found = (await asker.persistently(() => handle.schedules())).find((each) => each.name === name);
      if (found?.nextMs !== undefined) made.last = { nextMs: found.nextMs, sent: found.sent };
      await asker.persistently(() => handle.unschedule(name));
    } catch (error) {
      failed(error, asker.nowMs()); // a queue in memory is gone with its node
    }
  }
}

/** A message of a schedule, the same one for the same time. */
export function scheduledMessage(
  { value: [number], headers }: Pick<QueueMessage<QueuesValue>, "value" | "headers">,
  history: History,
  nowMs: number,
): SentMessage | undefined {
  const made = history.schedules[-1 - number];
  const dueMs = Date.parse(headers?.["mpreg-due"] ?? "");
  if (made === undefined || Number.isNaN(dueMs)) return undefined;
  let message = made.messages.get(dueMs);
  if (message === undefined) {
    message = unsent(history, { queue: made.plan.queue, client: -1, group: undefined }, made.askedMs);
    message.end = takenAt(nowMs);
    made.messages.set(dueMs, message);
  }
  return message;
}

/** What a subscriber has is in the queue: there are no others. */
export async function publish({ client, queue, topic }: PlannedFeed, asker: Asker): Promise<void> {
  const message = unsent(asker.history(), { queue, client, group: topic }, asker.nowMs()); // those of a topic are a group
  try {
    const handed = await asker.asked(asker.publish(client, topic, [message.index, new Uint8Array(8)]));
    message.end = handed > 0 ? takenAt(asker.nowMs()) : { kind: "unknown", code: "published", atMs: asker.nowMs() };
  } catch (error) {
    if (!isA(error, MpregError)) throw error;
    message.end = { kind: "unknown", code: error.code, atMs: asker.nowMs() }; // it may come later
  }
}

/** The one who sends is told the result, or that it was taken back. */
export async function sendAndWait(plan: PlannedSend, asker: Asker): Promise<void> {
  const history = asker.history();
  const { client, queue, group, priority, bytes, resultWithinMs: timeoutMs } = plan;
  const message: SentMessage = {
    ...unsent(history, { queue, client, group }, asker.nowMs()),
    keepResult: true,
  };
  history.sent[message.index] = message;
  const { askedMs } = message;
  const value: QueuesValue = [message.index, new Uint8Array(bytes)];
  const wish = { group, priority, timeoutMs, withdraw: plan.awaited === "withdraw" };
  try {
    const result = await asker.asked(asker.handle(client, queue).sendAndWait(value, wish));
    const atMs = asker.nowMs();
    history.results.push({ message, askedMs, isLast: false, end: { kind: "done", atMs, result } });
    message.end = takenAt(atMs);
  } catch (error) {
    if (!isA(error, MpregError)) throw error;
    const atMs = asker.nowMs();
    message.end = { kind: "unknown", code: error.code, atMs };
    const isOver = error.code === "deadline" && error.outcome === "not-applied";
    if (isOver && plan.awaited === "withdraw") history.withdrawn.set(message, atMs);
  }
}

/** What the function does: it takes its time, and may fail. */
export function workFunction(
  { takesMs, failureRatio }: PlannedQueueFunction,
  node: string,
  random: SeededRandom,
  history: History,
  nowMs: () => number,
): AnyHandler {
  let count = 0;
  return async ([index]: QueuesValue): Promise<string> => {
    const message = history.sent[index];
    if (message === undefined) throw new Error(`Nobody has sent message ${index}`);
    const execution: History["executions"][number] = { message, atMs: nowMs(), result: undefined };
    history.executions.push(execution);
    const isFailure = random.chance(failureRatio);
    await context().sleep(random.between(...takesMs));
    if (isFailure) throw new Error("it could not be done");
    execution.result = `${node}.${++count}`;
    return execution.result;
  };
}

/**
 * Work: what clients ask of queues beside sends and receives, and what they see there.
 *
 * (W1) What may change where messages are is written down before it is asked.
 */
import { MpregError, isA } from "@mpreg/core/base";
import type { SeededRandom } from "../capabilities/random.js";
import type { Handle, QueuesValue } from "./client.js";
import { type History, type RedriveAsked, type Wiping, failed } from "./history.js";
import type { PlannedWork } from "./plan.js";

/** How something is asked. */
export interface Asker {
  nowMs(): number;
  history(): History;
  handle(client: number, queue: string): Handle;
  publish(client: number, topic: string, value: QueuesValue): Promise<number>;
  asked<T>(promise: Promise<T>): Promise<T>;
  /** Again and again, until it is answered. */
  persistently<T>(ask: () => Promise<T>): Promise<T>;
  sleep(ms: number): Promise<void>;
}

const browsedMax = 1_000;
/** How often it is looked whether a redrive is over, and for how long at most, in ms. */
const lookMs = 100;
const redriveMsMax = 30_000;

export function doWork({ client, queue, what }: PlannedWork, asker: Asker, random: SeededRandom): void {
  const handle = asker.handle(client, queue);
  const mayFail = (error: unknown): void => {
    failed(error, asker.nowMs());
  };
  switch (what) {
    case "purge":
    case "delete":
      void wipe(what, handle, asker);
      break;
    case "redrive":
      redrive(handle, random.chance(0.5) ? random.integer(5, 100) : undefined, asker).catch(mayFail);
      break;
    case "cancel":
      asker
        .asked(handle.redrives())
        .then((all) => Promise.all(all.filter(isRunning).map(({ id }) => asker.asked(handle.cancelRedrive(id)))))
        .catch(mayFail);
      break;
    case "browse":
      browse(handle, asker).catch(mayFail);
      break;
    case "update":
      asker.asked(handle.update({ visibilityMs: random.integer(150, 1_200) })).catch(mayFail);
      break;
    case "stats":
      asker.asked(handle.stats()).then(({ messages, bytes }) => {
        asker.history().looked.push({ queue, messages, bytes });
      }, mayFail);
  }
}

const isRunning = ({ state }: { readonly state: string }): boolean => state === "running";

export async function wipe(what: Wiping["what"], handle: Handle, asker: Asker): Promise<void> {
  const wiping: Wiping = { queue: handle.name, what, askedMs: asker.nowMs(), end: { kind: "waits" } };
  asker.history().wipings.push(wiping); // (W1)
  try {
    await asker.asked(what === "purge" ? handle.purge() : handle.delete());
    wiping.end = { kind: "done", atMs: asker.nowMs() };
  } catch (error) {
    wiping.end = failed(error, asker.nowMs());
  }
}

/** Writes down what is in the queue, in its order, and which redrives of it are over. */
async function browse(handle: Handle, asker: Asker): Promise<void> {
  await lookWhatRuns(handle, asker);
  const askedMs = asker.nowMs();
  const found = await asker.asked(handle.browse({ limit: browsedMax }));
  const history = asker.history();
  const messages = found.flatMap(({ value: [index], sequence, deadLetter }) => {
    const message = history.sent[index];
    return message === undefined ? [] : [{ message, sequence: Number(sequence), death: deadLetter?.reason }];
  });
  history.browsed.push({ queue: handle.name, askedMs, atMs: asker.nowMs(), messages });
}

async function lookWhatRuns(handle: Handle, asker: Asker): Promise<void> {
  const begun = asker.history().redrives.filter(({ queue, end }) => queue === handle.name && end.kind === "done");
  if (begun.length === 0 || (await asker.asked(handle.redrives())).some(isRunning)) return;
  for (const each of begun) each.overMs = Math.min(each.overMs, asker.nowMs());
}

/** What was seen just before is seen again in the order in which it was. */
async function redrive(handle: Handle, perSecond: number | undefined, asker: Asker): Promise<void> {
  const { name: queue } = handle;
  const asked = { queue, askedMs: asker.nowMs(), end: { kind: "waits" }, overMs: Infinity } as RedriveAsked;
  asker.history().redrives.push(asked); // (W1)
  try {
    await asker.asked(handle.redrive({ perSecond }));
    asked.end = { kind: "done", atMs: asker.nowMs() };
  } catch (error) {
    asked.end = failed(error, asker.nowMs());
    throw error;
  }
}

/** Redrives what a queue of dead letters has, looks at it before, and at where it has gone after that. A queue in memory may be gone with its node just then. */
export async function redriveAll(name: string, perSecond: number | undefined, asker: Asker): Promise<void> {
  const queues = [...asker.history().queues.values()];
  const isInMemory = queues.some(
    ({ name: one, settings }) => (one === name || settings.deadLetter === name) && settings.durable === false,
  );
  try {
    await redriveAndLook(name, perSecond, asker);
  } catch (error) {
    if (!isInMemory || !isA(error, MpregError) || error.code !== "unknown-queue") throw error;
  }
}

async function redriveAndLook(name: string, perSecond: number | undefined, asker: Asker): Promise<void> {
  const handle = asker.handle(0, name);
  const untilMs = asker.nowMs() + redriveMsMax;
  const isOver = async (): Promise<boolean> =>
    !(await asker.persistently(() => handle.redrives())).some(isRunning) || asker.nowMs() >= untilMs;
  while (!(await isOver())) await asker.sleep(lookMs); // one at a time
  await asker.persistently(() => browse(handle, asker));
  await redrive(handle, perSecond, asker).catch((error: unknown) => failed(error, asker.nowMs()));
  while (!(await isOver())) await asker.sleep(lookMs);
  for (const { name: from, settings } of asker.history().queues.values()) {
    if (settings.deadLetter === name) await asker.persistently(() => browse(asker.handle(0, from), asker));
  }
}

/**
 * Inputs: fetches the values of a task that are kept by other nodes, before it runs here.
 *
 * (D11) A stream is not fetched before: the handler reads it as it runs.
 * (D10) A step starts when its values are here: those that are kept elsewhere are fetched by the node that runs it.
 */
import type { MpregError } from "../../base/index.js";
import type { Offer } from "../../catalog/index.js";
import type { BoundRef, Value } from "../../wire/index.js";
import type { HeldBytes } from "../held-bytes.js";
import type { Results } from "../results/index.js";
import { refBytes } from "./sending.js";
import type { Peer, Place, Task } from "../task.js";

export interface Inputs {
  readonly results: Results;
  readonly held: HeldBytes;
  /** All values of the task are here. */
  fetched(task: Task, offer: Offer<Peer>, nowMs: number): void;
  /** One of them is not to be had. */
  missing(task: Task, error: MpregError, nowMs: number): void;
}

/** Puts the task where it waits for its values; answers why there is no room for them. */
export function fetchInputs(
  task: Task,
  refs: readonly BoundRef[],
  offer: Offer<Peer>,
  host: Inputs,
  nowMs: number,
): MpregError | undefined {
  const { held, results } = host;
  const bytes = refBytes(refs);
  if (!held.hasRoomFor(bytes)) return held.refusal(`fetch, for "${task.fun}",`, bytes);
  held.bytes += bytes;
  task.heldBytes += bytes;
  task.startedMs = nowMs;
  offer.owner.inFlight += 1;
  const fetching = { kind: "fetching", offer, gathering: undefined } as const;
  task.place = fetching; // (D10)
  const values: Value[] = [...task.bound];
  for (const { index, ref } of refs) values[index] = ref;
  const gathering = results.gather(
    values,
    task.coordinator,
    nowMs,
    (fetched, thenMs) => {
      task.bound = fetched.map((value) => (value instanceof Uint8Array ? value : noBytes));
      task.refs = streamsOf(refs); // (D11)
      host.fetched(task, offer, thenMs);
    },
    (error, thenMs) => {
      host.missing(task, error, thenMs);
    },
  );
  if (isAt(task, fetching)) task.place = { ...fetching, gathering }; // it may have ended, well or not
  return undefined;
}

const noBytes = new Uint8Array(0);

function streamsOf(refs: readonly BoundRef[]): readonly BoundRef[] | undefined {
  const streams = refs.filter(({ ref }) => ref.isStream);
  return streams.length === 0 ? undefined : streams;
}

/** Whether the task has to wait for values. */
export function hasToFetch({ refs }: Task): boolean {
  return refs !== undefined && refs.some(({ ref }) => !ref.isStream);
}

/** Whether the task is where it was put. */
function isAt(task: Task, place: Place): boolean {
  return task.place === place;
}

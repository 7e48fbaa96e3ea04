/**
 * Moving: how long it takes to bring a task's values to a node, so that it runs where most of them are.
 */
import type { Moving } from "../../routing/index.js";
import { refBytes, valueBytes } from "./sending.js";
import type { Peer, Task } from "../task.js";

/** What a link is taken to carry, as Dask's scheduler assumes it before it has measured: 100 MB/s. */
const bytesPerMs = 100_000;

/** `undefined` where nothing of the task is kept by a node. */
export function movingOf(task: Task, self: Peer): Moving<Peer> | undefined {
  const { refs } = task;
  if (refs === undefined) return undefined;
  const here = valueBytes(task);
  const all = here + refBytes(refs);
  return (owner) => {
    let held = owner === self ? here : 0;
    for (const { ref } of refs) if (ref.holder === owner.nodeId) held += ref.bytes;
    return (all - held) / bytesPerMs;
  };
}

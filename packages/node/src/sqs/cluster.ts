/** Cluster: the SQS door of one node over the queues of its cluster. Loaded only where a node has one. */
import type { Driver } from "../driver.js";
import type { Logger } from "../log.js";
import { ownQueueHost } from "../own-program.js";
import { ClusterBackend } from "./cluster-backend.js";
import { type RunningSqs, type SqsParts, startSqs } from "./start.js";

export interface ClusterSqsParts extends Omit<SqsParts, "backend" | "failed"> {
  readonly driver: Driver;
  readonly log: Logger;
}

/** Rejects with `invalid-argument` where the port cannot be listened on. */
export function startClusterSqs({ driver, log, ...parts }: ClusterSqsParts): Promise<RunningSqs> {
  const host = ownQueueHost(driver.caller(undefined), driver.asking(undefined).codec, driver.machine.id);
  const backend = new ClusterBackend(host, driver.machine.id);
  const failed = (action: string, error: unknown): void => {
    log.error({ action, err: error }, "a request of an SQS client has failed");
  };
  const draining = (): void => {
    backend.drain();
  };
  return startSqs({ ...parts, backend, failed, draining });
}

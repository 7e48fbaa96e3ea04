/** Cluster: the SQS door of one node over the queues of its cluster. Loaded only where a node has one. */
import type { Subject } from "@mpreg/core/base";
import { Holders, type QueueHost } from "@mpreg/core/program";
import { Caller } from "@mpreg/core/rpc";
import type { Driver } from "../driver.js";
import type { Logger } from "../log.js";
import { ownQueueHost } from "../own-program.js";
import { Askers } from "./askers.js";
import { ClusterBackend } from "./cluster-backend.js";
import { type RunningSqs, type SqsParts, startSqs } from "./start.js";

export interface ClusterSqsParts extends Omit<SqsParts, "backend" | "backendOf" | "failed"> {
  readonly cluster: string;
  readonly driver: Driver;
  readonly log: Logger;
}

/** Rejects with `invalid-argument` where the port cannot be listened on. */
export function startClusterSqs({ driver, log, cluster, ...parts }: ClusterSqsParts): Promise<RunningSqs> {
  const backend = new ClusterBackend(driverHost(driver, undefined), driver.machine.id);
  const failed = (action: string, error: unknown): void => {
    log.error({ action, err: error }, "a request of an SQS client has failed");
  };
  const { policy } = driver.machine;
  const askers = new Askers({
    backend,
    policy,
    cluster,
    hostOf: (subject) => driverHost(driver, subject),
  });
  const backendOf: SqsParts["backendOf"] = (address, login) => askers.of(address, login);
  const draining = (): void => {
    backend.drain();
  };
  return startSqs({ ...parts, backend, backendOf, failed, draining });
}

/** What queues are asked with by `subject`; by the node itself where that is `undefined`. */
function driverHost(driver: Driver, subject: Subject | undefined): QueueHost {
  const asking = driver.asking(undefined, undefined, subject);
  return ownQueueHost(new Caller(asking), asking.codec, driver.machine.id, new Holders());
}

/**
 * Health: whether the process lives, whether its node takes work, and how it is.
 *
 * (F1) Every figure is counted or measured when it is asked for.
 * (F2) Who asks for readiness hears why there is none.
 */
import { performance } from "node:perf_hooks";
import type { Driver } from "../driver.js";
import { membersByState } from "./members.js";
import { type HttpAnswer, text } from "./router.js";
import { version } from "./version.js";
import { waitingFor } from "./waiting.js";

/** The node lives: somebody has answered, so the process is there and its event loop turns. */
export function livez(): HttpAnswer {
  return text(200, "ok");
}

/** Whether the node takes work. (F2) */
export function readyz({ unreadyReason }: Pick<Driver, "unreadyReason">): HttpAnswer {
  return unreadyReason === undefined ? text(200, "ok") : text(503, `not ready: ${unreadyReason}`);
}

/** How the node is. (F1) */
export function healthz(driver: Driver, startedMs: number): HttpAnswer {
  const { machine, unreadyReason } = driver;
  const { size } = machine;
  const { links, doors, running, requests, heldBytes } = size;
  const cluster = driver.cluster();
  const health = {
    status: unreadyReason === undefined ? "ok" : "unready",
    ...(unreadyReason === undefined ? {} : { reason: unreadyReason }),
    name: machine.name,
    id: machine.id,
    cluster: cluster.name,
    version,
    uptimeSeconds: (performance.now() - startedMs) / 1000,
    members: membersByState(cluster),
    functions: [...driver.functions.values()].length,
    links,
    jsonConnections: doors,
    running,
    waiting: waitingFor(size),
    requests,
    heldBytes,
    doubt: cluster.doubt,
  };
  const status = unreadyReason === undefined ? 200 : 503;
  return { status, contentType: "application/json", body: `${JSON.stringify(health)}\n` };
}

/**
 * Event log: what the log says of a node's links, of the cluster, and of its own end.
 *
 * Owns the words and the levels, and what is said once. What handlers log is `run-log.ts`.
 *
 * (E1) What comes with every dial is a warning once, then for whoever debugs: that an address cannot be reached, until a
 *      node was met there; a refusal, until a node has joined.
 * (E2) At most `saidMax` of each are remembered: beyond, what was first said longest ago is said again.
 */
import { shownUrl } from "@mpreg/core/base";
import type { Goodbye } from "@mpreg/core/link";
import type { NodeEvent } from "@mpreg/core/node";
import type { AnswerLost } from "@mpreg/core/program";
import type { Logger } from "./log.js";

export const saidMax = 1_000;

/** Links end so when nothing is wrong. */
const expectedEnds: ReadonlySet<Goodbye["code"]> = new Set(["closing", "idle", "duplicate"]);

/** What was said before. */
class Said {
  readonly #said = new Set<string>();

  levelOf(text: string): "warn" | "debug" {
    if (this.#said.has(text)) return "debug";
    this.#said.add(text);
    const [oldest] = this.#said;
    if (this.#said.size > saidMax && oldest !== undefined) this.#said.delete(oldest); // (E2)
    return "warn";
  }

  forget(text: string): void {
    this.#said.delete(text);
  }

  clear(): void {
    this.#said.clear();
  }
}

/** Logs the events of one node. */
export function eventLogger(log: Logger): (event: NodeEvent | AnswerLost) => void {
  const unreachable = new Said();
  const refused = new Said();
  return (event) => {
    switch (event.kind) {
      case "node-joined":
        for (const url of event.urls) unreachable.forget(url); // (E1)
        refused.clear();
        log.info({ id: event.nodeId, name: event.name, urls: event.urls.map(shownUrl) }, "node joined");
        return;
      case "node-lost":
        log.info({ id: event.nodeId, name: event.name, reason: event.reason }, "node lost");
        return;
      case "node-suspected":
      case "node-recovered":
        log.info(
          { id: event.nodeId, name: event.name },
          event.kind === "node-suspected" ? "node suspected" : "node recovered",
        );
        return;
      case "link-opened":
        log.debug({ id: event.nodeId, name: event.name }, "link opened");
        return;
      case "link-lost": {
        const { nodeId: id, name, endedBy } = event;
        const { code, reason } = event.reason;
        log[expectedEnds.has(code) ? "debug" : "info"]({ id, name, code, reason, endedBy }, "link lost");
        return;
      }
      case "news-refused":
        log.warn(
          { id: event.nodeId, name: event.name, reason: event.reason, count: event.count },
          "refused what the node tells",
        );
        return;
      case "news-withheld":
        log.warn(
          { id: event.nodeId, name: event.name, bytes: event.bytes, bytesMax: event.bytesMax },
          "the node does not hear of all members and functions: its limits.messageBytesMax is too small",
        );
        return;
      case "key-shared":
        log.error(
          { id: event.nodeId, name: event.name, urls: event.urls.map(shownUrl), yielded: event.yielded },
          event.yielded
            ? "another process uses this node's key and was started later: this node has left the cluster to it"
            : "two processes use the key of one node",
        );
        return;
      case "link-refused": {
        const { address, reason } = event;
        log[refused.levelOf(`${address} ${reason.reason}`)]({ address, reason }, "link refused"); // (E1)
        return;
      }
      case "dial-failed":
        log[unreachable.levelOf(event.url)](
          { url: shownUrl(event.url), reason: event.reason },
          "peer not reached; trying on",
        ); // (E1)
        return;
      case "circuit-opened": {
        const { fun, version, name, nodeId, reason } = event;
        log.warn({ fun, version, name, nodeId, reason }, "circuit opened: calls go elsewhere");
        return;
      }
      case "circuit-closed": {
        const { fun, version, name, nodeId } = event;
        log.info({ fun, version, name, nodeId }, "circuit closed");
        return;
      }
      case "queue-yielded": {
        const { queue, name, nodeId, gone } = event;
        const what = gone ? "all is handed over" : "it hands over what it has";
        log.warn({ queue, name, nodeId }, `another node had this queue before: ${what}`);
        return;
      }
      case "handler-abandoned": {
        const { fun, request, step, forMs } = event;
        log.warn({ fun, request, step, forMs }, "a handler runs on though nobody waits for it");
        return;
      }
      case "draining":
        log.info({ graceMs: event.graceMs }, "draining: nothing new is taken, what runs is finished");
        return;
      case "drained":
        log[event.left > 0 ? "warn" : "info"]({ left: event.left }, "drained");
        return;
      case "answer-lost":
        log.warn({ err: event.error }, "an answer of node.respond could not be published");
        return;
      case "policy-failed":
        log.error({ action: event.action, err: event.error }, "the policy failed; refused");
    }
  };
}

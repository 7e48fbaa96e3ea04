/**
 * Joining: until when a program waits that wants its node to have met others.
 *
 * (J1) It is looked at what the node knows, at once and whenever something happens to it: nothing is asked again and again.
 */
import { MpregError, checkOptions, optionNames } from "@mpreg/core/base";
import type { NodeInfo } from "@mpreg/core/node";
import type { WaitOptions } from "@mpreg/core/program";
import { waiting } from "./patience.js";
import type { Status } from "./status.js";

/** Options of `node.joined()`. */
export interface JoinedOptions extends WaitOptions {
  /** How many other nodes are to be there. Default 1. */
  readonly peers?: number | undefined;
}

const names = optionNames<JoinedOptions>({ peers: true, signal: true, timeoutMs: true });

/** What `nodes` answers, once `peers` of it are alive beside the node itself. */
export function joined(
  nodes: () => readonly NodeInfo[],
  status: Status,
  options: JoinedOptions,
): Promise<readonly NodeInfo[]> {
  return new Promise((resolve, reject) => {
    checkOptions(options, names, "joined");
    const { peers = 1, signal, timeoutMs } = options;
    if (!Number.isSafeInteger(peers) || peers < 0) {
      const message = `joined: peers must be a whole number of nodes beside this one, got ${String(peers)}`;
      throw new MpregError("invalid-argument", message);
    }
    const following = new AbortController();
    const late = `The time allowed (${timeoutMs} ms) ran out before this node had met ${peers} other${peers === 1 ? "" : "s"}`;
    const gaveUp = (): void => {
      following.abort();
    };
    waiting(() => met(nodes, status, peers, following), { signal, timeoutMs }, { who: "joined", late, gaveUp }).then(
      resolve,
      reject,
    );
  });
}

/** (J1) */
async function met(
  nodes: () => readonly NodeInfo[],
  status: Status,
  peers: number,
  following: AbortController,
): Promise<readonly NodeInfo[]> {
  const events = status.read({ signal: following.signal });
  for (let isOver: boolean | undefined = false; isOver !== true; isOver = (await events.next()).done) {
    const known = nodes();
    if (known.filter(({ state }) => state === "alive").length < peers) continue;
    following.abort();
    return known;
  }
  throw new MpregError("closed", "The node was closed before it had met so many others", { outcome: "not-applied" });
}

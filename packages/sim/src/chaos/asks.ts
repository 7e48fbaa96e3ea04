/**
 * Asks of a chaotic world: each with its client, its end, and when that came.
 */
import type { Ask, Settled } from "@mpreg/core/rpc";
import type { World } from "../world.js";
import { encodeChaosAsk } from "./encode.js";
import type { ChaosAsk, ChaosClient } from "./plan.js";

/** A client that stays connected, whatever happens to its links: the real one, over simulated sockets. */
export interface ReconnectingClient {
  /** Asks; answers how to withdraw it. */
  ask(ask: Ask, onEnd: (settled: Settled) => void): () => void;
  /** Asks that have not ended. */
  readonly waiting: number;
  /** Connections that it has opened so far. */
  readonly connections: number;
  /** Says goodbye. */
  close(): void;
}

/** Makes a client of the world that knows the nodes of these names. */
export type ConnectClient = (world: World, name: string, nodes: readonly string[]) => ReconnectingClient;

export interface Asked {
  readonly ask: ChaosAsk;
  readonly askedMs: number;
  /** Whether its client has another connection now than when it asked: what has coordinated it may be gone. */
  hasMoved: boolean;
  /** It was withdrawn, or its client has left: nobody hears of its end. */
  isWithdrawn: boolean;
  end: Settled | undefined;
  endedMs: number;
}

/** Sets when each client asks what, and leaves; answers what is asked, as it comes to be. */
export function driveAsks(
  world: World,
  clients: readonly ChaosClient[],
  asks: readonly ChaosAsk[],
  connect: ConnectClient,
  ended: (asked: Asked) => void,
): { readonly asked: readonly Asked[]; readonly clients: readonly ReconnectingClient[] } {
  const all: Asked[] = [];
  const connected = clients.map(({ name, nodes }) => connect(world, name, nodes));
  clients.forEach(({ leavesMs }, index) => {
    if (leavesMs === undefined) return;
    world.after(leavesMs, () => {
      for (const each of all) if (each.ask.client === index && each.end === undefined) each.isWithdrawn = true;
      connected[index]?.close();
    });
  });
  for (const ask of asks) {
    world.after(ask.atMs, () => {
      const client = connected[ask.client];
      const leavesMs = clients[ask.client]?.leavesMs ?? Infinity;
      if (client === undefined || ask.atMs >= leavesMs) return;
      const askedOver = client.connections;
      const asked: Asked = {
        ask,
        askedMs: world.nowMs,
        hasMoved: false,
        isWithdrawn: false,
        end: undefined,
        endedMs: Infinity,
      };
      all.push(asked);
      const withdraw = client.ask(encodeChaosAsk(ask), (settled) => {
        if (asked.isWithdrawn) return;
        asked.end = settled;
        asked.endedMs = world.nowMs;
        asked.hasMoved = client.connections !== askedOver;
        ended(asked);
      });
      if (ask.cancelAfterMs === undefined) return;
      world.after(ask.cancelAfterMs, () => {
        if (asked.end !== undefined) return;
        asked.isWithdrawn = true;
        withdraw();
      });
    });
  }
  return { asked: all, clients: connected };
}

/**
 * Full mesh: after healing every node has one link to every other, and no other links but those of its clients.
 *
 * (M1) Each node knows all that are up and nobody else.
 * (M2) The links it counts are the connections there are.
 */
import type { World } from "../world.js";
import type { Checker } from "./types.js";

export class FullMesh implements Checker {
  readonly guarantee = "full-mesh";
  readonly #clientsAt: (world: World, node: string) => number;
  readonly #apart: readonly (readonly [string, string])[];

  /** `clientsAt`: how many clients are connected to a node; default: those of the world. `apart`: pairs of nodes that get no link. */
  constructor(
    clientsAt: (world: World, node: string) => number = simulatedClients,
    apart: readonly (readonly [string, string])[] = [],
  ) {
    this.#clientsAt = clientsAt;
    this.#apart = apart;
  }

  pending(world: World): string[] {
    const up = [...world.nodes.values()].filter(({ state }) => state === "up");
    const ids = up.map(({ id }) => id).sort();
    return up.flatMap((node) => {
      const problems: string[] = [];
      const known = node
        .nodes()
        .map(({ id }) => id)
        .sort();
      if (known.join() !== ids.join()) {
        problems.push(`${node.name} knows ${known.length} nodes, not the ${ids.length} that there are`); // (M1)
      }
      const apart = this.#apart.filter((pair) => pair.includes(node.name)).length;
      const wanted = ids.length - 1 - apart + this.#clientsAt(world, node.name);
      const open = openConnections(world, node.name);
      const { links } = node.size;
      if (links !== wanted || open !== wanted) {
        problems.push(`${node.name} has ${links} links over ${open} connections, not ${wanted}`); // (M2)
      }
      return problems;
    });
  }
}

/** Connections that are open at the end of `host`. */
function openConnections(world: World, host: string): number {
  let count = 0;
  for (const { dialer, acceptor } of world.network.connections) {
    for (const socket of [dialer, acceptor]) if (socket.host === host && !socket.over) count += 1;
  }
  return count;
}

function simulatedClients(world: World, node: string): number {
  return [...world.clients.values()].filter((client) => client.node === node).length;
}

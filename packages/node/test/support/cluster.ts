/**
 * Cluster: nodes and clients in this process, over real sockets on free ports.
 *
 * (C1) What a test opens is closed when the test ends, whatever its end.
 */
import { type Client, type ConnectOptions, connect } from "@mpreg/client";
import { type CreateNodeOptions, type MpregNode, createNode } from "@mpreg/node";
import { onTestFinished } from "vitest";
import { eventually } from "./eventually.js";

/** A node on a free port; quiet, in the log and in the local network, unless told otherwise. */
export async function startNode(options: CreateNodeOptions = {}): Promise<MpregNode> {
  const node = await createNode({ log: "silent", discovery: { mdns: false }, ...options });
  onTestFinished(() => node.close()); // (C1)
  return node;
}

/** A client of `node`. */
export async function clientOf(
  { url }: Pick<MpregNode, "url">,
  options: Omit<ConnectOptions, "contract"> = {},
): Promise<Client> {
  const client = await connect(url, options);
  onTestFinished(() => client.close()); // (C1)
  return client;
}

/** One node and one client of it. */
export async function startPair(options: CreateNodeOptions = {}): Promise<{ node: MpregNode; client: Client }> {
  const node = await startNode({ name: "solo", ...options });
  return { node, client: await clientOf(node) };
}

/** Nodes that have links to each other: the first is the peer of all others. */
export async function startMesh(...each: readonly CreateNodeOptions[]): Promise<MpregNode[]> {
  const nodes: MpregNode[] = [];
  for (const options of each)
    nodes.push(await startNode({ peers: nodes.slice(0, 1).map(({ url }) => url), ...options }));
  await meshed(nodes);
  return nodes;
}

/** Waits until every one of `nodes` has a link to, and the offers of, every other. */
export async function meshed(nodes: readonly MpregNode[]): Promise<void> {
  const ids = nodes.map(({ id }) => id).sort();
  for (const node of nodes) {
    await eventually(`node "${node.name}" knows all ${nodes.length} nodes`, () => {
      const known = node.nodes();
      return (
        JSON.stringify(known.map(({ id }) => id).sort()) === JSON.stringify(ids) &&
        known.every(({ state, linked, functions }) => functions > 0 && (state === "self" || linked))
      );
    });
  }
}

/** Waits until each of `nodes` knows that `fun` is offered by exactly `offers` nodes. */
export async function offered(fun: string, offers: number, ...nodes: readonly MpregNode[]): Promise<void> {
  for (const node of nodes) {
    await eventually(`node "${node.name}" knows ${offers} offers of "${fun}"`, () => {
      const known = node.functions().find(({ name }) => name === fun);
      return (known?.offers.length ?? 0) === offers;
    });
  }
}

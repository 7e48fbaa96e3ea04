/** Echo driver of mpreg, the counterpart of the drivers in peers/: the full product path through a client. */
import { eventually } from "../lib/eventually.mjs";
import { payload } from "../lib/payload.mjs";
import { importMpreg } from "./build.mjs";

/**
 * @param {{ address: string, variant?: string }} target the node's URL and the function to call
 */
export async function connect({ address, variant: fun = "echo" }) {
  const { connect: connectClient } = await importMpreg();
  const client = await connectClient(address);
  // A function of another node is known here a moment after the nodes have linked.
  await eventually(() => client.call(fun, [payload]));
  return (/** @type {unknown} */ value) => client.call(fun, [value]);
}

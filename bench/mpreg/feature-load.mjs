/** The client whose calls use features or none: a child module. */
import { loadInFlight } from "../lib/load.mjs";
import { assertEchoed, payload } from "../lib/payload.mjs";
import { importMpreg } from "./build.mjs";
import { startTracing } from "./traced.mjs";

export { exportedSpans } from "./traced.mjs";

/** @type {any} */
let client;

/** @param {{ url: string, sampling: number | null }} where */
export async function open({ url, sampling }) {
  if (sampling !== null) startTracing(sampling);
  const { connect } = await importMpreg();
  client = await connect(url);
  for (const fun of ["reply", "retried"]) assertEchoed(await client.call(fun, [payload]));
}

/**
 * @param {{ fun: string, options: object | null, inFlight: number, durationMs: number }} block
 * @returns {Promise<number>} calls per second
 */
export function runBlock({ fun, options, inFlight, durationMs }) {
  // without options a call has no third argument, as users write it
  const call = options === null ? () => client.call(fun, [payload]) : () => client.call(fun, [payload], options);
  return loadInFlight(call, inFlight, durationMs);
}

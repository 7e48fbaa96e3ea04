/** The client whose calls use features or none: a child module. */
import { loadInFlight } from "../lib/load.mjs";
import { assertEchoed, payload } from "../lib/payload.mjs";
import { importMpreg } from "./build.mjs";
import { makeSpan, onBehalf, startTracing, untraced } from "./traced.mjs";

export { exportedSpans } from "./traced.mjs";

/** @type {any} */
let client;

/** @param {{ url: string, sampling: number | null, traced?: boolean }} where `traced`: whether mpreg is to know of the SDK */
export async function open({ url, sampling, traced = true }) {
  if (sampling !== null) startTracing(sampling);
  const { connect } = await importMpreg();
  client = await connect(url, traced ? {} : { openTelemetry: untraced });
  for (const fun of ["reply", "retried"]) assertEchoed(await client.call(fun, [payload]));
}

/**
 * What the program does around each call: it works for somebody whose trace has begun before, or makes a span of its own.
 *
 * @typedef {"parent" | "own"} Around
 */

const around = {
  parent: onBehalf,
  own: (/** @type {() => Promise<unknown>} */ call) => {
    makeSpan();
    return call();
  },
};

/**
 * @param {{ fun: string, options: object | null, around?: Around, inFlight: number, durationMs: number }} block
 * @returns {Promise<number>} calls per second
 */
export function runBlock({ fun, options, around: name, inFlight, durationMs }) {
  // without options a call has no third argument, as users write it
  const call = options === null ? () => client.call(fun, [payload]) : () => client.call(fun, [payload], options);
  return loadInFlight(name === undefined ? call : () => around[name](call), inFlight, durationMs);
}

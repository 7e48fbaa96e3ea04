/** The client whose calls use features or none: a child module. */
import { loadInFlight } from "../lib/load.mjs";
import { assertEchoed, payload } from "../lib/payload.mjs";
import { importMpreg } from "./build.mjs";
import { inUnsampledTrace, makeSpan, startTracing, untraced } from "./traced.mjs";

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
 * @typedef {"own" | "unsampled"} Around what the program does around each call: makes a span of its own, or calls as part of
 *   a trace that is not sampled
 * @param {{ fun: string, options: object | null, around?: Around, inFlight: number, durationMs: number }} block
 * @returns {Promise<number>} calls per second
 */
export function runBlock({ fun, options, around, inFlight, durationMs }) {
  // without options a call has no third argument, as users write it
  const call = options === null ? () => client.call(fun, [payload]) : () => client.call(fun, [payload], options);
  if (around === "unsampled") return inUnsampledTrace(() => loadInFlight(call, inFlight, durationMs));
  if (around === undefined) return loadInFlight(call, inFlight, durationMs);
  const spanned = () => {
    makeSpan();
    return call();
  };
  return loadInFlight(spanned, inFlight, durationMs);
}

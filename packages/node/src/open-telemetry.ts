/**
 * OpenTelemetry: finds the API, an optional peer dependency, once somebody in this process uses it.
 *
 * (T1) A process without an OpenTelemetry SDK does not even load the API.
 */
import { createRequire } from "node:module";
import type { OpenTelemetryApi } from "@mpreg/core/rpc";

/** What all copies of the API of one major version share: where an SDK is registered. */
const registered = Symbol.for("opentelemetry.js.api.1");

/** Answers the API as soon as there is something to be found through it; `failed` hears, once, that it cannot be loaded. */
export function findOpenTelemetry(failed: (error: unknown) => void): () => OpenTelemetryApi | undefined {
  let found: { readonly api: OpenTelemetryApi | undefined } | undefined;
  return () => {
    if (found !== undefined) return found.api;
    if (!(registered in globalThis)) return undefined; // (T1)
    try {
      found = { api: createRequire(import.meta.url)("@opentelemetry/api") as OpenTelemetryApi };
    } catch (error) {
      found = { api: undefined };
      failed(error);
    }
    return found.api;
  };
}

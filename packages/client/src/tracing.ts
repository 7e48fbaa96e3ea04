/** Tracing: spans of a client's calls, where the program has an OpenTelemetry SDK, with the address of the node that is asked. */
import { OpenTelemetry, type OpenTelemetryApi, type ServerAddress, type Tracing } from "@mpreg/core/rpc";
import type { Platform } from "./platform.js";

/** `given` is the API that the program has handed in; `urlOf` answers whom it asks now. */
export function createTracing(platform: Platform, given: OpenTelemetryApi | undefined, urlOf: () => string): Tracing {
  const api = (): OpenTelemetryApi | undefined => given ?? platform.openTelemetry();
  let url = "";
  let server: ServerAddress = { address: "", port: 0 };
  return new OpenTelemetry(api, () => {
    if (urlOf() !== url) {
      url = urlOf();
      server = addressOf(new URL(url));
    }
    return server;
  });
}

function addressOf({ hostname, port, protocol }: URL): ServerAddress {
  const defaultPort = protocol === "wss:" ? 443 : 80;
  return { address: hostname, port: port === "" ? defaultPort : Number(port) };
}

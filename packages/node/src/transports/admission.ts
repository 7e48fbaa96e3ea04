/**
 * Admission: which HTTP requests and upgrades a node answers at all.
 *
 * A page of any web site can make its reader's browser connect to `127.0.0.1`. What such a connection cannot do is
 * choose its `Origin`, nor, when the site's name was pointed at the reader's own machine (DNS rebinding), its `Host`.
 *
 * (A1) A request with an `Origin` is answered only if the origin is this node's own or among `allowedOrigins`.
 * (A2) A request is answered only if its `Host` is an address, `localhost`, or a name this node is known by.
 */
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";

export interface AdmissionOptions {
  /** Origins that may connect beside the node's own, e.g. `https://app.example.com`; `*` is any. */
  readonly allowedOrigins: readonly string[];
  /** Host names by which the node is reached, beside `localhost` and addresses. */
  readonly allowedHosts: readonly string[];
}

/** Why a request is refused; `undefined` when it is not. */
export function refusalOf(headers: IncomingHttpHeaders, options: AdmissionOptions): string | undefined {
  const { host, origin } = headers;
  if (host === undefined || !isKnownHost(host, options.allowedHosts)) {
    return `host ${JSON.stringify(host ?? "")} is not one this node is known by; add it to allowedHosts`; // (A2)
  }
  if (origin === undefined || options.allowedOrigins.includes("*") || options.allowedOrigins.includes(origin))
    return undefined;
  if (origin === `http://${host}` || origin === `https://${host}`) return undefined;
  return `origin ${JSON.stringify(origin)} may not connect; add it to allowedOrigins`; // (A1)
}

function isKnownHost(host: string, allowedHosts: readonly string[]): boolean {
  const name = hostName(host);
  if (name === "localhost" || isIP(name) !== 0) return true;
  return allowedHosts.some((allowed) => [name, host.toLowerCase()].includes(allowed.toLowerCase()));
}

/** `example.com:80` → `example.com`, `[::1]:80` → `::1`. */
function hostName(host: string): string {
  if (host.startsWith("[")) return host.slice(1, host.indexOf("]"));
  const colon = host.lastIndexOf(":");
  const isPort = colon >= 0 && /^\d*$/.test(host.slice(colon + 1));
  return (isPort ? host.slice(0, colon) : host).toLowerCase();
}

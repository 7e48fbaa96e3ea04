/**
 * Admission: which HTTP requests and upgrades a node answers at all.
 *
 * A page of any web site can make its reader's browser connect to `127.0.0.1`. What such a connection cannot do is
 * choose its `Origin`, nor, when the site's name was pointed at the reader's own machine (DNS rebinding), its `Host`.
 *
 * (A1) A request with an `Origin` is answered only if the origin is this node's own or among `allowedOrigins`.
 * (A2) A request is answered only if its `Host` is an address, `localhost`, or a name this node is known by.
 * (A3) What decides is there once: of two headers, or two places for the host, something before this node may have
 *      looked at the other one.
 * (A4) Names are compared as they are meant: without regard to case, to the dot of the root, or to a default port. What
 *      is not a host and a port, and nothing else, is no host.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

export interface AdmissionOptions {
  /** Origins that may connect beside the node's own, e.g. `https://app.example.com`; `*` is any. */
  readonly allowedOrigins: readonly string[];
  /** Host names by which the node is reached, beside `localhost` and addresses. */
  readonly allowedHosts: readonly string[];
}

/** Why a request is not served, and the HTTP status that says so. */
export interface Refusal {
  readonly status: 400 | 403 | 503;
  readonly reason: string;
}

type Request = Pick<IncomingMessage, "headers" | "rawHeaders" | "url">;

/** Why a request is refused; `undefined` when it is not. */
export function refusalOf(request: Request, options: AdmissionOptions): Refusal | undefined {
  const { headers, rawHeaders, url = "/" } = request;
  if (!url.startsWith("/")) return malformed(`the target ${JSON.stringify(url)} must be a path`); // (A3)
  for (const name of ["Host", "Origin"]) {
    const times = rawHeaders.filter((each, at) => at % 2 === 0 && each.toLowerCase() === name.toLowerCase()).length;
    if (times > 1) return malformed(`${times} ${name} headers; there may be one`); // (A3)
  }
  const { host = "", origin } = headers;
  if (!isKnownHost(host, options.allowedHosts)) {
    return forbidden(`host ${JSON.stringify(host)} is not one this node is known by; add it to allowedHosts`); // (A2)
  }
  if (origin === undefined || isAllowed(origin, options.allowedOrigins) || isOwn(origin, host)) return undefined;
  return forbidden(`origin ${JSON.stringify(origin)} may not connect; add it to allowedOrigins`); // (A1)
}

function malformed(reason: string): Refusal {
  return { status: 400, reason };
}

function forbidden(reason: string): Refusal {
  return { status: 403, reason };
}

/** An IPv6 address in brackets, or a name or IPv4 address; then maybe a port. */
const hostPattern = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{0,5}))?$/i;

function isKnownHost(host: string, allowedHosts: readonly string[]): boolean {
  const [, address, given = "", port] = hostPattern.exec(host) ?? [];
  if (address !== undefined) return isIP(address) === 6;
  const name = bare(given);
  if (name === "localhost" || isIP(name) === 4) return true;
  return allowedHosts.some((allowed) => bare(allowed) === name || allowed.toLowerCase() === `${name}:${port ?? ""}`);
}

/** `Example.com.` → `example.com` (A4) */
function bare(name: string): string {
  return (name.endsWith(".") ? name.slice(0, -1) : name).toLowerCase();
}

function isOwn(origin: string, host: string): boolean {
  return ["http", "https"].some((scheme) => originOf(`${scheme}://${host}`) === origin);
}

function isAllowed(origin: string, allowedOrigins: readonly string[]): boolean {
  return allowedOrigins.some((allowed) => allowed === "*" || allowed === origin || originOf(allowed) === origin);
}

/** The origin of a URL as browsers write it, in `Origin` too; `undefined` for URLs that have none. (A4) */
function originOf(url: string): string | undefined {
  const origin = URL.canParse(url) ? new URL(url).origin : "null";
  return origin === "null" ? undefined : origin;
}

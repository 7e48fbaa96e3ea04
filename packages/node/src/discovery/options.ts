/**
 * Discovery options: how a node finds its first peers, checked.
 */
import { isIP, isIPv4, isIPv6 } from "node:net";
import { MpregError, checkOptions, isLoopback, optionNames } from "@mpreg/core/base";
import { mdnsPort } from "./mdns/mdns.js";

export interface MdnsOptions {
  /** IPv4 addresses of this machine in the networks to use. Default: `host`, or all but loopback. */
  readonly addresses?: readonly string[] | undefined;
  /** Default 5353; nodes with another one find only each other. */
  readonly port?: number | undefined;
}

/** Where to look for nodes, beside `peers`. What is found is dialled like a peer, as long as it is told. */
export interface DiscoveryOptions {
  /**
   * Multicast DNS on the local network: announces this node, and finds those of the same cluster.
   * Default: on when the node listens on other addresses than loopback.
   */
  readonly mdns?: boolean | MdnsOptions | undefined;
  /** SRV names, e.g. `["_mpreg._tcp.example.com"]`; `wss` is used for a service whose name ends in `-tls`. */
  readonly dns?: readonly string[] | undefined;
  /** DNS servers to ask instead of the system's, e.g. `["10.0.0.2", "127.0.0.1:8600"]`. */
  readonly dnsServers?: readonly string[] | undefined;
  /** A file that is watched: one URL per line, `#` for comments; or a JSON array. */
  readonly file?: string | undefined;
}

/** With every default filled in. */
export interface ResolvedDiscovery {
  readonly mdns: { readonly addresses: readonly string[] | undefined; readonly port: number } | undefined;
  readonly dns: readonly string[];
  readonly dnsServers: readonly string[] | undefined;
  readonly file: string | undefined;
}

const names = optionNames<DiscoveryOptions>({ mdns: true, dns: true, dnsServers: true, file: true });
const mdnsNames = optionNames<MdnsOptions>({ addresses: true, port: true });
const domainBytesMax = 253;

/** Checks what was given; `host` is what the node listens on. Throws `invalid-argument`. */
export function resolveDiscovery(given: DiscoveryOptions, host: string): ResolvedDiscovery {
  checkOptions(given, names, "discovery");
  const { mdns = !isLoopback(host), dnsServers } = given;
  const file: unknown = given.file;
  if (file !== undefined && (typeof file !== "string" || file === ""))
    throw invalid(`discovery.file must be the path of a file, got ${shown(file)}`);
  return {
    mdns: resolveMdns(mdns, host),
    dns: checkAll(given.dns ?? [], "dns", "names like _mpreg._tcp.example.com", isServiceName),
    dnsServers: dnsServers && checkAll(dnsServers, "dnsServers", "addresses like 10.0.0.2 or 10.0.0.2:53", isServer),
    file,
  };
}

function resolveMdns(given: boolean | MdnsOptions, host: string): ResolvedDiscovery["mdns"] {
  if (given === false) return undefined;
  const options = given === true ? {} : given;
  if (typeof options !== "object") throw invalid(`discovery.mdns must be true, false or options, got ${shown(given)}`);
  checkOptions(options, mdnsNames, "discovery.mdns");
  const { port = mdnsPort, addresses = ownNetworks(host) } = options;
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalid(`discovery.mdns.port must be an integer from 1 to 65535, got ${shown(port)}`);
  return {
    port,
    addresses: addresses && checkAll(addresses, "mdns.addresses", "IPv4 addresses of this machine", isIPv4),
  };
}

/** The networks in which a node that listens on `host` can be reached; all when undefined. */
function ownNetworks(host: string): readonly string[] | undefined {
  if (isLoopback(host)) return ["127.0.0.1"];
  return isIPv4(host) && host !== "0.0.0.0" ? [host] : undefined;
}

function checkAll(given: unknown, option: string, like: string, isRight: (each: string) => boolean): readonly string[] {
  if (!Array.isArray(given)) throw invalid(`discovery.${option} must be an array of ${like}, got ${shown(given)}`);
  for (const each of given as readonly unknown[]) {
    if (typeof each === "string" && isRight(each)) continue;
    throw invalid(`discovery.${option} must hold ${like}, got ${shown(each)}`);
  }
  return [...(given as readonly string[])];
}

function isServiceName(name: string): boolean {
  return name.length <= domainBytesMax && /^_[^.\s]{1,62}(\.[^.\s]{1,63})+\.?$/.test(name);
}

/** `10.0.0.2`, `10.0.0.2:53`, `fd00::2` or `[fd00::2]:53`. */
function isServer(server: string): boolean {
  if (isIP(server) !== 0) return true;
  const [, six, four = "", port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(server) ?? [];
  return (six === undefined ? isIPv4(four) : isIPv6(six)) && Number(port) >= 1 && Number(port) <= 65_535;
}

function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

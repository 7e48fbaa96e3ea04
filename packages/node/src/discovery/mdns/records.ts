/**
 * Records: a node of the mesh in multicast DNS, written and read (RFC 6762, RFC 6763).
 *
 * A node is an instance of the service `_mpreg._tcp.local` whose name is its id. Its TXT record says it all: `cluster`,
 * `name`, and its addresses as `url`, `url2`, …. The SRV and address records are for other browsers.
 *
 * (D1) Only TXT records of our service are read, and of these only what is well-formed.
 * (D2) What is announced fits into one datagram: addresses that do not are left out.
 */
import { createHash } from "node:crypto";
import { isIP } from "node:net";
import type { FullPacket, ResponseOutgoingPacket } from "multicast-dns";
import { isNodeUrl } from "../../node-url.js";

export type Answer = ResponseOutgoingPacket["answers"][number];
export type Packet = Partial<Pick<FullPacket, "questions" | "answers" | "additionals">>;
type Question = NonNullable<FullPacket["questions"]>[number];

export const serviceName = "_mpreg._tcp.local";
const directoryName = "_services._dns-sd._udp.local";

/** How long others may believe what they heard. */
export const ttlS = 120;
const ttlSMax = 4_500;
const stringBytesMax = 255;
const textBytesMax = 1_000;
const urlsMax = 16;
const idMax = 63;

/** A node as it is announced. */
export interface Announcement {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly urls: readonly string[];
}

/** What a packet says of one node. */
export interface Sighting {
  readonly id: string;
  /** As {@link clusterText} writes it. */
  readonly cluster: string;
  readonly urls: readonly string[];
  /** 0 = the node is leaving. */
  readonly ttlS: number;
}

/** The records of `node`; none for a node that nobody can reach. With `ttl` 0 they take back what was said. */
export function recordsOf(node: Announcement, ttl: number = ttlS): readonly Answer[] {
  const text = textOf(node);
  const [first] = node.urls;
  if (text === undefined || first === undefined) return [];
  const { hostname, port, protocol } = new URL(first);
  const address = hostname.replace(/^\[|\]$/g, "");
  const family = isIP(address);
  const instance = `${node.id}.${serviceName}`;
  const target = family === 0 && isEncodable(address) ? address : `${node.id}.local`;
  const srv = { port: Number(port) || (protocol === "wss:" ? 443 : 80), target, priority: 0, weight: 0 };
  const host: Answer = { name: target, type: family === 6 ? "AAAA" : "A", ttl, flush: true, data: address };
  return [
    { name: directoryName, type: "PTR", ttl, data: serviceName },
    { name: serviceName, type: "PTR", ttl, data: instance },
    { name: instance, type: "SRV", ttl, flush: true, data: srv },
    { name: instance, type: "TXT", ttl, flush: true, data: [...text] },
    ...(family === 0 ? [] : [host]),
  ];
}

/** True when `query` asks for one of `records` and does not know them yet. */
export function isAskedFor(records: readonly Answer[], query: Packet): boolean {
  const isKnown = (query.answers ?? []).some(
    (known) =>
      known.type === "PTR" &&
      (known.ttl ?? 0) >= ttlS / 2 && // RFC 6762 §7.1
      records.some((own) => own.type === "PTR" && own.name === serviceName && isSameName(own.data, known.data)),
  );
  return !isKnown && (query.questions ?? []).some((question) => records.some((record) => matches(question, record)));
}

/** The nodes that a response tells of. (D1) */
export function sightingsIn(response: Packet): readonly Sighting[] {
  const sightings: Sighting[] = [];
  for (const record of [...(response.answers ?? []), ...(response.additionals ?? [])]) {
    if (record.type !== "TXT") continue;
    const id = instanceOf(record.name);
    const text = readText(record.data);
    const cluster = text.get("cluster");
    if (id === undefined || cluster === undefined) continue;
    const urls = [...text].filter(([key, value]) => /^url\d*$/.test(key) && isNodeUrl(value)).map(([, url]) => url);
    const ttl = Math.max(0, Math.min(ttlSMax, record.ttl ?? ttlS));
    sightings.push({ id, cluster, urls: urls.slice(0, urlsMax), ttlS: ttl });
  }
  return sightings;
}

/** A cluster's name as it is announced: itself, or its hash where it is too long for a TXT record. */
export function clusterText(cluster: string): string {
  if (Buffer.byteLength(cluster) <= 200) return cluster;
  return `sha256:${createHash("sha256").update(cluster).digest("hex")}`;
}

function isEncodable(name: string): boolean {
  return name.length <= 250 && name.split(".").every((label) => label !== "" && label.length <= 63);
}

/** (D2) */
function textOf({ name, cluster, urls }: Announcement): readonly string[] | undefined {
  const text = ["txtvers=1", `cluster=${clusterText(cluster)}`];
  let bytes = text.reduce((sum, each) => sum + Buffer.byteLength(each), 0);
  let told = 0;
  for (const url of urls) {
    const entry = `url${told === 0 ? "" : told + 1}=${url}`;
    const entryBytes = Buffer.byteLength(entry);
    if (entryBytes > stringBytesMax || bytes + entryBytes > textBytesMax) continue;
    text.push(entry);
    bytes += entryBytes;
    told += 1;
  }
  const shown = `name=${name}`;
  if (Buffer.byteLength(shown) <= stringBytesMax) text.push(shown);
  return told === 0 ? undefined : text;
}

/** Keys and values of a TXT record; of a key that comes twice the first counts (RFC 6763 §6.4). */
function readText(data: unknown): ReadonlyMap<string, string> {
  const text = new Map<string, string>();
  for (const each of Array.isArray(data) ? (data as readonly unknown[]) : [data]) {
    const [, key, value] = /^([^=]+)=([^]*)$/.exec(Buffer.isBuffer(each) ? each.toString("utf8") : "") ?? [];
    if (key === undefined || value === undefined || text.has(key.toLowerCase())) continue;
    text.set(key.toLowerCase(), value);
  }
  return text;
}

function instanceOf(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (!lower.endsWith(`.${serviceName}`)) return undefined;
  const id = lower.slice(0, -serviceName.length - 1);
  return id === "" || id.length > idMax ? undefined : id;
}

function matches({ name, type }: Question, record: Answer): boolean {
  // "ANY" is a type of questions that the library decodes and its types do not know
  return isSameName(name, record.name) && ((type as string) === "ANY" || type === record.type);
}

function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

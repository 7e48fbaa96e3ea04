/**
 * Options of a node: what a user may set, checked, with every default in one place.
 */
import { hostname, networkInterfaces } from "node:os";
import {
  MpregError,
  type Policy,
  type QueueContract,
  type TopicContract,
  checkOptions,
  checkQueueContract,
  checkTopicContract,
  createDefaultPolicy,
  kindOf,
  optionNames,
  shownUrl,
  suggestion,
} from "@mpreg/core/base";
import { checkResources } from "@mpreg/core/handlers";
import { type LinkOptions, defaultLinkOptions } from "@mpreg/core/link";
import {
  type MembershipOptions,
  type Profile,
  type RedialOptions,
  defaultRedialOptions,
  profiles,
} from "@mpreg/core/membership";
import {
  type CancelSignal,
  type OpenTelemetryApi,
  type RpcLimits,
  checkOpenTelemetry,
  defaultRpcLimits,
  durationMsMax,
} from "@mpreg/core/rpc";
import { type WireLimits, defaultWireLimits } from "@mpreg/core/wire";
import { type DiscoveryOptions, type ResolvedDiscovery, resolveDiscovery } from "./discovery/options.js";
import { type LogLevel, type Logger, logLevels } from "./log.js";
import { type MqttOptions, type ResolvedMqtt, resolveMqtt } from "./mqtt/options.js";
import { isNodeUrl, nodeUrlsLike } from "./node-url.js";
import { type QueueOptions, defaultQueueOptions } from "./queue-limits.js";
import { type TopicOptions, defaultTopicOptions } from "./topic-limits.js";
import { type PortLimits, defaultPortLimits } from "./transports/limits.js";
import { type ResolvedSqs, type SqsOptions, resolveSqs } from "./sqs/options.js";
import type { TlsOptions } from "./transports/types.js";

/** Every bound of a node, each with its default. */
export type NodeLimits = WireLimits &
  RpcLimits &
  Omit<LinkOptions, "limits"> &
  RedialOptions &
  MembershipOptions &
  TopicOptions &
  QueueOptions &
  PortLimits;

export interface CreateNodeOptions<
  T extends TopicContract | undefined = undefined,
  Q extends QueueContract | undefined = undefined,
> {
  /** For people and logs; need not be unique, but should be. Default: the machine's name and the port. */
  readonly name?: string | undefined;
  /** Address to listen on. Default `127.0.0.1`. Others need `tls` or `insecure`. */
  readonly host?: string | undefined;
  /** Port to listen on. Default 0: any free one; see `node.url`. */
  readonly port?: number | undefined;
  /**
   * A further port to listen on, which every worker of a `node:cluster` that names it shares: what connects there comes to any of
   * them. For clients; other nodes reach this one at `port`. Default: none.
   */
  readonly sharedPort?: number | undefined;
  /** What this node has (datasets, models, hardware); every function of it has them. */
  readonly resources?: readonly string[] | undefined;
  /** Nodes to link to, e.g. `["ws://10.0.0.7:9001"]`; dialled for ever, in any order. */
  readonly peers?: readonly string[] | undefined;
  /** Where to find nodes that `peers` does not name: multicast DNS, DNS SRV records, a watched file. */
  readonly discovery?: DiscoveryOptions | undefined;
  /** How other nodes reach this one, where it differs from `host` and `port` (NAT, a proxy, a container). */
  readonly advertise?: readonly string[] | undefined;
  /** Nodes of other clusters are refused. Default `default`. */
  readonly cluster?: string | undefined;
  /** Directory for what must survive a restart: the node's key. Without it the node has a new key every time. */
  readonly dataDir?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Listen on other addresses than loopback without TLS. Only in a network that is yours. */
  readonly insecure?: boolean | undefined;
  /** Web origins that may connect beside the node's own. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Host names by which the node may be asked for, beside `localhost`, addresses and what it advertises. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Decides who may do what. Default: everybody who can connect may call; only nodes of this cluster may join. */
  readonly policy?: Policy | undefined;
  /**
   * What network the cluster's nodes have between them: `"local"` (one machine), `"lan"` (default, one data centre) or
   * `"wan"`. Sets how fast a silent node is noticed and news travel; each of the timings can be set in `limits`.
   */
  readonly profile?: Profile | undefined;
  /** Bounds and timings; what is left out has its default. */
  readonly limits?: Partial<NodeLimits> | undefined;
  /** A level (default `warn`), or a pino logger. Logs go to stderr; payloads are never logged. */
  readonly log?: LogLevel | Logger | undefined;
  /** Tell callers the stacks of handlers' errors. */
  readonly exposeStacks?: boolean | undefined;
  /**
   * The module `@opentelemetry/api`, through which calls and handlers are traced. Default: the one that is installed beside
   * this package, once the program has registered an SDK.
   */
  readonly openTelemetry?: OpenTelemetryApi | undefined;
  /** Schemas of topics, as `topics({ … })` takes them: what the node's program publishes is checked against them. */
  readonly topics?: T | undefined;
  /** Schemas of queues, as `queues({ … })` takes them: what the node's program sends is checked against them. */
  readonly queues?: Q | undefined;
  /**
   * How long the event loop may be blocked, in ms, as by a handler that loops; at least 100. A node that is blocked longer says on stderr
   * which handler it was in, and ends its process with SIGKILL: it could serve nobody, and others would wait for it. What
   * stands still as a whole (SIGSTOP, a machine that sleeps) is not blocked, nor is what a debugger may have stopped.
   * Default 0: off.
   */
  readonly loopBlockedMsMax?: number | undefined;
  /** Serves clients that speak MQTT 3.1.1, over TCP and over WebSocket. Off unless given; `{}` is WebSocket only. */
  readonly mqtt?: MqttOptions | undefined;
  /** Serves clients of Amazon SQS, with the queues of the cluster, on a port of its own. Off unless given. */
  readonly sqs?: SqsOptions | undefined;
  /** Gives up starting with `cancelled`: what was opened by then is closed, soon after. */
  readonly signal?: CancelSignal | undefined;
  /** Gives up starting with `deadline` after so many ms; else as `signal`. Default: as long as it takes. */
  readonly timeoutMs?: number | undefined;
}

const names = optionNames<CreateNodeOptions>({
  name: true,
  host: true,
  port: true,
  sharedPort: true,
  resources: true,
  peers: true,
  discovery: true,
  advertise: true,
  cluster: true,
  dataDir: true,
  tls: true,
  insecure: true,
  allowedOrigins: true,
  allowedHosts: true,
  policy: true,
  profile: true,
  limits: true,
  log: true,
  exposeStacks: true,
  openTelemetry: true,
  topics: true,
  queues: true,
  loopBlockedMsMax: true,
  mqtt: true,
  sqs: true,
  signal: true,
  timeoutMs: true,
});

const tlsNames = optionNames<TlsOptions>({ cert: true, key: true, ca: true });

export const defaultLimits: NodeLimits = {
  ...defaultWireLimits,
  ...defaultRpcLimits,
  ...defaultLinkOptions,
  ...defaultRedialOptions,
  ...profiles.lan,
  ...defaultTopicOptions,
  ...defaultQueueOptions,
  ...defaultPortLimits,
};

/** What others accept of a node's name and of its addresses. */
const { nameBytesMax } = defaultWireLimits;
const advertisedMax = 16;

/** Collecting garbage alone may take some tens of milliseconds. */
const loopBlockedMsMin = 100;

/** Limits that have a place of fixed size on the wire, or a timer of their own. */
const limitsMax: Partial<Record<keyof NodeLimits, number>> = {
  depthMax: 255,
  messageBytesMax: 2 ** 32 - 1,
  windowBytes: 2 ** 32 - 1,
  handshakeTimeoutMs: durationMsMax,
  firstRequestTimeoutMs: durationMsMax,
  timeoutMs: durationMsMax,
  timeoutMsMax: durationMsMax,
  topicBlockedMsMax: durationMsMax,
  queueRememberedMax: 16_000_000,
};

/** Bounds of which none at all makes sense. */
const mayBeZero: ReadonlySet<string> = new Set([
  "pingIntervalMs",
  "depthMax",
  "confirmations",
  "indirectProbes",
  "queuedMax",
  "tracesMax",
  "backlogMs",
  "backlogPerTopicMax",
]);

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly name: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly sharedPort: number | undefined;
  readonly resources: readonly string[];
  readonly peers: readonly string[];
  readonly discovery: ResolvedDiscovery;
  readonly advertise: readonly string[] | undefined;
  readonly cluster: string;
  readonly dataDir: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly insecure: boolean;
  readonly allowedOrigins: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly policy: Policy;
  readonly limits: NodeLimits;
  readonly log: LogLevel | Logger | undefined;
  readonly exposeStacks: boolean;
  readonly openTelemetry: OpenTelemetryApi | undefined;
  readonly loopBlockedMsMax: number;
  readonly mqtt: ResolvedMqtt | undefined;
  readonly sqs: ResolvedSqs | undefined;
}

/** Checks what was given and fills in the rest. Throws `invalid-argument`, naming the option and what would work. */
export function resolveOptions(
  given: CreateNodeOptions<TopicContract | undefined, QueueContract | undefined>,
): ResolvedOptions {
  checkOptions(given, names, "createNode");
  const cluster = checkText(given.cluster ?? "default", "cluster");
  const host = given.host ?? "127.0.0.1";
  const port = given.port ?? 0;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalid(`port must be an integer from 0 to 65535, got ${String(given.port)}`);
  const { sharedPort } = given;
  if (sharedPort !== undefined && (!Number.isInteger(sharedPort) || sharedPort < 1 || sharedPort > 65_535))
    throw invalid(`sharedPort must be an integer from 1 to 65535, got ${String(sharedPort)}`);
  const advertise = given.advertise === undefined ? undefined : checkUrls(given.advertise, "advertise");
  if (advertise?.some((url) => shownUrl(url) !== url) === true)
    throw invalid("advertise must hold URLs without a user and a password: every node and every client is told them");
  if (advertise !== undefined && advertise.length > advertisedMax)
    throw invalid(`advertise may hold ${advertisedMax} URLs, got ${advertise.length}`);
  checkLog(given.log);
  checkOpenTelemetry(given.openTelemetry);
  if (given.topics !== undefined) checkTopicContract(given.topics);
  if (given.queues !== undefined) checkQueueContract(given.queues);
  const policy: unknown = given.policy;
  if (policy !== undefined && typeof policy !== "function")
    throw invalid(`policy must be a function, got ${typeof policy}`);
  return {
    name: given.name === undefined ? undefined : checkText(given.name, "name"),
    host,
    port,
    sharedPort,
    resources: checkResources(given.resources ?? [], "createNode"),
    peers: checkUrls(given.peers ?? [], "peers"),
    discovery: resolveDiscovery(given.discovery ?? {}, host),
    advertise,
    cluster,
    dataDir: given.dataDir,
    tls: checkTls(given.tls),
    insecure: checkSwitch(given.insecure ?? false, "insecure"),
    allowedOrigins: checkTexts(given.allowedOrigins ?? [], "allowedOrigins"),
    allowedHosts: [
      host,
      ...checkTexts(given.allowedHosts ?? [], "allowedHosts"),
      ...(advertise ?? []).map((url) => new URL(url).hostname),
    ],
    policy: given.policy ?? createDefaultPolicy({ cluster }),
    limits: resolveLimits(given.limits ?? {}, checkProfile(given.profile ?? "lan")),
    log: given.log,
    exposeStacks: checkSwitch(given.exposeStacks ?? false, "exposeStacks"),
    openTelemetry: given.openTelemetry,
    loopBlockedMsMax: checkLoopBlocked(given.loopBlockedMsMax ?? 0),
    mqtt: resolveMqtt(given.mqtt, host),
    sqs: given.sqs === undefined ? undefined : resolveSqs(given.sqs, host),
  };
}

/**
 * How a node that listens on `host` and `port` is reached, as far as it can tell itself; `outside` is this machine's
 * address where it is to be reached.
 */
export function ownUrl(
  scheme: string,
  host: string,
  port: number,
  outside: string | undefined = outsideAddress(),
): string {
  const isWildcard = host === "0.0.0.0" || host === "::";
  const address = isWildcard ? (outside ?? "127.0.0.1") : host;
  return `${scheme}://${address.includes(":") ? `[${address}]` : address}:${port}`;
}

export function defaultName(port: number): string {
  return `${hostname()}-${port}`;
}

function outsideAddress(): string | undefined {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { internal, family, address } of addresses ?? []) if (!internal && family === "IPv4") return address;
  }
  return undefined;
}

function checkProfile(profile: unknown): Profile {
  const known = Object.keys(profiles);
  if (typeof profile === "string" && known.includes(profile)) return profile as Profile;
  throw invalid(`profile must be ${known.map((each) => `"${each}"`).join(", ")}, got ${JSON.stringify(profile)}`);
}

function resolveLimits(given: Partial<NodeLimits>, profile: Profile): NodeLimits {
  if (typeof (given as unknown) !== "object" || (given as unknown) === null)
    throw invalid(`limits must be an object, got ${JSON.stringify(given)}`);
  for (const [key, value] of Object.entries(given) as [string, unknown][]) {
    if (!Object.hasOwn(defaultLimits, key)) {
      const limits = Object.keys(defaultLimits);
      throw invalid(`limits has no "${key}"; it has ${limits.join(", ")}${suggestion(key, limits)}`);
    }
    const min = mayBeZero.has(key) ? 0 : 1;
    const max = limitsMax[key as keyof NodeLimits] ?? Infinity;
    const isWhole = Number.isInteger(value) || value === Infinity;
    if (!isWhole || (value as number) < min || (value as number) > max) {
      const range = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
      throw invalid(`limits.${key} must be a whole number ${range}, got ${String(value)}`);
    }
  }
  const limits = { ...defaultLimits, ...profiles[profile], ...given };
  if (limits.suspicionMsMin > limits.suspicionMsMax) {
    const { suspicionMsMin, suspicionMsMax } = limits;
    throw invalid(
      `limits.suspicionMsMin must not be above suspicionMsMax, got ${suspicionMsMin} and ${suspicionMsMax}`,
    );
  }
  return limits;
}

function checkUrls(urls: unknown, option: string): readonly string[] {
  if (!Array.isArray(urls)) throw invalid(`${option} must be an array of ${nodeUrlsLike}, got ${shown(urls)}`);
  for (const url of urls as readonly unknown[]) {
    if (!isNodeUrl(url)) throw invalid(`${option} must hold ${nodeUrlsLike}, got ${shown(url)}`);
  }
  return [...(urls as readonly string[])];
}

/** What was given for an address, without a user and a password. */
function shown(url: unknown): string {
  return typeof url === "string" ? JSON.stringify(shownUrl(url)) : kindOf(url);
}

/** A text such as "false" counts as neither: what lets others in must not be on by mistake. */
function checkSwitch(value: unknown, option: string): boolean {
  if (typeof value === "boolean") return value;
  throw invalid(`${option} must be true or false, got ${typeof value}`);
}

function checkTexts(texts: unknown, option: string): readonly string[] {
  if (!Array.isArray(texts)) throw invalid(`${option} must be an array of texts, got ${typeof texts}`);
  for (const text of texts as readonly unknown[]) {
    if (typeof text !== "string") throw invalid(`${option} must be an array of texts, got ${typeof text} in it`);
  }
  return texts as readonly string[];
}

/** A certificate under a name that is not known, or of a variable that is not set, would leave the node without TLS. */
function checkTls(tls: TlsOptions | undefined): TlsOptions | undefined {
  if (tls === undefined) return tls;
  checkOptions(tls, tlsNames, "tls");
  if (Object.values(tls).some((each) => each !== undefined)) return tls;
  const ways = "give it a `cert` and `key` to listen with TLS, a `ca` to trust other nodes, or leave it out";
  throw invalid(`tls is empty: ${ways}`);
}

function checkText(text: unknown, option: string): string {
  if (typeof text === "string" && text !== "" && Buffer.byteLength(text) <= nameBytesMax) return text;
  throw invalid(`${option} must be a text of 1 to ${nameBytesMax} bytes`);
}

function checkLoopBlocked(durationMs: unknown): number {
  const isInRange = (durationMs as number) >= loopBlockedMsMin && (durationMs as number) <= durationMsMax;
  if (durationMs === 0 || (Number.isInteger(durationMs) && isInRange)) return durationMs as number;
  const range = `0 (off) or a whole number from ${loopBlockedMsMin} to ${durationMsMax}`;
  throw invalid(`loopBlockedMsMax must be ${range}, got ${String(durationMs)}`);
}

function checkLog(log: unknown): void {
  if (log === undefined || (typeof log === "object" && log !== null)) return;
  if (typeof log === "string" && (logLevels as readonly string[]).includes(log)) return;
  const levels = `${logLevels.slice(0, -1).join(", ")} or ${String(logLevels.at(-1))}`;
  throw invalid(`log must be ${levels}, or a pino logger, got ${JSON.stringify(log)}`);
}

function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

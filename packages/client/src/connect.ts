/**
 * Connect: from one or several URLs to a client.
 */
import { platform } from "#socket";
import type { Contract } from "@mpreg/core";
import {
  MpregError,
  type QueueContract,
  type TopicContract,
  checkContract,
  checkOptions,
  checkQueueContract,
  checkTopicContract,
  kindOf,
  optionNames,
  shownUrl,
} from "@mpreg/core/base";
import { type LinkOptions, defaultLinkOptions } from "@mpreg/core/link";
import {
  type OpenTelemetryApi,
  checkListeners,
  durationMs,
  checkOpenTelemetry,
  explainReference,
} from "@mpreg/core/rpc";
import { onAbort } from "@mpreg/core/structures";
import { createCodec } from "@mpreg/core/values";
import { defaultWireLimits } from "@mpreg/core/wire";
import { valueBytesMax } from "./asks.js";
import { type Client, SessionClient } from "./client.js";
import type { Unreached } from "./reach.js";
import { Session, type SessionOptions } from "./session.js";

export interface ConnectOptions<
  C extends Contract | undefined = undefined,
  T extends TopicContract | undefined = undefined,
  Q extends QueueContract | undefined = undefined,
> {
  /** Gives calls and graphs the types of its functions, and asks for their resources. */
  readonly contract?: C;
  /** Schemas of payloads by pattern of topics: what is published has to be what they say, and what is received has their types. */
  readonly topics?: T;
  /** Schemas of messages by name of queue, as `queues({ … })` takes them: what is sent has to be what they say, and what is received has their types. */
  readonly queues?: Q;
  /** Time allowed to open the connection, in ms. Default 10,000. Calls have a `timeoutMs` of their own. */
  readonly timeoutMs?: number | undefined;
  /** Gives up connecting. */
  readonly signal?: AbortSignal | undefined;
  /** Opaque to the protocol; the node's policy reads them. */
  readonly credentials?: Uint8Array | undefined;
  /** Certificates trusted beside the system's, in PEM (Node only). */
  readonly ca?: string | Uint8Array | undefined;
  /** Largest message accepted, in bytes. Default 64 MiB. */
  readonly messageBytesMax?: number | undefined;
  /**
   * Calls and requests that may be under way at the node at a time. Default 50,000, half of what a node takes from one
   * link (`asksPerLinkMax`). What is asked beyond waits here for its turn, in order; its own time limit counts from the
   * call.
   */
  readonly inFlightMax?: number | undefined;
  /** Calls and requests that may wait so. Default 100,000. `overloaded` beyond, which is safe to try again later. */
  readonly queueMax?: number | undefined;
  /** Bytes that may wait to be sent. Default 256 MiB. `overloaded` beyond; a single call may be larger. */
  readonly queueBytesMax?: number | undefined;
  /**
   * Whether to connect again when the connection is lost, for as long as the client is not closed. Default `true`. With
   * `false` what waited fails then, and so do later calls, with `not-connected`.
   */
  readonly reconnect?: boolean | undefined;
  /**
   * Whether to ask the cluster where its other nodes are, to go to them when the connection is lost; at most 64 of them.
   * Default: as `reconnect`. An address that is not encrypted is not gone to when all that were given are.
   */
  readonly discover?: boolean | undefined;
  /**
   * Bytes of what is under way that are kept to ask for it again when the connection is lost. Default 256 MiB. What goes
   * beyond ends as `node-lost` then, and nobody knows whether it took effect.
   */
  readonly resumeBytesMax?: number | undefined;
  /**
   * The module `@opentelemetry/api`, through which calls are traced. Default: under Node the one that is installed beside
   * this package, once the program has registered an SDK; in a browser none.
   */
  readonly openTelemetry?: OpenTelemetryApi | undefined;
}

/**
 * Connects to a cluster through one of its nodes; any will do. Of several addresses the first that answers is taken; they
 * are tried in the order given, each with a head start of 250 ms before the next.
 *
 * When the connection is lost, the client opens another one, to the same node or to any that it was given or has learned
 * of, and goes on trying until it is closed. Meanwhile calls wait, within their own time limits. See
 * {@link Client.status}.
 *
 * Rejects with `not-connected` when no address can be reached, says yes, or answers within `timeoutMs`, and
 * with `invalid-argument` for a URL that is none.
 *
 * ```ts
 * await using client = await connect(["ws://127.0.0.1:9001", "ws://127.0.0.1:9002"]);
 * await client.call("echo", ["hi there!"]);
 * ```
 */
export function connect<
  C extends Contract | undefined = undefined,
  T extends TopicContract | undefined = undefined,
  Q extends QueueContract | undefined = undefined,
>(url: string | readonly string[], options: ConnectOptions<C, T, Q> = {}): Promise<Client<C, T, Q>> {
  return new Promise((resolve, reject) => {
    const urls = checkUrls(url);
    checkConnectOptions(options);
    const { signal } = options;
    if (signal?.aborted === true)
      return reject(new MpregError("cancelled", "The caller cancelled", { cause: signal.reason }));
    const session = new Session(platform, sessionOptions(urls, options));
    const cancel = (): void => {
      // first: that the connection ends now is no news
      reject(new MpregError("cancelled", "The caller cancelled", { cause: signal?.reason }));
      session.close("the caller cancelled");
    };
    const stopListening = signal === undefined ? undefined : onAbort(signal, cancel);
    const onOpen = (): void => {
      stopListening?.();
      const { contract, topics, queues } = options;
      resolve(new SessionClient<C, T, Q>(session, contract as C, topics as T, queues as Q));
    };
    const onFailed = (failures: readonly Unreached[]): void => {
      stopListening?.();
      reject(new MpregError("not-connected", unreachedText(failures)));
    };
    session.open(onOpen, onFailed);
  });
}

/** Whatever the types of its contracts. */
type AnyOptions = ConnectOptions<Contract | undefined, TopicContract | undefined, QueueContract | undefined>;

function sessionOptions(urls: readonly string[], options: AnyOptions): SessionOptions {
  const {
    timeoutMs = 10_000,
    credentials,
    ca,
    messageBytesMax = defaultWireLimits.messageBytesMax,
    inFlightMax = 50_000,
    queueMax = 100_000,
    queueBytesMax = 256 * 1024 * 1024,
    reconnect = true,
    discover = reconnect,
    resumeBytesMax = 256 * 1024 * 1024,
    openTelemetry,
  } = options;
  const limits = { ...defaultWireLimits, messageBytesMax };
  const link: LinkOptions = { ...defaultLinkOptions, limits, handshakeTimeoutMs: timeoutMs, queueBytesMax };
  const codec = createCodec(platform.utf8, { explain: explainReference, valueBytesMax });
  const line = { asksMax: queueMax, bytesMax: queueBytesMax };
  return {
    resumeBytesMax,
    urls,
    codec,
    limits,
    link,
    credentials,
    ca,
    timeoutMs,
    inFlightMax,
    line,
    reconnect,
    discover,
    openTelemetry,
  };
}

function unreachedText(failures: readonly Unreached[]): string {
  const [only] = failures;
  if (failures.length === 1 && only !== undefined) return `Cannot connect to ${shownUrl(only.url)}: ${only.reason}`;
  const each = failures.map(({ url, reason }) => `${shownUrl(url)}: ${reason}`);
  return `Cannot connect to any of ${failures.length} addresses: ${each.join("; ")}`;
}

const names = optionNames<ConnectOptions>({
  contract: true,
  topics: true,
  queues: true,
  timeoutMs: true,
  signal: true,
  credentials: true,
  ca: true,
  messageBytesMax: true,
  inFlightMax: true,
  queueMax: true,
  queueBytesMax: true,
  reconnect: true,
  discover: true,
  resumeBytesMax: true,
  openTelemetry: true,
});

function checkConnectOptions(options: AnyOptions): void {
  checkOptions(options, names, "connect");
  durationMs(options.timeoutMs, "timeoutMs");
  checkListeners(options);
  // from here on the types may be wrong
  const { contract, topics, queues, credentials, ca }: Partial<Record<keyof ConnectOptions, unknown>> = options;
  if (contract !== undefined) checkContract(contract);
  if (topics !== undefined) checkTopicContract(topics);
  if (queues !== undefined) checkQueueContract(queues);
  checkInteger(options, "messageBytesMax", 1, 2 ** 32 - 1); // what 4 bytes of the handshake can say
  checkInteger(options, "inFlightMax", 1, 2 ** 31);
  checkInteger(options, "queueMax", 0, 2 ** 31);
  checkInteger(options, "queueBytesMax", 1, Number.MAX_SAFE_INTEGER);
  checkInteger(options, "resumeBytesMax", 0, Number.MAX_SAFE_INTEGER);
  checkBoolean(options, "reconnect");
  checkBoolean(options, "discover");
  checkOpenTelemetry(options.openTelemetry);
  if (credentials !== undefined && !(credentials instanceof Uint8Array)) {
    throw invalid(`credentials must be bytes (a Uint8Array), got ${typeof credentials}`);
  }
  if (ca !== undefined && typeof ca !== "string" && !(ca instanceof Uint8Array)) {
    throw invalid(`ca must be certificates in PEM (a text or a Uint8Array), got ${typeof ca}`);
  }
}

function checkInteger(options: AnyOptions, key: keyof ConnectOptions, min: number, max: number): void {
  const value: unknown = options[key];
  if (value === undefined || (Number.isInteger(value) && Number(value) >= min && Number(value) <= max)) return;
  throw invalid(`${key} must be an integer from ${min} to ${max}, got ${JSON.stringify(value)}`);
}

function checkBoolean(options: AnyOptions, key: keyof ConnectOptions): void {
  const value: unknown = options[key];
  if (value === undefined || typeof value === "boolean") return;
  throw invalid(`${key} must be true or false, got ${JSON.stringify(value)}`);
}

function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

/** Addresses that may be given. */
const urlsMax = 64;

function checkUrls(given: unknown): readonly string[] {
  const urls: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (urls.length === 0 || urls.length > urlsMax) {
    throw invalid(`connect takes a URL, or an array of 1 to ${urlsMax}, got ${urls.length} of them`);
  }
  for (const url of urls) checkUrl(url);
  return [...new Set(urls as readonly string[])];
}

function checkUrl(url: unknown): void {
  const parsed = typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
  if ((parsed?.protocol === "ws:" || parsed?.protocol === "wss:") && parsed.hash === "") return;
  throw invalid(
    `connect takes a URL like ws://127.0.0.1:9001, got ${typeof url === "string" ? JSON.stringify(shownUrl(url)) : kindOf(url)}`,
  );
}

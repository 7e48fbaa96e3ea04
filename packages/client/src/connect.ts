/**
 * Connect: from a URL to a client.
 */
import { platform } from "#socket";
import type { Contract } from "@mpreg/core";
import { MpregError, checkContract, checkOptions, optionNames } from "@mpreg/core/base";
import { type Goodbye, type LinkOptions, defaultLinkOptions } from "@mpreg/core/link";
import { checkListeners, durationMs, explainReference } from "@mpreg/core/rpc";
import { createCodec } from "@mpreg/core/values";
import { defaultWireLimits } from "@mpreg/core/wire";
import { type Client, SessionClient } from "./client.js";
import { Connection } from "./connection.js";
import { Session } from "./session.js";

export interface ConnectOptions<C extends Contract | undefined = undefined> {
  /** Gives calls and graphs the types of its functions, and asks for their resources. */
  readonly contract?: C;
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
}

/**
 * Connects to a node; any node will do. When the connection is lost, what waited on it fails, and so do later calls:
 * connect again to go on.
 *
 * Rejects with `not-connected` when it cannot be reached, says no, or does not answer within `timeoutMs`, and
 * with `invalid-argument` for a URL that is none.
 *
 * ```ts
 * await using client = await connect("ws://127.0.0.1:9001");
 * await client.call("echo", ["hi there!"]);
 * ```
 */
export function connect<C extends Contract | undefined = undefined>(
  url: string,
  options: ConnectOptions<C> = {},
): Promise<Client<C>> {
  return new Promise((resolve, reject) => {
    checkUrl(url);
    checkConnectOptions(options);
    const {
      timeoutMs = 10_000,
      signal,
      credentials,
      ca,
      messageBytesMax = defaultWireLimits.messageBytesMax,
      inFlightMax = 50_000,
      queueMax = 100_000,
      queueBytesMax = 256 * 1024 * 1024,
    } = options;
    if (signal?.aborted === true)
      return reject(new MpregError("cancelled", "The caller cancelled", { cause: signal.reason }));
    const limits = { ...defaultWireLimits, messageBytesMax };
    const link: LinkOptions = { ...defaultLinkOptions, limits, handshakeTimeoutMs: timeoutMs, queueBytesMax };
    const codec = createCodec(platform.utf8, { explain: explainReference });
    let session: Session | undefined;
    const onAbort = (): void => {
      // first: that the connection ends now is no news
      reject(new MpregError("cancelled", "The caller cancelled", { cause: signal?.reason }));
      connection.close("the caller cancelled");
    };
    const onOpen = (): void => {
      signal?.removeEventListener("abort", onAbort);
      session = new Session({ url, codec, limits, connection });
      resolve(new SessionClient<C>(session, options.contract as C));
    };
    const onGone = (goodbye: Goodbye): void => {
      signal?.removeEventListener("abort", onAbort);
      session?.gone(goodbye);
      reject(new MpregError("not-connected", `Cannot connect to ${url}: ${goodbye.reason}`));
    };
    const line = { asksMax: queueMax, bytesMax: queueBytesMax };
    const settings = { url, codec, link, credentials, ca, timeoutMs, inFlightMax, line };
    const connection = new Connection(platform, settings, onOpen, onGone);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

const names = optionNames<ConnectOptions>({
  contract: true,
  timeoutMs: true,
  signal: true,
  credentials: true,
  ca: true,
  messageBytesMax: true,
  inFlightMax: true,
  queueMax: true,
  queueBytesMax: true,
});

function checkConnectOptions(options: ConnectOptions<Contract | undefined>): void {
  checkOptions(options, names, "connect");
  durationMs(options.timeoutMs, "timeoutMs");
  checkListeners(options);
  // from here on the types may be wrong
  const { contract, credentials, ca }: Partial<Record<keyof ConnectOptions, unknown>> = options;
  if (contract !== undefined) checkContract(contract);
  checkInteger(options, "messageBytesMax", 1, 2 ** 32 - 1); // what 4 bytes of the handshake can say
  checkInteger(options, "inFlightMax", 1, 2 ** 31);
  checkInteger(options, "queueMax", 0, 2 ** 31);
  checkInteger(options, "queueBytesMax", 1, Number.MAX_SAFE_INTEGER);
  if (credentials !== undefined && !(credentials instanceof Uint8Array)) {
    throw invalid(`credentials must be bytes (a Uint8Array), got ${typeof credentials}`);
  }
  if (ca !== undefined && typeof ca !== "string" && !(ca instanceof Uint8Array)) {
    throw invalid(`ca must be certificates in PEM (a text or a Uint8Array), got ${typeof ca}`);
  }
}

function checkInteger(
  options: ConnectOptions<Contract | undefined>,
  key: keyof ConnectOptions,
  min: number,
  max: number,
): void {
  const value: unknown = options[key];
  if (value === undefined || (Number.isInteger(value) && Number(value) >= min && Number(value) <= max)) return;
  throw invalid(`${key} must be an integer from ${min} to ${max}, got ${JSON.stringify(value)}`);
}

function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

function checkUrl(url: unknown): void {
  const parsed = typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
  if ((parsed?.protocol === "ws:" || parsed?.protocol === "wss:") && parsed.hash === "") return;
  throw invalid(`connect takes a URL like ws://127.0.0.1:9001, got ${JSON.stringify(url)}`);
}

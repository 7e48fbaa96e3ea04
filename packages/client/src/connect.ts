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
  /** Time allowed to open the connection, in ms. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Gives up connecting. */
  readonly signal?: AbortSignal | undefined;
  /** Opaque to the protocol; the node's policy reads them. */
  readonly credentials?: Uint8Array | undefined;
  /** Certificates trusted beside the system's, in PEM (Node only). */
  readonly ca?: string | Uint8Array | undefined;
  /** Largest message accepted, in bytes. Default 64 MiB. */
  readonly messageBytesMax?: number | undefined;
}

/**
 * Connects to a node; any node will do. When the connection is lost, what waited on it fails, and so do later calls:
 * connect again to go on.
 *
 * Rejects with `not-connected` when it cannot be reached, says no, or does not answer within `connectTimeoutMs`, and
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
      connectTimeoutMs = 10_000,
      signal,
      credentials,
      ca,
      messageBytesMax = defaultWireLimits.messageBytesMax,
    } = options;
    if (signal?.aborted === true)
      return reject(new MpregError("cancelled", "The caller cancelled", { cause: signal.reason }));
    const limits = { ...defaultWireLimits, messageBytesMax };
    const link: LinkOptions = { ...defaultLinkOptions, limits, handshakeTimeoutMs: connectTimeoutMs };
    const codec = createCodec(platform.utf8, { explain: explainReference });
    let gone: Goodbye | undefined;
    const onAbort = (): void => {
      // first: that the connection ends now is no news
      reject(new MpregError("cancelled", "The caller cancelled", { cause: signal?.reason }));
      connection.close("the caller cancelled");
    };
    const onOpen = (): void => {
      signal?.removeEventListener("abort", onAbort);
      const session = new Session({ url, codec, limits, connection, gone: () => gone });
      resolve(new SessionClient<C>(session, options.contract as C));
    };
    const onGone = (goodbye: Goodbye): void => {
      signal?.removeEventListener("abort", onAbort);
      gone = goodbye;
      reject(new MpregError("not-connected", `Cannot connect to ${url}: ${goodbye.reason}`));
    };
    const settings = { url, codec, link, credentials, ca, connectTimeoutMs };
    const connection = new Connection(platform, settings, onOpen, onGone);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

const names = optionNames<ConnectOptions>({
  contract: true,
  connectTimeoutMs: true,
  signal: true,
  credentials: true,
  ca: true,
  messageBytesMax: true,
});

function checkConnectOptions(options: ConnectOptions<Contract | undefined>): void {
  checkOptions(options, names, "connect");
  durationMs(options.connectTimeoutMs, "connectTimeoutMs");
  checkListeners(options);
  // from here on the types may be wrong
  const { contract, messageBytesMax: bytes, credentials, ca }: Partial<Record<keyof ConnectOptions, unknown>> = options;
  if (contract !== undefined) checkContract(contract);
  if (
    bytes !== undefined &&
    !(typeof bytes === "number" && Number.isInteger(bytes) && bytes > 0 && bytes <= bytesMax)
  ) {
    throw invalid(`messageBytesMax must be an integer from 1 to ${bytesMax}, got ${JSON.stringify(bytes)}`);
  }
  if (credentials !== undefined && !(credentials instanceof Uint8Array)) {
    throw invalid(`credentials must be bytes (a Uint8Array), got ${typeof credentials}`);
  }
  if (ca !== undefined && typeof ca !== "string" && !(ca instanceof Uint8Array)) {
    throw invalid(`ca must be certificates in PEM (a text or a Uint8Array), got ${typeof ca}`);
  }
}

/** What 4 bytes of the handshake can say. */
const bytesMax = 2 ** 32 - 1;

function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

function checkUrl(url: unknown): void {
  const parsed = typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
  if ((parsed?.protocol === "ws:" || parsed?.protocol === "wss:") && parsed.hash === "") return;
  throw invalid(`connect takes a URL like ws://127.0.0.1:9001, got ${JSON.stringify(url)}`);
}

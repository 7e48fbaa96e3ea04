/**
 * Connection: the options of every command that asks a node, and the client for it.
 */
import { readFile } from "node:fs/promises";
import type { Client } from "@mpreg/client";
import { shownUrl } from "@mpreg/core/base";
import type { Command } from "commander";
import { usageError } from "../failure.js";
import { reasonOf } from "../input/files.js";
import { addNames, parseDurationMs } from "../input/options.js";

/** Where `mpreg start` listens if it is not told. */
export const defaultPort = 9001;
const connectMsMax = 10_000;
const inspectMsMax = 30_000;
const defaultUrl = `ws://127.0.0.1:${defaultPort}`;

export interface ConnectionFlags {
  readonly url?: string;
  readonly tlsCa?: string;
  /** In ms. */
  readonly timeout?: number;
  readonly json?: true;
}

/** Adds the options that every command has which asks a node. */
export function withConnectionOptions(command: Command): Command {
  return command
    .option(
      "--url <url>",
      `any node of the cluster, or several: a,b, of which one has to answer (default: $MPREG_URL, else ${defaultUrl})`,
    )
    .option("--tls-ca <file>", "certificates to trust beside the system's, in PEM")
    .option(
      "--timeout <duration>",
      "time allowed, in seconds or like 500ms, 2s, 5m (default: 10s to connect, 30s for the answer)",
      parseDurationMs,
    )
    .option("--json", "one line of JSON, for programs; an error is one line of JSON on stderr");
}

/** Connects, lets `use` do its work, and closes. `lasts`: over another connection where one is lost. */
export async function withClient<T>(
  flags: ConnectionFlags,
  use: (client: Client) => Promise<T>,
  { lasts = false }: { readonly lasts?: boolean } = {},
): Promise<T> {
  const urls = urlsOf(flags);
  const ca = flags.tlsCa === undefined ? undefined : await readCertificates(flags.tlsCa);
  const { connect } = await import("@mpreg/client"); // here, so that help and usage errors need not wait for it
  const timeoutMs = Math.min(flags.timeout ?? Infinity, connectMsMax);
  // whoever names one node asks that node, once
  const client = await connect(urls, { ca, timeoutMs, reconnect: lasts || urls.length > 1 });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** Connects so many times, to the addresses in turn, lets `use` do its work, and closes. */
export async function withClients<T>(
  flags: ConnectionFlags,
  count: number,
  use: (clients: readonly Client[]) => Promise<T>,
): Promise<T> {
  const urls = urlsOf(flags);
  const clients: Client[] = [];
  const connectNext = (): Promise<T> => {
    if (clients.length === count) return use(clients);
    const url = urls[clients.length % urls.length] as string;
    return withClient({ ...flags, url }, (client) => {
      clients.push(client);
      return connectNext();
    });
  };
  return connectNext();
}

/** How long to wait for what a node knows. */
export function inspectOptionsOf({ timeout = inspectMsMax }: ConnectionFlags): { readonly timeoutMs: number } {
  return { timeoutMs: timeout };
}

function urlsOf({ url: given }: ConnectionFlags): readonly string[] {
  const fromEnvironment = process.env["MPREG_URL"] || undefined; // empty is not set
  const urls = addNames(given ?? fromEnvironment ?? defaultUrl);
  if (urls.length > 0 && urls.every(isUrl)) return urls;
  const source = given === undefined ? "MPREG_URL" : "--url";
  throw usageError(
    `${source} must be a URL like ${defaultUrl}, got ${JSON.stringify(shownUrl(given ?? fromEnvironment ?? ""))}`,
  );
}

function isUrl(url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return (parsed?.protocol === "ws:" || parsed?.protocol === "wss:") && parsed.hash === "";
}

async function readCertificates(path: string): Promise<string> {
  const pem = await readFile(path, "utf8").catch((error: unknown) => {
    throw usageError(`Cannot read the certificates in ${path}: ${reasonOf(error)}`);
  });
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
  throw usageError(`There is no certificate in ${path}: it has to be in PEM`);
}

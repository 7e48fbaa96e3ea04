/**
 * Settings: what `mpreg start` is told, on the command line and in a file, put together with its defaults.
 *
 * Owns the precedence and the defaults of the command. What an option of a node means is the node's.
 *
 * (S1) The command line wins over the file: option by option, and for `limits`, `tls`, `mqtt`, `sqs` and `discovery` key by key.
 * (S2) A node with a name and a port of its own keeps its key under that name, so that it is the same node when it is
 *      started again; any other has a new key each time. So two nodes that nobody gave a name never meet in a directory.
 */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { readFile } from "node:fs/promises";
import type { CreateNodeOptions, LogLevel, Logger, NodeLimits, TlsOptions } from "@mpreg/node";
import { defaultPort } from "../commands/connection.js";
import { CommandError, usageError } from "../failure.js";
import { reasonOf } from "../input/files.js";
import { durationMsMax } from "../input/options.js";

/** What one source says. Paths are absolute. */
export interface GivenSettings extends Omit<
  CreateNodeOptions,
  "tls" | "limits" | "openTelemetry" | "topics" | "queues" | "sharedPort" | "signal" | "timeoutMs"
> {
  readonly tls?: GivenTls | undefined;
  readonly limits?: Readonly<Record<string, number>> | undefined;
  /** Modules that register the node's functions. */
  readonly modules?: readonly string[] | undefined;
  /** How long what runs may take to end when the node is asked to end, in ms. */
  readonly graceMs?: number | undefined;
  /** So many nodes on this machine, behind one port. */
  readonly processes?: number | undefined;
}

/** Each a file, or what would be in it. */
export type GivenTls = { readonly [Key in keyof TlsOptions]?: string | Buffer | undefined };

export interface StartSettings {
  readonly node: Omit<CreateNodeOptions, "log">;
  readonly log: LogLevel | Logger;
  readonly modules: readonly string[];
  readonly graceMs: number;
  readonly processes: number | undefined;
}

const graceMsDefault = 30_000;
/** A command has nothing else to lose: it is run again by whoever supervises it. */
const loopBlockedMsMaxDefault = 30_000;

/** (S1) */
export async function settle(file: GivenSettings, flags: GivenSettings): Promise<StartSettings> {
  const { modules = [], log = "info", tls, graceMs = graceMsDefault, processes, ...given } = { ...file, ...flags };
  const limits = { ...file.limits, ...flags.limits } as Partial<NodeLimits>; // the node checks the names
  const discovery = { ...file.discovery, ...flags.discovery };
  const mqtt = file.mqtt === undefined && flags.mqtt === undefined ? undefined : { ...file.mqtt, ...flags.mqtt };
  const sqs = flags.sqs === undefined ? file.sqs : { ...file.sqs, ...flags.sqs };
  const port = given.port ?? defaultPort;
  const loopBlockedMsMax = given.loopBlockedMsMax ?? loopBlockedMsMaxDefault;
  const dataDir = given.dataDir ?? defaultDataDir(given.name, port);
  const ownTls = tls === undefined ? undefined : await readTls({ ...file.tls, ...flags.tls });
  if (!(graceMs > 0 && graceMs <= durationMsMax)) {
    throw usageError(`graceMs must be a number of milliseconds above 0 and up to ${durationMsMax}, got ${graceMs}`);
  }
  const node = { ...given, port, dataDir, discovery, limits, loopBlockedMsMax, tls: ownTls, mqtt, sqs };
  return { node, log, modules, graceMs, processes };
}

/** (S2) */
function defaultDataDir(name: string | undefined, port: number): string | undefined {
  if (name === undefined || name === "" || port === 0) return undefined;
  // What is not absolute counts as not set (XDG Base Directory Specification): it would be another folder from everywhere.
  const state = [process.env["XDG_STATE_HOME"] ?? "", join(homedir(), ".local", "state")].find(isAbsolute);
  return state && join(state, "mpreg", encodeURIComponent(name).replace(/^\./, "%2E"));
}

async function readTls({ cert, key, ca }: GivenTls): Promise<TlsOptions> {
  if ((cert === undefined) !== (key === undefined)) {
    throw usageError("TLS takes a certificate and its key: --tls-cert and --tls-key");
  }
  const pem = async (source: string | Buffer | undefined): Promise<string | Buffer | undefined> =>
    source === undefined ? undefined : readPem(source);
  return { cert: await pem(cert), key: await pem(key), ca: await pem(ca) };
}

async function readPem(source: string | Buffer): Promise<string | Buffer> {
  if (typeof source !== "string" || isPem(source)) return source;
  return readFile(source).catch((error: unknown) => {
    throw new CommandError(1, `Cannot read ${source}: ${reasonOf(error)}`);
  });
}

/** True for a text that is PEM itself, not the name of a file of it. */
export function isPem(text: string): boolean {
  return text.includes("-----BEGIN ");
}

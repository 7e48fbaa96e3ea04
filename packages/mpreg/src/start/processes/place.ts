/**
 * Place: which of several processes this one is, and what its node has of its own.
 *
 * Clients come to one port that all processes listen on; nodes dial the port of each. Everything else is the same for all.
 *
 * (L1) No two nodes share a key, a data directory, a name or an address.
 * (L2) A process that is started again has the same place, so that its node is the same one.
 */
import { hostname } from "node:os";
import { join } from "node:path";
import { usageError } from "../../failure.js";
import type { StartSettings } from "../settings.js";

/** What one process is told by the one that has started it. */
export interface Place {
  /** From 1 on. */
  readonly number: number;
  /** The port for clients. */
  readonly sharedPort: number;
  /** The port of each process. */
  readonly ports: readonly number[];
}

const variable = "MPREG_PROCESS";
export const processesMax = 64;
const portMax = 65_535;

/** Throws for a number of processes that cannot be meant, ports that there are not, and what one node alone can do. */
export function checkProcesses(processes: number, { node: { port = 0, mqtt, sqs } }: StartSettings): void {
  if (!Number.isInteger(processes) || processes < 1 || processes > processesMax) {
    throw usageError(`processes must be a whole number from 1 to ${processesMax}, got ${String(processes)}`);
  }
  if (mqtt !== undefined) {
    const why = "last values and sessions are kept by one node, and its clients would come to another one each time";
    throw usageError(`MQTT cannot be served with --processes: ${why}; without it, one node serves MQTT`);
  }
  if (sqs !== undefined && sqs.port !== 0) {
    const why = "each process would listen on the same port";
    throw usageError(
      `--sqs-port ${sqs.port} cannot be served with --processes: ${why}; give it 0, or a node of its own`,
    );
  }
  if (port === 0 || port + processes <= portMax) return;
  throw usageError(
    `${processes} processes take the ports from ${port} to ${port + processes}, and the highest port is ${portMax}`,
  );
}

/** The settings of the process at `place`. */
export function settingsAt({ number, sharedPort, ports }: Place, settings: StartSettings): StartSettings {
  const { node } = settings;
  const port = ports[number - 1] as number;
  const { name = `${hostname()}-${sharedPort}`, dataDir, advertise, host, peers = [], tls } = node;
  const scheme = tls?.cert === undefined ? "ws" : "wss";
  const others = ports.filter((each) => each !== port);
  const own = {
    port,
    sharedPort,
    name: `${name}-${number}`,
    dataDir: dataDir === undefined ? undefined : join(dataDir, String(number)),
    advertise: advertise?.map((url) => withPort(url, port)),
    peers: [...peers, ...others.map((each) => withPort(advertise?.[0] ?? `${scheme}://${nearHost(host)}`, each))],
  };
  return { ...settings, node: { ...node, ...own } };
}

/** `url` with another port; where it cannot be read the node says so. */
function withPort(url: string, port: number): string {
  if (!URL.canParse(url)) return url;
  const changed = new URL(url);
  changed.port = String(port);
  return url.endsWith("/") ? changed.href : changed.href.replace(/\/$/, ""); // as it was written
}

/** By which name processes of this machine reach one that listens on `host`. */
function nearHost(host: string = "127.0.0.1"): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

/** What the environment of a process says of its place. */
export function environmentOf(place: Place): Readonly<Record<string, string>> {
  return { [variable]: JSON.stringify(place) };
}

/** The place of this process, where it was started for one. */
export function ownPlace(): Place | undefined {
  const text = process.env[variable];
  if (text === undefined) return undefined;
  return JSON.parse(text) as Place; // from `environmentOf`
}

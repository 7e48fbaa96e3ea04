/**
 * Config file: the settings of `mpreg start` as JSON, or as the default export of an .mjs module.
 *
 * (G1) An unknown key, or a value of the wrong kind, is an error that names it.
 * (G2) Paths in the file are relative to the file.
 */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { usageError } from "../failure.js";
import { reasonOf } from "../input/files.js";
import { logLevels } from "../input/options.js";
import { type GivenSettings, type GivenTls, isPem } from "./settings.js";

type Kind =
  "text" | "texts" | "number" | "switch" | "limits" | "tls" | "discovery" | "log" | "function" | "mqtt" | "sqs";

const kinds: Record<keyof GivenSettings, Kind> = {
  name: "text",
  host: "text",
  port: "number",
  resources: "texts",
  peers: "texts",
  discovery: "discovery",
  advertise: "texts",
  cluster: "text",
  profile: "text",
  dataDir: "text",
  tls: "tls",
  insecure: "switch",
  allowedOrigins: "texts",
  allowedHosts: "texts",
  policy: "function",
  limits: "limits",
  log: "log",
  exposeStacks: "switch",
  modules: "texts",
  graceMs: "number",
  processes: "number",
  loopBlockedMsMax: "number",
  mqtt: "mqtt",
  sqs: "sqs",
};

const kindNames: Record<Kind, string> = {
  text: "a text",
  texts: "an array of texts",
  number: "a number",
  switch: "true or false",
  limits: "an object of numbers",
  tls: "an object of cert, key and ca",
  discovery: "an object of mdns, dns, dnsServers and file",
  log: `one of ${logLevels.join(", ")} (or, in an .mjs file, a pino logger)`,
  function: "a function, in an .mjs file",
  mqtt: "an object of port, host, buffer, overflow, inflightMax and subscriptionsMax",
  sqs: "an object of port, host, keys, region, account and requestsMax",
};

const tlsKeys = ["cert", "key", "ca"];
const discoveryKeys = ["mdns", "dns", "dnsServers", "file"];

/** Reads the settings in `path`. */
export async function readConfig(path: string): Promise<GivenSettings> {
  const absolute = resolve(path);
  const config = await (/\.[cm]?js$/.test(path) ? importConfig(absolute) : parseConfig(absolute));
  if (!isRecord(config)) throw usageError(`The config in ${path} must be an object of settings`);
  for (const [key, value] of Object.entries(config)) check(key, value, path);
  return withAbsolutePaths(config, dirname(absolute));
}

async function parseConfig(path: string): Promise<unknown> {
  const content = await readFile(path, "utf8").catch((error: unknown) => {
    throw usageError(`Cannot read the config ${path}: ${reasonOf(error)}`);
  });
  try {
    return JSON.parse(content.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw usageError(`Cannot read the config ${path}: it is not JSON: ${reasonOf(error)}`);
  }
}

async function importConfig(path: string): Promise<unknown> {
  const module = (await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw usageError(`Cannot load the config ${path}: ${reasonOf(error)}`);
  })) as { readonly default?: unknown };
  if (module.default !== undefined) return module.default;
  throw usageError(`Cannot load the config ${path}: it has no default export`);
}

/** (G1) */
function check(key: string, value: unknown, path: string): void {
  const kind = Object.hasOwn(kinds, key) ? kinds[key as keyof GivenSettings] : undefined;
  if (kind === undefined) {
    throw usageError(
      `The config ${path} has an unknown key ${JSON.stringify(key)}; known are ${Object.keys(kinds).join(", ")}`,
    );
  }
  if (!isOfKind(value, kind)) throw usageError(`${key} in the config ${path} must be ${kindNames[kind]}`);
}

function isOfKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case "text":
      return typeof value === "string";
    case "texts":
      return Array.isArray(value) && value.every((each) => typeof each === "string");
    case "number":
      return typeof value === "number";
    case "switch":
      return typeof value === "boolean";
    case "function":
      return typeof value === "function";
    case "limits":
      return isRecord(value) && Object.values(value).every((each) => typeof each === "number");
    case "log":
      return typeof value === "string"
        ? logLevels.includes(value)
        : isRecord(value) && typeof value["child"] === "function";
    case "discovery":
      return isDiscovery(value);
    case "mqtt":
    case "sqs":
      return isRecord(value); // what is in it is checked by the node
    case "tls":
      return (
        isRecord(value) && Object.entries(value).every(([key, each]) => tlsKeys.includes(key) && isFileOrPem(each))
      );
  }
}

/** What the values mean is checked by the node; here is only what paths are made of. */
function isDiscovery(value: unknown): boolean {
  if (!isRecord(value) || !Object.keys(value).every((key) => discoveryKeys.includes(key))) return false;
  return value["file"] === undefined || typeof value["file"] === "string";
}

function isFileOrPem(value: unknown): boolean {
  return typeof value === "string" || Buffer.isBuffer(value);
}

/** (G2) */
function withAbsolutePaths(config: GivenSettings, folder: string): GivenSettings {
  const { dataDir, modules, tls, discovery } = config;
  return {
    ...config,
    ...(dataDir === undefined ? {} : { dataDir: resolve(folder, dataDir) }),
    ...(modules === undefined ? {} : { modules: modules.map((path) => resolve(folder, path)) }),
    ...(tls === undefined ? {} : { tls: tlsIn(folder, tls) }),
    ...(discovery?.file === undefined ? {} : { discovery: { ...discovery, file: resolve(folder, discovery.file) } }),
  };
}

function tlsIn(folder: string, tls: GivenTls): GivenTls {
  const located = Object.entries(tls).map(([key, source]) => {
    return [key, typeof source === "string" && !isPem(source) ? resolve(folder, source) : source];
  });
  return Object.fromEntries(located) as GivenTls;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

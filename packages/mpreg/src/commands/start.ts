/**
 * `mpreg start`: what can be typed. What then happens is `start/run-node.ts`.
 */
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import {
  addLimit,
  addNames,
  addText,
  logLevels,
  parseCount,
  parseDurationMs,
  parseDurationMsOrOff,
  parsePort,
} from "../input/options.js";
import type { GivenSettings } from "../start/settings.js";
import type { Terminal } from "../terminal.js";
import { defaultPort } from "./connection.js";

interface StartFlags extends Omit<
  GivenSettings,
  "modules" | "limits" | "tls" | "discovery" | "graceMs" | "loopBlockedMsMax" | "mqtt" | "sqs"
> {
  readonly config?: string;
  readonly module?: readonly string[];
  readonly limit?: Readonly<Record<string, number>>;
  readonly mdns?: boolean;
  readonly dnsSrv?: readonly string[];
  readonly dnsServers?: readonly string[];
  readonly peersFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  /** In ms. */
  readonly grace?: number;
  /** In ms. */
  readonly loopBlockedMax?: number;
  readonly mqttPort?: number;
  readonly sqsPort?: number;
  readonly json?: true;
}

export function defineStart(program: Command, terminal: Terminal): void {
  program
    .command("start")
    .description("Start a node, load functions into it, and run until SIGTERM or Ctrl-C.")
    .option("--module <file>", "module that exports register(node) and puts functions on it (repeatable)", addText)
    .option("--name <name>", "for people and logs (default: the machine's name and the port)")
    .option("--host <address>", "address to listen on (default: 127.0.0.1); others need TLS or --insecure")
    .option("--port <port>", `port to listen on; 0 takes any free one (default: ${defaultPort})`, parsePort)
    .option(
      "--processes <number>",
      "so many nodes behind the port, each in a process of its own: for all cores of a machine",
      parseCount,
    )
    .option("--resources <names>", "what this node has: a,b (repeatable)", addNames)
    .option("--peers <urls>", "nodes to link to: ws://a:9001,ws://b:9001 (repeatable)", addNames)
    .option("--peers-file <file>", "the same in a file that is watched: a URL per line, or a JSON array")
    .option(
      "--dns-srv <names>",
      "the same from DNS: _mpreg._tcp.example.com, _mpreg-tls._tcp for wss (repeatable)",
      addNames,
    )
    .option("--dns-servers <addresses>", "ask these DNS servers instead of the system's (repeatable)", addNames)
    .option("--mdns", "find the nodes of this cluster on the local network, and be found (default: unless on loopback)")
    .option("--no-mdns", "neither look for nodes on the local network nor be found")
    .option(
      "--advertise <urls>",
      "how others reach this node, where it differs from host and port (repeatable)",
      addNames,
    )
    .addOption(
      new Option(
        "--profile <network>",
        "local (one machine), lan or wan: how fast a silent node is noticed (default: lan)",
      ).choices(["local", "lan", "wan"]),
    )
    .option("--cluster <name>", "nodes of other clusters are refused (default: default)")
    .option("--data-dir <folder>", `where the node keeps its key and its durable queues (default: ${dataDirText})`)
    .option("--config <file>", "these options as JSON, or as the default export of an .mjs file; the command line wins")
    .option("--tls-cert <file>", "certificate chain in PEM; the node then listens on wss")
    .option("--tls-key <file>", "private key in PEM")
    .option("--tls-ca <file>", "certificates to trust when linking to wss peers, beside the system's, in PEM")
    .option("--insecure", "listen on any address without TLS; only in a network that is yours")
    .option("--allowed-origins <urls>", "web origins that may connect, beside the node's own (repeatable)", addNames)
    .option("--allowed-hosts <names>", "host names by which the node may be asked for (repeatable)", addNames)
    .option("--limit <key=number>", "a bound of the node, like messageBytesMax=1000000 (repeatable)", addLimit)
    .addOption(new Option("--log <level>", "what to log on stderr (default: info)").choices(logLevels))
    .option("--expose-stacks", "tell callers the stacks of handlers' errors")
    .option(
      "--grace <duration>",
      "when asked to end: time for what runs, while clients and nodes go elsewhere (default: 30s)",
      parseDurationMs,
    )
    .option(
      "--loop-blocked-max <duration>",
      "end the process when a handler blocks the event loop for longer, and say which; or off (default: 30s)",
      parseDurationMsOrOff,
    )
    .option(
      "--mqtt-port <port>",
      "serve MQTT 3.1.1 on this port, 0 any free one, and over WebSocket at /mqtt (default: off)",
      parsePort,
    )
    .option("--sqs-port <port>", "serve clients of Amazon SQS on this port, 0 any free one (default: off)", parsePort)
    .option("--json", 'one line on stdout when ready: {"event":"ready","url":…,"id":…,"name":…}; the log is JSON lines')
    .addHelpText("after", examples)
    .action((flags: StartFlags) => start(flags, terminal));
}

async function start(flags: StartFlags, terminal: Terminal): Promise<void> {
  // Loaded here: what a node is made of, other commands need not wait for.
  const { runNode } = await import("../start/run-node.js");
  await runNode({ configPath: flags.config, given: settingsOf(flags), asJson: flags.json === true }, terminal);
}

function settingsOf({
  config: _config,
  json: _json,
  module,
  limit,
  dataDir,
  tlsCert,
  tlsKey,
  tlsCa,
  mdns,
  dnsSrv: dns,
  dnsServers,
  peersFile,
  grace: graceMs,
  loopBlockedMax: loopBlockedMsMax,
  mqttPort,
  sqsPort,
  ...others
}: StartFlags): GivenSettings {
  const tls = Object.entries({ cert: tlsCert, key: tlsKey, ca: tlsCa }).flatMap(([key, path]) => {
    return path === undefined ? [] : [[key, resolve(path)] as const];
  });
  const file = peersFile === undefined ? undefined : resolve(peersFile);
  const discovery = Object.entries({ mdns, dns, dnsServers, file }).filter(([, value]) => value !== undefined);
  return {
    ...others,
    ...(graceMs === undefined ? {} : { graceMs }),
    ...(loopBlockedMsMax === undefined ? {} : { loopBlockedMsMax }),
    ...(mqttPort === undefined ? {} : { mqtt: { port: mqttPort } }),
    ...(sqsPort === undefined ? {} : { sqs: { port: sqsPort } }),
    ...(dataDir === undefined ? {} : { dataDir: resolve(dataDir) }),
    ...(module === undefined ? {} : { modules: module.map((path) => resolve(path)) }),
    ...(limit === undefined ? {} : { limits: limit }),
    ...(tls.length === 0 ? {} : { tls: Object.fromEntries(tls) }),
    ...(discovery.length === 0 ? {} : { discovery: Object.fromEntries(discovery) }),
  };
}

const dataDirText =
  "with --name and a port of its own, mpreg/NAME in $XDG_STATE_HOME or ~/.local/state; else no key is kept";

const examples = `
Examples:
  mpreg start
  mpreg start --name primary --resources model-a,dataset-1 --module ./functions.mjs
  mpreg start --port 0 --peers ws://127.0.0.1:9001 --json
  mpreg start --config node.json --log debug
  mpreg start --name primary --processes 4

functions.mjs:
  export function register(node) {
    node.register("shout", (text) => text.toUpperCase(), { resources: ["words"] });
  }

node.json has the options in camelCase, tls as { cert, key, ca } of files, modules as an array of files:
  { "name": "primary", "port": 9001, "resources": ["model-a"], "peers": [], "modules": ["./functions.mjs"] }`;

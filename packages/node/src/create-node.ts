/**
 * Create: from options to a node that listens.
 */
import { performance } from "node:perf_hooks";
import type { QueueContract, TopicContract } from "@mpreg/core/base";
import { registerEchoes } from "@mpreg/core/handlers";
import { frameBytesMax } from "@mpreg/core/link";
import type { Store } from "@mpreg/core/journal";
import type { NodeOptions } from "@mpreg/core/node";
import {
  type Asking,
  type Invocation,
  OpenTelemetry,
  type OpenTelemetryApi,
  type Tracing,
  explainReference,
} from "@mpreg/core/rpc";
import { createCodec } from "@mpreg/core/values";
import { cron, semver, systemRandom, utf8 } from "./capabilities.js";
import { Connections } from "./connections.js";
import { Discovery, sourcesOf } from "./discovery/discovery.js";
import { Driver } from "./driver.js";
import { eventLogger } from "./event-log.js";
import { healthz, livez, readyz } from "./http/health.js";
import { Metrics } from "./http/metrics.js";
import { Router } from "./http/router.js";
import { type Identity, loadIdentity } from "./identity/key.js";
import { type Logger, createLog } from "./log.js";
import type { MqttFigures } from "./mqtt/figures.js";
import type { MqttParts, RunningMqtt } from "./mqtt/start.js";
import { DrivenNode, type MpregNode, type NodeParts } from "./node.js";
import { findOpenTelemetry } from "./open-telemetry.js";
import { type CreateNodeOptions, type ResolvedOptions, defaultName, ownUrl, resolveOptions } from "./options.js";
import { waiting } from "./patience.js";
import type { RunningSqs } from "./sqs/start.js";
import { Status } from "./status.js";
import { closeNodeStore, openNodeStore } from "./storage/node-store.js";
import { Threads } from "./threads/threads.js";
import { queuesLimitsOf } from "./queue-limits.js";
import { topicsLimitsOf } from "./topic-limits.js";
import { Gate } from "./transports/gate.js";
import { type Listener, type OpenUpgrade, listen } from "./transports/listen.js";
import type { OpenSocket } from "./transports/websocket.js";
import { Watchdog } from "./watchdog/watchdog.js";

/**
 * Starts a node: it listens, links to its peers as they come up, and offers what is registered on it.
 *
 * Resolves when it listens, whether or not a peer is there yet. Rejects with `invalid-argument` for options that are
 * out of range, a port in use, an address that would be open to others without TLS, a data directory in use; with `cancelled` when
 * `signal` aborts and `deadline` after `timeoutMs`: what was opened by then is closed soon after, and no node is left.
 *
 * ```ts
 * await using node = await createNode({ name: "primary", port: 9001, resources: ["model-a"], peers: [] });
 * node.register("process", (text: string) => `processed: ${text}`);
 * ```
 */
export async function createNode<
  T extends TopicContract | undefined = undefined,
  Q extends QueueContract | undefined = undefined,
>(given: CreateNodeOptions<T, Q> = {}): Promise<MpregNode<T, Q>> {
  const options = resolveOptions(given);
  const { signal, timeoutMs } = given;
  let started: Promise<MpregNode<T, Q>> | undefined;
  const contracts = { topics: given.topics as T, queues: given.queues as Q };
  const start = (): Promise<MpregNode<T, Q>> => (started = opened(options, contracts));
  const gaveUp = (): void => {
    // whoever has started it was told that there is no node: why not does not matter any more
    started?.then(
      (node) => node.close(),
      () => undefined,
    );
  };
  const late = `The time allowed (${timeoutMs} ms) ran out before the node had started`;
  return waiting(start, { signal, timeoutMs }, { who: "createNode", late, gaveUp });
}

/** What is said of topics and queues, for the node's own program. */
type Contracts<T extends TopicContract | undefined, Q extends QueueContract | undefined> = Pick<
  NodeParts<T, Q>,
  "topics" | "queues"
>;

/** A node that listens. */
async function opened<T extends TopicContract | undefined, Q extends QueueContract | undefined>(
  options: ResolvedOptions,
  contracts: Contracts<T, Q>,
): Promise<MpregNode<T, Q>> {
  const identity = await loadIdentity(options.dataDir);
  // the driver can only be made once the port is known; nobody connects before this turn ends
  const running: Running = {};
  const store = await openNodeStore(options.dataDir, (input) => {
    running.driver?.enter(input);
  }).catch(async (error: unknown) => {
    await identity.release();
    throw error;
  });
  const { messageBytesMax, handshakeTimeoutMs } = options.limits;
  const gate = new Gate({ ...options.limits, frameBytesMax: messageBytesMax + frameBytesMax });
  const accept = (opened: OpenSocket): void => {
    running.connections?.accept(opened);
  };
  const onMqtt =
    options.mqtt === undefined
      ? undefined
      : (socket: OpenUpgrade): void => {
          if (running.mqtt === undefined) socket.stream.destroy();
          else running.mqtt.accept(socket);
        };
  const port = { ...options, messageBytesMax, handshakeTimeoutMs, gate, onMqtt };
  const listener = await listen(port, accept, (...request) => {
    void running.router?.handle(...request);
  }).catch(async (error: unknown) => {
    await closeNodeStore(store);
    await identity.release();
    throw error;
  });
  const name = options.name ?? defaultName(listener.port);
  const log = createLog(options.log, name);
  const { loopBlockedMsMax } = options;
  const watchdog = loopBlockedMsMax > 0 ? new Watchdog({ nodeName: name, loopBlockedMsMax, log }) : undefined;
  try {
    return await assemble(options, contracts, { identity, store, listener, gate, running, name, log, watchdog });
  } catch (error) {
    await watchdog?.close();
    await listener.close();
    await closeNodeStore(store);
    await identity.release();
    throw error;
  }
}

/** Who gets what comes in at the port. */
interface Running {
  driver?: Driver;
  connections?: Connections;
  router?: Router;
  mqtt?: RunningMqtt;
}

/** What is open already when a node is put together; whoever opened it closes it when that fails. */
interface Opened {
  readonly identity: Identity;
  readonly store: Store | undefined;
  readonly listener: Listener;
  readonly gate: Gate;
  readonly running: Running;
  readonly name: string;
  readonly log: Logger;
  readonly watchdog: Watchdog | undefined;
}

/** The node that listens already. */
async function assemble<T extends TopicContract | undefined, Q extends QueueContract | undefined>(
  options: ResolvedOptions,
  contracts: Contracts<T, Q>,
  opened: Opened,
): Promise<MpregNode<T, Q>> {
  const { identity, store, listener, gate, running, name, log, watchdog } = opened;
  const { messageBytesMax, handshakeTimeoutMs } = options.limits;
  const url = ownUrl(listener.scheme, options.host, listener.port);
  const urls = options.advertise ?? [url];
  const { limits } = options;
  const status = new Status();
  const logEvent = eventLogger(log);
  const node: NodeOptions = {
    name,
    cluster: options.cluster,
    resources: options.resources,
    peers: options.peers,
    urls,
    policy: options.policy,
    link: { ...limits, limits },
    redial: limits,
    rpc: limits,
    topics: topicsLimitsOf(limits),
    membership: limits,
    incarnation: identity.incarnation + 1,
    queues: queuesLimitsOf(limits),
  };
  const codec = createCodec(utf8, { explain: explainReference, valueBytesMax: limits.valueBytesMax });
  const driver: Driver = new Driver({
    node,
    capabilities: {
      random: systemRandom,
      utf8,
      signer: identity.signer,
      semver,
      cron,
      codec,
      store,
      wallMs: () => Date.now(),
    },
    log,
    exposeStacks: options.exposeStacks,
    tracing: createTracing(options, listener, log),
    note: watchdog?.note,
    dial: (target, attempt) => {
      connections.dial(target, attempt);
    },
    onEvent: (event) => {
      logEvent(event);
      status.tell(event);
    },
    remember: (incarnation) => {
      identity.remember(incarnation, (error) => {
        log.error({ err: error, incarnation }, "cannot keep the node's incarnation");
      });
    },
  });
  running.driver = driver;
  const dialOptions = { messageBytesMax, timeoutMs: handshakeTimeoutMs, ca: options.tls?.ca };
  const connections = new Connections(driver, gate, dialOptions, log);
  running.connections = connections;
  running.router = createRouter(driver, log, () => running.mqtt?.figures);
  registerEchoes(driver.functions);
  driver.enter({ kind: "start" });
  const discovery = startDiscovery(options, listener, { driver, name, log });
  const shutDown = async (): Promise<void> => {
    connections.abort();
    await discovery.close();
    await listener.close();
    await closeNodeStore(store);
    await identity.release();
    await watchdog?.close(); // the last: what goes before may be blocked, too
  };
  const undo = async (error: unknown): Promise<never> => {
    driver.close();
    connections.abort();
    await discovery.close();
    throw error;
  };
  const mqtt = await startMqtt(options, { driver, codec, gate, log, status }).catch(undo);
  if (mqtt !== undefined) running.mqtt = mqtt;
  const sqs = await startSqs(options, driver, log).catch(async (error: unknown) => {
    await mqtt?.close();
    return undo(error);
  });
  const { exposeStacks } = options;
  const asking = (parent: Invocation): Asking => driver.asking(parent);
  const threads = new Threads(driver.functions, { nodeName: name, limits, exposeStacks, log, asking });
  return new DrivenNode({ ...contracts, driver, threads, status, url, urls, mqtt, sqs, shutDown });
}

/** The door for MQTT where one is wanted; else its code is not even loaded. */
async function startMqtt(
  { mqtt, tls, insecure, cluster, limits }: ResolvedOptions,
  parts: Pick<MqttParts, "driver" | "codec" | "gate" | "log" | "status">,
): Promise<RunningMqtt | undefined> {
  if (mqtt === undefined) return undefined;
  const { messageBytesMax, handshakeTimeoutMs } = limits;
  const door = await import("./mqtt/start.js");
  return door.startMqtt({ ...parts, mqtt, tls, insecure, cluster, messageBytesMax, handshakeTimeoutMs });
}

/** The door for clients of Amazon SQS, likewise. */
async function startSqs(
  { sqs, cluster, tls, insecure, limits, allowedOrigins, allowedHosts }: ResolvedOptions,
  driver: Driver,
  log: Logger,
): Promise<RunningSqs | undefined> {
  if (sqs === undefined) return undefined;
  const { handshakeTimeoutMs } = limits;
  const door = await import("./sqs/cluster.js");
  const parts = { driver, log, sqs, cluster, tls, insecure, handshakeTimeoutMs, allowedOrigins, allowedHosts };
  return door.startClusterSqs(parts);
}

/** Makes spans where the program has an OpenTelemetry SDK. */
function createTracing({ host, openTelemetry }: ResolvedOptions, { port }: Listener, log: Logger): Tracing {
  const find = findOpenTelemetry((error) => {
    log.warn({ err: error }, "an OpenTelemetry SDK is registered, but its API cannot be loaded: calls are not traced");
  });
  const api = openTelemetry === undefined ? find : (): OpenTelemetryApi => openTelemetry;
  const server = { address: host, port };
  return new OpenTelemetry(api, () => server);
}

/** What the port answers over HTTP. */
function createRouter(driver: Driver, log: Logger, mqtt: () => MqttFigures | undefined): Router {
  const startedMs = performance.now();
  const metrics = new Metrics(driver, mqtt);
  return new Router({
    policy: driver.machine.policy,
    routes: {
      livez,
      readyz: () => readyz(driver),
      healthz: () => healthz(driver, startedMs),
      metrics: () => metrics.answer(),
    },
    failed: (path, error) => {
      log.error({ path, err: error }, "cannot answer over HTTP");
    },
  });
}

/** Runs the sources of addresses at which others may be found. */
function startDiscovery(
  { discovery, advertise, cluster, host }: ResolvedOptions,
  { scheme, port }: Listener,
  { driver, name, log }: { readonly driver: Driver; readonly name: string; readonly log: Logger },
): Discovery {
  const urlsAt = (address: string): readonly string[] => advertise ?? [ownUrl(scheme, host, port, address)];
  const node = { id: driver.machine.id, name, cluster, urlsAt };
  const started = new Discovery(sourcesOf(discovery, node, log, systemRandom), log, (source, urls) => {
    driver.enter({ kind: "seeds", source, urls });
  });
  started.start();
  return started;
}

/**
 * The brokers: how each is started for one measurement, alone, on the loopback interface, on ports and in a folder of its own, and
 * how it is ended.
 *
 * Nothing is written to a disk by any of them, and none of them may drop what a subscriber is slow to take where it can be told so.
 */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withChildren } from "../lib/child.mjs";
import { freePort } from "../lib/free-port.mjs";
import { residentBytes } from "../lib/memory.mjs";
import { processTree } from "../lib/processes.mjs";
import { startServer, withFolder } from "../lib/server.mjs";

/**
 * @typedef {object} Broker
 * @property {any} publishAddress what the driver connects to
 * @property {any} subscribeAddress another one where the broker is more than one node
 * @property {() => number[]} pids of all its processes
 * @property {() => Promise<number>} memoryBytes resident, of all of them
 *
 * @typedef {<T>(work: (broker: Broker) => Promise<T>) => Promise<T>} WithBroker runs `work` with a broker that is gone when it ends
 */

/**
 * @param {import("../lib/server.mjs").Server[]} servers
 * @param {any} publishAddress
 * @param {any} [subscribeAddress]
 * @returns {Broker}
 */
export function brokerOf(servers, publishAddress, subscribeAddress = publishAddress) {
  const pids = () => servers.flatMap(({ pid }) => processTree(pid));
  return {
    publishAddress,
    subscribeAddress,
    pids,
    memoryBytes: async () => pids().reduce((sum, pid) => sum + residentBytes(pid), 0),
  };
}

/**
 * @param {(folder: string, run: typeof startServer) => Promise<(servers: import("../lib/server.mjs").Server[]) => Broker>} start
 *   what it starts with `run` is ended afterwards, the last first
 * @returns {WithBroker}
 */
export function withServers(start) {
  return (work) =>
    withFolder(async (folder) => {
      /** @type {import("../lib/server.mjs").Server[]} */
      const servers = [];
      try {
        const toBroker = await start(folder, async (...args) => {
          const server = await startServer(...args);
          servers.push(server);
          return server;
        });
        return await work(toBroker(servers));
      } finally {
        for (const server of servers.reverse()) await server.stop();
      }
    });
}

const natsArgs = (/** @type {number} */ port) => ["-a", "127.0.0.1", "-p", String(port)];

export const withNats = withServers(async (_folder, run) => {
  const port = await freePort();
  await run("nats-server", natsArgs(port), { port });
  return (servers) => brokerOf(servers, `127.0.0.1:${port}`);
});

/** Two servers that are one cluster: the publisher is at one, the subscribers are at the other. */
export const withNatsCluster = withServers(async (_folder, run) => {
  const [one, other, oneRoute, otherRoute] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const cluster = (/** @type {number} */ own) => ["--cluster_name", "bench", "--cluster", `nats://127.0.0.1:${own}`];
  await run("nats-server", [...natsArgs(one), ...cluster(oneRoute)], { port: one });
  const routes = ["--routes", `nats://127.0.0.1:${oneRoute}`];
  await run("nats-server", [...natsArgs(other), ...cluster(otherRoute), ...routes], { port: other });
  return (servers) => brokerOf(servers, `127.0.0.1:${one}`, `127.0.0.1:${other}`);
});

/** By default it ends a subscriber for whom more than 32 MB wait. */
export const withRedis = withServers(async (folder, run) => {
  const port = await freePort();
  const args = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder, "--save", "", "--appendonly", "no"];
  args.push("--client-output-buffer-limit", "pubsub 0 0 0");
  await run("redis-server", args, { port });
  return (servers) => brokerOf(servers, { host: "127.0.0.1", port });
});

/** By default it drops what is beyond 1,000 messages for a subscriber, and holds back small packets. */
export const withMosquitto = withServers(async (folder, run) => {
  const port = await freePort();
  const file = join(folder, "mosquitto.conf");
  const settings = [`listener ${port} 127.0.0.1`, "allow_anonymous true", "persistence false", "log_type error"];
  settings.push("max_queued_messages 0", "set_tcp_nodelay true");
  if (process.getuid?.() === 0) settings.push("user root"); // the folder is ours alone
  await writeFile(file, `${settings.join("\n")}\n`);
  await run("mosquitto", ["-c", file], { port });
  return (servers) => brokerOf(servers, `mqtt://127.0.0.1:${port}`);
});

/** With a port mapper of its own, so that none is left running when the broker has ended. */
export const withRabbitmq = withServers(async (folder, run) => {
  const [port, distribution, mapper] = await Promise.all([freePort(), freePort(), freePort()]);
  const names = { plugins: join(folder, "plugins"), settings: join(folder, "rabbitmq.conf"), env: join(folder, "env") };
  await writeFile(names.plugins, "[].\n");
  await writeFile(names.settings, "log.console = false\nlog.file = false\n");
  await writeFile(names.env, "");
  await mkdir(join(folder, "mnesia"));
  const mapping = { ERL_EPMD_PORT: String(mapper), ERL_EPMD_ADDRESS: "127.0.0.1" };
  await run("epmd", ["-port", String(mapper), "-address", "127.0.0.1"], { port: mapper });
  const env = {
    ...mapping,
    HOME: folder,
    RUNNING_UNDER_SYSTEMD: "true", // the script becomes the broker, instead of waiting beside it
    RABBITMQ_CONF_ENV_FILE: names.env,
    RABBITMQ_NODENAME: "bench@localhost",
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_PID_FILE: join(folder, "pid"),
    RABBITMQ_CONFIG_FILE: names.settings,
    RABBITMQ_ENABLED_PLUGINS_FILE: names.plugins,
  };
  await run(rabbitmqScript() ?? "rabbitmq-server", [], { port, env });
  return (servers) => brokerOf(servers.slice(-1), `amqp://127.0.0.1:${port}`);
});

/** Debian's command on the path is a wrapper that changes user and drops the environment; the script itself stands here. */
function rabbitmqScript() {
  const script = "/usr/lib/rabbitmq/bin/rabbitmq-server";
  return existsSync(script) ? script : undefined;
}

/**
 * Brokers that are child modules of ours: their garbage is collected before their memory is read.
 *
 * @param {(open: typeof import("../lib/child.mjs").openChild) => Promise<{ addresses: any[], nodes: import("../lib/child.mjs").Child[] }>} start
 * @returns {WithBroker}
 */
export function withNodes(start) {
  return (work) =>
    withChildren(async (open) => {
      const { addresses, nodes } = await start((moduleUrl) => open(moduleUrl, { nodeFlags: ["--expose-gc"] }));
      return work({
        publishAddress: addresses[0],
        subscribeAddress: addresses[addresses.length - 1],
        pids: () => nodes.map(({ pid }) => pid),
        memoryBytes: async () => {
          let bytes = 0;
          for (const node of nodes) bytes += (await node.call("sampleMemory")).rss;
          return bytes;
        },
      });
    });
}

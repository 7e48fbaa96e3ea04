/** What a user would pick instead, and the bare limits: each with the same echo. */
import { execFileSync, spawn } from "node:child_process";
import { withChildren } from "../lib/child.mjs";
import { eventually } from "../lib/eventually.mjs";
import { freePort } from "../lib/free-port.mjs";
import { measureEcho } from "./measure-echo.mjs";

/** @param {string} file */
const peerModule = (file) => new URL(`../peers/${file}`, import.meta.url).href;

/**
 * @param {string} name
 * @param {"bare" | "peer"} family
 * @param {string} title
 * @param {string} file in peers/
 * @param {string} [variant]
 * @returns {import("./contestant.mjs").Contestant}
 */
function echoPeer(name, family, title, file, variant) {
  const driver = peerModule(file);
  return {
    name,
    family,
    title,
    group: "echo",
    measure: (budget) =>
      withChildren(async (open) => {
        const address = await open(driver).call("serve", { variant });
        return measureEcho(open, { driver, variant, address, budget });
      }),
  };
}

/** @type {import("./contestant.mjs").Contestant} */
const nats = {
  name: "nats",
  family: "peer",
  title: "NATS, request and reply",
  group: "echo",
  whyUnavailable: () => {
    try {
      execFileSync("nats-server", ["--version"], { stdio: "ignore" });
      return undefined;
    } catch {
      return "nats-server is not installed";
    }
  },
  measure: async (budget) => {
    const driver = peerModule("nats.mjs");
    const port = await freePort();
    const broker = spawn("nats-server", ["-a", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
    try {
      return await withChildren(async (open) => {
        const server = open(driver);
        const address = await eventually(() => server.call("serve", { natsUrl: `nats://127.0.0.1:${port}` }));
        return measureEcho(open, { driver, variant: undefined, address, budget });
      });
    } finally {
      broker.kill("SIGKILL");
    }
  },
};

/** @type {import("./contestant.mjs").Contestant[]} */
export const peers = [
  echoPeer("tcp", "bare", "TCP socket, batched writes, msgpack", "tcp.mjs"),
  echoPeer("ws-batch-msgpack", "bare", "WebSocket, batched frames, msgpack", "ws-batch.mjs", "msgpack"),
  echoPeer("ws-batch-json", "bare", "WebSocket, batched frames, JSON", "ws-batch.mjs", "json"),
  echoPeer("ws-msgpack", "bare", "WebSocket, a message per frame, msgpack", "ws.mjs", "msgpack"),
  echoPeer("ws-json", "bare", "WebSocket, a message per frame, JSON", "ws.mjs", "json"),
  echoPeer("moleculer-tcp", "peer", "Moleculer 0.14, TCP", "moleculer.mjs"),
  echoPeer("trpc-ws", "peer", "tRPC 11, WebSocket", "trpc.mjs"),
  echoPeer("grpc", "peer", "gRPC (grpc-js)", "grpc.mjs"),
  nats,
];

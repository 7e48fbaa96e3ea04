/**
 * Serf agents on the loopback interface: the other implementation of SWIM that a user would pick, as Debian ships it.
 *
 * What an agent believes is read from its log: it says `EventMemberJoin` and `EventMemberFailed` when it changes its mind.
 */
import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { eventually } from "../lib/eventually.mjs";
import { freePort } from "../lib/free-port.mjs";
import { monotonicMs } from "../lib/monotonic.mjs";

const formsWithinMs = 60_000;

/** @returns {string | undefined} */
export function whySerfIsUnavailable() {
  try {
    execFileSync("serf", ["version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "serf is not installed";
  }
}

/** @returns {string} as it calls itself */
export function serfVersion() {
  return execFileSync("serf", ["version"], { encoding: "utf8" }).split("\n")[0];
}

/**
 * Runs `work` with agents that have all joined each other and that are gone when it ends.
 *
 * @template T
 * @param {{ nodes: number, profile: string }} wanted
 * @param {(agents: { name: string, pid: number, takeLosses: () => { atMs: number, name: string }[] }[]) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withSerf({ nodes, profile }, work) {
  /** @type {ReturnType<typeof openAgent>[]} */
  const agents = [];
  const kill = () => agents.forEach((agent) => agent.kill());
  process.once("exit", kill); // they have no channel to us whose end they would notice
  try {
    const ports = await freePorts(2 * nodes);
    for (let index = 0; index < nodes; index++) {
      const [port, rpcPort] = ports.slice(2 * index);
      agents.push(openAgent({ name: `n${index}`, profile, port, rpcPort, seedPort: ports[0] }));
      if (index === 0) await eventually(async () => agents[0].requireJoined(1), formsWithinMs);
    }
    await eventually(async () => agents.forEach((agent) => agent.requireJoined(nodes)), formsWithinMs);
    return await work(agents);
  } finally {
    kill();
    await Promise.all(agents.map(({ gone }) => gone));
    process.removeListener("exit", kill);
  }
}

/** @param {{ name: string, profile: string, port: number, rpcPort: number, seedPort: number }} options */
function openAgent({ name, profile, port, rpcPort, seedPort }) {
  const join = port === seedPort ? [] : [`-join=127.0.0.1:${seedPort}`];
  const addresses = [`-bind=127.0.0.1:${port}`, `-rpc-addr=127.0.0.1:${rpcPort}`];
  const program = spawn("serf", ["agent", `-node=${name}`, `-profile=${profile}`, ...addresses, ...join], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const gone = new Promise((resolve) => program.once("close", resolve));
  /** @type {Set<string>} */
  const joined = new Set();
  /** @type {{ atMs: number, name: string }[]} */
  const losses = [];
  createInterface({ input: program.stdout }).on("line", (line) => {
    const [, event, other] = /serf: EventMember(Join|Failed): (\S+)/.exec(line) ?? [];
    if (event === "Join") joined.add(other);
    if (event === "Failed") losses.push({ atMs: monotonicMs(), name: other });
  });
  return {
    name,
    pid: program.pid ?? 0,
    requireJoined: (/** @type {number} */ count) => {
      if (joined.size < count) throw new Error(`Serf agent ${name} knows ${joined.size} members of ${count}`);
    },
    takeLosses: () => losses.splice(0),
    kill: () => program.kill("SIGKILL"),
    gone,
  };
}

/** @param {number} count */
async function freePorts(count) {
  /** @type {Set<number>} */
  const ports = new Set();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

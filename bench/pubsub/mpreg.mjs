/** Ours: one node, two nodes between publisher and subscribers, and several processes behind one port. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { withChildren } from "../lib/child.mjs";
import { startProgram } from "../lib/program.mjs";
import { withFolder } from "../lib/server.mjs";
import { commandPath } from "../mpreg/build.mjs";
import { openCluster } from "../mpreg/cluster.mjs";
import { brokerOf, withNodes } from "./brokers.mjs";
import { contestant } from "./contestant.mjs";

const driver = new URL("../mpreg/pubsub-client.mjs", import.meta.url);
const processes = 2;

/** Bytes that were encoded beforehand, instead of our client: the node by itself. */
const wireDriver = new URL("../mpreg/pubsub-wire.mjs", import.meta.url);

/** @param {URL} asked */
const whyNoTopics = (asked) => () => withChildren((open) => open(asked).call("whyUnavailable"));

/** @returns {Promise<string | undefined>} */
const whyNotAcross = () => withChildren((open) => open(driver).call("whyUnavailableAcross"));

async function whyNoProcesses() {
  const help = execFileSync(process.execPath, [commandPath, "start", "--help"], { encoding: "utf8" });
  return help.includes("--processes") ? whyNoTopics(wireDriver)() : "`mpreg start` has no `--processes` yet";
}

/** @param {string[]} names of nodes, all of which know each other */
const withCluster = (...names) =>
  withNodes(async (open) => {
    const { urls, nodes } = await openCluster(open, Object.fromEntries(names.map((name) => [name, {}])));
    return { addresses: urls, nodes: Object.values(nodes) };
  });

/** @type {import("./brokers.mjs").WithBroker} */
const withProcesses = (work) =>
  withFolder(async (folder) => {
    const args = ["--json", "--no-mdns", "--log", "fatal", "--port", "0", "--data-dir", join(folder, "data")];
    const program = await startProgram([commandPath, "start", ...args, "--processes", String(processes)]);
    try {
      return await work(brokerOf([{ pid: program.pid, stop: () => program.gone }], program.ready.url));
    } finally {
      program.kill("SIGTERM"); // it ends the others
      await program.gone;
    }
  });

export const mpreg = [
  contestant({
    name: "mpreg",
    family: "mpreg",
    group: "one",
    title: "mpreg",
    driver,
    withBroker: withCluster("a"),
    whyUnavailable: whyNoTopics(driver),
  }),
  contestant({
    name: "mpreg-wire",
    family: "mpreg",
    group: "one",
    title: "mpreg's node, without its client: a load that was encoded beforehand",
    driver: wireDriver,
    withBroker: withCluster("a"),
    idleSubscriptionsMax: 0,
    whyUnavailable: whyNoTopics(wireDriver),
  }),
  contestant({
    name: "mpreg-two-nodes",
    family: "mpreg",
    group: "many",
    title: "mpreg, two nodes: the publisher at one, the subscribers at the other",
    driver,
    withBroker: withCluster("a", "b"),
    idleSubscriptionsMax: 0,
    whyUnavailable: whyNotAcross,
  }),
  contestant({
    name: "mpreg-processes",
    family: "mpreg",
    group: "many",
    title: `mpreg, \`mpreg start --processes ${processes}\`: a load that was encoded beforehand`,
    driver: wireDriver,
    withBroker: withProcesses,
    idleSubscriptionsMax: 0,
    whyUnavailable: whyNoProcesses,
  }),
];

/**
 * Ready: how `mpreg start` says that it is up.
 */
import type { MpregNode } from "@mpreg/node";
import { printable } from "../render/text.js";
import type { Stream } from "../terminal.js";
import type { StartSettings } from "./settings.js";

/** What programs are told of a node that is ready. */
export interface Ready {
  readonly event: "ready";
  readonly url: string;
  readonly id: string;
  readonly name: string;
  readonly health: string;
  readonly mqtt: string | undefined;
  readonly sqs: string | undefined;
}

export function readyOf(node: MpregNode): Ready {
  const { url, id, name, mqttUrl, sqsUrl } = node;
  return { event: "ready", url, id, name, health: healthUrl(node), mqtt: mqttUrl, sqs: sqsUrl };
}

/** One line for programs; other fields may be added to it. */
export function readyJson(node: MpregNode): string {
  return JSON.stringify(readyOf(node));
}

/** What a person wants to know, and what to type next. */
export function readyText(node: MpregNode, { node: settings }: StartSettings, { colours }: Stream): string {
  const own = node.functions().filter(({ offers }) => offers.some(({ nodeId }) => nodeId === node.id));
  const facts = [
    ["url", node.url],
    ["health", healthUrl(node)],
    ...(node.mqttUrl === undefined ? [] : [["mqtt", node.mqttUrl]]),
    ...(node.sqsUrl === undefined ? [] : [["sqs", node.sqsUrl]]),
    ["id", node.id],
    ["resources", settings.resources?.join(", ") || "none"],
    ["functions", own.map(({ name }) => name).join(", ")],
    ["key", settings.dataDir === undefined ? "new at each start; --data-dir keeps one" : `kept in ${settings.dataDir}`],
  ];
  return [
    `${colours.green("ready")}  ${colours.bold(printable(node.name))}`,
    ...facts.map(([name = "", fact = ""]) => `  ${colours.dim(name.padEnd(9))}  ${printable(fact)}`),
    `Try: ${colours.cyan(`npx mpreg call echo "hi there!" --url ${node.url}`)}   Ctrl-C ends the node.`,
  ].join("\n");
}

/** Where the node at `url` tells how it is. */
export function healthUrl({ url }: Pick<MpregNode, "url">): string {
  return `${url.replace(/^ws/, "http").replace(/\/$/, "")}/healthz`;
}

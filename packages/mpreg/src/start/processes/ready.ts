/** Ready: how `mpreg start --processes` says that all are up. */
import { printable } from "../../render/text.js";
import type { Stream } from "../../terminal.js";
import { type Ready, healthUrl } from "../ready.js";

/** One line for programs; other fields may be added to it. `url` is for clients. */
export function allReadyJson(processes: readonly Ready[], sharedPort: number): string {
  const url = sharedUrl(processes, sharedPort);
  const each = processes.map(({ url: own, id, name, health }) => ({ url: own, id, name, health }));
  return JSON.stringify({ event: "ready", url, health: healthUrl({ url }), processes: each });
}

export function allReadyText(processes: readonly Ready[], sharedPort: number, { colours }: Stream): string {
  const url = sharedUrl(processes, sharedPort);
  return [
    `${colours.green("ready")}  ${processes.length} processes`,
    `  ${colours.dim("url")}     ${printable(url)}`,
    `  ${colours.dim("health")}  ${printable(healthUrl({ url }))}, of whichever process answers`,
    ...processes.map(
      ({ name, url: own, id }) => `  ${colours.bold(printable(name))}  ${printable(own)}  ${colours.dim(id)}`,
    ),
    `Try: ${colours.cyan(`npx mpreg nodes --url ${url}`)}   Ctrl-C ends them.`,
  ].join("\n");
}

/** The address of the first process with the port of all. */
function sharedUrl([first]: readonly Ready[], sharedPort: number): string {
  const url = new URL((first as Ready).url);
  url.port = String(sharedPort);
  return url.href.replace(/\/$/, "");
}

/** Redrives: a line for one, a row for each of several. */
import type { Redrive } from "@mpreg/core/queues";
import type { Stream } from "../terminal.js";
import { type Column, tableText } from "./table.js";
import { printable } from "./text.js";

/** A node of an older version does not tell all. */
type ToldRedrive = Omit<Redrive, "waitingFor" | "lastRefusal"> & Partial<Pick<Redrive, "waitingFor" | "lastRefusal">>;

/** How far it is. */
export function redriveText(told: ToldRedrive): string {
  const { id, to, state, messages, moved, refused, waiting, waitingFor = [], lastRefusal } = told;
  const counts = `moved ${moved} of ${messages} message${messages === 1 ? "" : "s"}`;
  const where = to === undefined ? "" : ` to ${to}`;
  const stay =
    refused === 0 ? "" : `; ${refused} stay${lastRefusal === undefined ? "" : ` (the last one ${lastRefusal})`}`;
  const wait = waiting === 0 ? "" : `; ${waiting} wait for ${waitedFor(waitingFor)}`;
  return printable(`redrive ${id} ${state}: ${counts}${where}${stay}${wait}`);
}

function waitedFor(waitingFor: Redrive["waitingFor"]): string {
  if (waitingFor.length === 0) return "a queue that no node has just now, or for room in the spool";
  return waitingFor.map(({ queue, why }) => `${queue} (${why})`).join(", ");
}

const columns: readonly Column[] = [
  { heading: "REDRIVE", gives: true },
  { heading: "STATE" },
  { heading: "TO" },
  { heading: "MOVED", align: "right" },
  { heading: "STAY", align: "right" },
  { heading: "WAIT", align: "right" },
  { heading: "OF", align: "right" },
  { heading: "STARTED" },
];

export function redrivesText(all: readonly Redrive[], stream: Pick<Stream, "columns" | "colours">): string {
  const rows = all.map(({ id, to = "-", state, moved, refused, waiting, messages, startedMs }) => {
    const started = new Date(startedMs).toISOString();
    return [id, state, to, String(moved), String(refused), String(waiting), String(messages), started];
  });
  return tableText(columns, rows, stream);
}

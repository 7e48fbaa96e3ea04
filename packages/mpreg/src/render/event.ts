/** Events for people: one line for each thing that happens to a request. */
import type { RequestEvent } from "@mpreg/core";
import { valueJson } from "./json.js";
import { printable } from "./text.js";

/** When events happened, also those that are told later than that: since their request was received. */
export class EventTimes {
  #receivedMs: number | undefined;

  /** Of an event that is heard at `nowMs`. */
  sinceMs(event: RequestEvent, nowMs: number): number {
    if (event.kind === "received") this.#receivedMs = nowMs - (event.ageMs ?? 0); // again after a lost connection
    this.#receivedMs ??= nowMs;
    return event.atMs ?? nowMs - this.#receivedMs;
  }
}

/** The line of an event that happened `sinceMs` after its request was received. */
export function eventText(event: RequestEvent, sinceMs: number): string {
  return `${(sinceMs / 1000).toFixed(3).padStart(8)} s  ${printable(textOf(event))}`;
}

function textOf(event: RequestEvent): string {
  switch (event.kind) {
    case "received":
      return `request ${event.requestId} received by ${event.node}`;
    case "planned":
      return `planned: ${event.steps.map(({ name }) => name).join(", ")}`;
    case "step-ready":
      return `${event.step}: ready`;
    case "mapped":
      return `${event.step}: ${event.items} item${event.items === 1 ? "" : "s"}`;
    case "started":
      return `${event.step}: started on ${event.node}`;
    case "retried":
      return `${event.step}: attempt ${event.attempts}${event.because === undefined ? "" : `, after ${event.because.code}: ${event.because.message}`}`;
    case "progress":
      return `${event.step}: ${event.refusal === undefined ? valueText(event.value) : `a report was refused: ${event.refusal}`}`;
    case "result-available":
      return `${event.step}: result of ${event.bytes} B on ${event.node}${event.value === undefined ? "" : `: ${valueText(event.value)}`}`;
    case "step-failed":
      return `${event.step}: failed: ${event.error.code}: ${event.error.message}`;
    case "skipped":
      return `${event.step}: skipped, because of ${event.because}`;
    case "finished":
      return "finished";
    case "failed":
      return `failed: ${event.error.code}: ${event.error.message}`;
    case "missed":
      return `${event.count} events were missed`;
    default:
      return (event as RequestEvent).kind; // of a newer node
  }
}

const valueCharactersMax = 200;

/** What a handler has reported, or a result, in one line. */
function valueText(value: unknown): string {
  const text = typeof value === "string" ? value : valueJson(value, "line").trimEnd();
  return text.length <= valueCharactersMax ? text : `${text.slice(0, valueCharactersMax)}…`;
}

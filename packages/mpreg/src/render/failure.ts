/**
 * Failures as they are told: to people in a few lines, to programs in one.
 */
import type { Outcome } from "@mpreg/core/base";
import type { Failure } from "../failure.js";
import type { Colours } from "../terminal.js";
import { printable, printableLines } from "./text.js";

const outcomes: Record<Outcome, string> = {
  "not-applied": "nothing took effect",
  applied: "the function has run and its effects stand",
  unknown: "whether it took effect is unknown",
};

/** `mpreg: what is wrong`, then what is known about it, then what to do. */
export function failureText(failure: Failure, colours: Colours): string {
  const { message, code, step, node, request, outcome, hint, stack } = failure;
  const facts = [
    ...(step === undefined ? [] : [`step ${JSON.stringify(printable(step))}`]),
    ...(node === undefined ? [] : [`node ${JSON.stringify(printable(node))}`]),
    ...(request === undefined ? [] : [`request ${printable(request)}`]),
    ...(outcome === undefined ? [] : [outcomes[outcome]]),
  ];
  const about = outcome === undefined || code === "invalid-argument" ? [] : [`  ${[code, ...facts].join(", ")}`];
  const more = [...about, ...(stack ?? []).map(printable), ...(hint === undefined ? [] : [`  ${hint}`])];
  return [
    `${colours.red("mpreg:")} ${printableLines(message.trimEnd())}`,
    ...more.map((line) => colours.dim(line)),
  ].join("\n");
}

/** One line: `{"error":{"code":…,"message":…,"step":…,"node":…,"request":…,"outcome":…}}`, without what is not known. */
export function failureJson({ code, message, step, node, request, outcome }: Failure): string {
  return JSON.stringify({ error: { code, message, step, node, request, outcome } });
}

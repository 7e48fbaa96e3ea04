/** Obituary: what is said of a node that its watchdog ends. */
import type { PlaceText } from "./messages.js";
import type { StoppedCode } from "./stopped-code.js";

/** What there is to say. */
export interface Blocked {
  readonly nodeName: string;
  readonly loopBlockedMsMax: number;
  /** What the main thread has told; `undefined` when it did not, in native code. */
  readonly stopped: StoppedCode | undefined;
  /** The handler that it had noted. */
  readonly noted: PlaceText | undefined;
}

export function obituary({ nodeName, loopBlockedMsMax, stopped, noted }: Blocked): string {
  const at = stopped === undefined ? ["native code"] : stopped.frames;
  return [
    `mpreg: the event loop of node ${JSON.stringify(nodeName)} was blocked for longer than ${loopBlockedMsMax} ms, in ${handlerText(stopped?.place ?? noted)}. The process is ended.`,
    ...at.map((frame) => `    at ${frame}`),
    `Put what computes for long into a module that runs in threads: node.register(name, new URL("./module.js", import.meta.url)). If it may take so long here, set loopBlockedMsMax (mpreg start: --loop-blocked-max).`,
    "",
  ].join("\n");
}

function handlerText(place: PlaceText | undefined): string {
  if (place === undefined) return "code that belongs to no handler";
  const { fun, step, request } = place;
  return `the handler of ${JSON.stringify(fun)} (step ${JSON.stringify(step)}, request ${request})`;
}

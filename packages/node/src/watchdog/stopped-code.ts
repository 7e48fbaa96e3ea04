/**
 * Stopped code: what the main thread is doing, asked by another thread through the debugger's protocol.
 *
 * It is the only way to tell whose code runs after an `await`. It takes the main thread's help, which it gives between two
 * instructions of JavaScript; inside of native code it does not, so that whoever asks must not wait for ever.
 */
import type { Debugger, Session } from "node:inspector";
import { type PlaceText, placeSymbolName } from "./messages.js";

export interface StoppedCode {
  /** The handler whose flow it belongs to. */
  readonly place: PlaceText | undefined;
  /** Where it is, the innermost first: `name (file:line:column)`. */
  readonly frames: readonly string[];
}

const framesMax = 5;

/** Stops the main thread for ever, and answers where that was. */
export function stopCode(session: Session): Promise<StoppedCode> {
  return new Promise((resolve) => {
    const urls = new Map<string, string>();
    session.connectToMainThread();
    session.on("Debugger.scriptParsed", ({ params }) => {
      urls.set(params.scriptId, params.url);
    });
    session.once("Debugger.paused", ({ params: { callFrames } }) => {
      const frames = callFrames.slice(0, framesMax).map((frame) => frameText(frame, urls));
      const expression = `globalThis[Symbol.for(${JSON.stringify(placeSymbolName)})]()`;
      // not on the frame that was stopped: that may be the platform's own, where nobody else's names are known
      session.post("Runtime.evaluate", { expression }, (_error, answer?) => {
        const text: unknown = answer?.result.value; // without it the place is not known
        resolve({ place: typeof text === "string" ? (JSON.parse(text) as PlaceText) : undefined, frames });
      });
    });
    session.post("Debugger.enable");
    session.post("Debugger.pause");
  });
}

function frameText({ functionName, location }: Debugger.CallFrame, urls: ReadonlyMap<string, string>): string {
  const { scriptId, lineNumber, columnNumber = 0 } = location;
  const url = urls.get(scriptId) ?? "unknown";
  return `${functionName === "" ? "anonymous" : functionName} (${url}:${lineNumber + 1}:${columnNumber + 1})`;
}

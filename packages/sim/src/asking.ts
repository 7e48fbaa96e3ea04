/**
 * Asking: carries the calls of core's `Caller` to whatever takes asks here: a client's link, a node, a handler's node.
 */
import { MpregError } from "@mpreg/core/base";
import type { Ask, Asker, Asking, ItemReader, Settled } from "@mpreg/core/rpc";
import type { WireLimits } from "@mpreg/core/wire";
import { codec } from "./capabilities/codec.js";

/** Starts an ask, whose end is told once; answers how to withdraw it. */
export type StartAsk = (ask: Ask, onEnd: (settled: Settled) => void, takesStreams: boolean | undefined) => () => void;

export function askingWith(start: StartAsk, limits: WireLimits, nodeName: string | undefined): Asking {
  const open = new Map<number, (() => void) | undefined>();
  let last = 0;
  const begin = (ask: Ask, asker: Asker): number => {
    const number = ++last;
    open.set(number, undefined); // it may end before it is known how to withdraw it
    const ended = (settled: Settled): void => {
      open.delete(number);
      tell(asker, settled);
    };
    const withdraw = start(ask, ended, asker.takesStreams);
    if (open.has(number)) open.set(number, withdraw);
    return number;
  };
  return {
    codec,
    limits,
    nodeName,
    call: (fields, asker) => begin({ kind: "call", fields }, asker),
    request: (fields, asker) => begin({ kind: "request", fields }, asker),
    withdraw: (number) => {
      const withdraw = open.get(number);
      open.delete(number);
      withdraw?.();
    },
  };
}

/** As `start`, and the world goes on until the ask has ended. */
export function attended(
  host: { readonly attend: (failed: (error: Error) => void) => () => void },
  start: StartAsk,
): StartAsk {
  return (ask, onEnd, takesStreams) => {
    const release = host.attend((cause) => {
      onEnd({ kind: "failed", error: new MpregError("cancelled", cause.message, { outcome: "unknown", cause }) });
    });
    const ended = (settled: Settled): void => {
      release();
      onEnd(settled);
    };
    const withdraw = start(ask, ended, takesStreams);
    return () => {
      release();
      withdraw();
    };
  };
}

/** As `open`, and the world goes on while the program waits for an item. */
export function attendedStream(
  host: { readonly attend: (failed: (error: Error) => void) => () => void },
  open: (hold: () => () => void) => ItemReader,
): ItemReader {
  const reader: ItemReader = open(() =>
    host.attend((cause) => {
      reader.failed(new MpregError("cancelled", cause.message, { outcome: "unknown", cause }));
    }),
  );
  return reader;
}

function tell(asker: Asker, settled: Settled): void {
  if (settled.kind === "answered") asker.answered(settled.value, undefined, settled.summary);
  else if (settled.kind === "results") asker.results(settled.outputs, settled.reports, settled.summary);
  else asker.failed(settled.error);
}

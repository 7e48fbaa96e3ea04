/** What tests of discovery share: sources that are closed with the test, what they told, ports for datagrams. */
import { createSocket } from "node:dgram";
import { onTestFinished } from "vitest";
import type { Source } from "../../src/discovery/types.js";

export interface StartedSource {
  /** Each thing that was told, the newest last. */
  readonly told: readonly (readonly string[])[];
  readonly seeds: readonly string[] | undefined;
}

export function startSource(source: Source): StartedSource {
  const told: (readonly string[])[] = [];
  source.start((urls) => told.push(urls));
  onTestFinished(() => source.close());
  return {
    told,
    get seeds() {
      return told.at(-1);
    },
  };
}

/** A port on which nobody listens for datagrams. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => {
    socket.bind(0, resolve);
  });
  const { port } = socket.address();
  await new Promise<void>((resolve) => {
    socket.close(resolve);
  });
  return port;
}

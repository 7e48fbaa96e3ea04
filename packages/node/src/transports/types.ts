/** Transport: what carries frames. The driver knows nothing of sockets beyond this. */
import type { Goodbye } from "@mpreg/core/link";
import type { LinkProtocol } from "@mpreg/core/node";

export interface Connection {
  readonly protocol: LinkProtocol;
  /** The far side's address, e.g. `127.0.0.1`. */
  readonly address: string;
  /** Queues one frame; answers how many bytes now wait to be written. */
  send(frame: Uint8Array): number;
  close(goodbye: Goodbye): void;
}

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
  /** The far side's handshake is over: it is no stranger any more. */
  known(): void;
}

/** Certificates of a node, all in PEM. */
export interface TlsOptions {
  /** Certificate chain in PEM. */
  readonly cert?: string | Buffer | undefined;
  /** Private key in PEM. With `cert` the node listens with TLS. */
  readonly key?: string | Buffer | undefined;
  /** Certificates trusted when dialling `wss:` peers, beside the system's, in PEM. */
  readonly ca?: string | Buffer | undefined;
}

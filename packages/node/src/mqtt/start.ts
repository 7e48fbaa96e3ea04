/** Start: the MQTT door of one node, with all its ways in. Loaded only where a node has one. */
import type { Codec } from "@mpreg/core/values";
import type { Driver } from "../driver.js";
import type { Logger } from "../log.js";
import type { Status } from "../status.js";
import type { Gate } from "../transports/gate.js";
import { type OpenUpgrade, checkAddress, describeListenError, serverTls } from "../transports/listen.js";
import type { TlsOptions } from "../transports/types.js";
import { ownUrl } from "../options.js";
import { MqttDoor } from "./door.js";
import { MqttEvents } from "./events.js";
import type { MqttFigures } from "./figures.js";
import { acceptWebSocket, listenTcp } from "./listen.js";
import type { ResolvedMqtt } from "./options.js";

export interface MqttParts {
  readonly driver: Driver;
  readonly codec: Codec;
  readonly gate: Gate;
  readonly log: Logger;
  readonly status: Status;
  readonly mqtt: ResolvedMqtt;
  readonly tls: TlsOptions | undefined;
  readonly insecure: boolean;
  readonly cluster: string;
  readonly messageBytesMax: number;
  readonly handshakeTimeoutMs: number;
}

export interface RunningMqtt {
  /** Where clients reach it over TCP. */
  readonly url: string | undefined;
  readonly figures: MqttFigures;
  /** A WebSocket has opened that speaks MQTT. */
  accept(opened: OpenUpgrade): void;
  /** Lets nobody in and sends its clients away, each when it has got what waits for it; resolves when all are gone, or after `graceMs`. */
  drain(graceMs: number): Promise<void>;
  /** Takes no more clients and disconnects those that are there, at once; resolves when all of it is over. */
  close(): Promise<void>;
}

/** Rejects with `invalid-argument` where the port cannot be listened on. */
export async function startMqtt(parts: MqttParts): Promise<RunningMqtt> {
  const { gate, log, status, mqtt, tls, insecure } = parts;
  const { host, port } = mqtt;
  const events = new MqttEvents(log, (event) => {
    status.tell(event);
  });
  if (port !== undefined) checkAddress({ host, tls, insecure });
  const door = await MqttDoor.start({ ...parts, events });
  const secure = serverTls(tls);
  const listening =
    port === undefined
      ? undefined
      : listenTcp(
          {
            host,
            port,
            tls: secure,
            gate,
            describeError: (error) => describeListenError(error, { host, port }),
            onFull: (address, reason) => {
              log.warn({ address, reason }, "mqtt connection refused");
            },
          },
          door,
        );
  const tcp = await listening?.catch(async (error: unknown) => {
    await door.close();
    throw error;
  });
  return {
    url: tcp === undefined ? undefined : ownUrl(secure === undefined ? "mqtt" : "mqtts", host, tcp.port),
    get figures() {
      return door.figures;
    },
    accept: (opened) => {
      acceptWebSocket(opened, gate, door);
    },
    drain: (graceMs) => door.drain(graceMs),
    close: async () => {
      await Promise.all([door.close(), tcp?.close()]);
    },
  };
}

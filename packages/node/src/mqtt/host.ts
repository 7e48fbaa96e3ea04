/** Door host: what the sessions of the MQTT door need of their node. */
import type { Policy } from "@mpreg/core/base";
import type { MessageOpener } from "@mpreg/core/topics";
import type { Codec } from "@mpreg/core/values";
import type { Driver } from "../driver.js";
import type { MqttEvents } from "./events.js";
import type { ResolvedMqtt } from "./options.js";

export interface DoorHost {
  readonly driver: Driver;
  readonly policy: Policy;
  readonly codec: Codec;
  readonly opener: MessageOpener;
  readonly events: MqttEvents;
  readonly mqtt: ResolvedMqtt;
  /** Of a message as it stands on the node, and of a payload that leaves. */
  readonly messageBytesMax: number;
  /** A message of the door's own making, with an id of its own. */
  readonly writeMessage: (topic: string, headers: ReadonlyMap<string, string>, payload: Uint8Array) => Uint8Array;
}

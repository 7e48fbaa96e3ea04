/** What clients of a mesh have heard of what they watch. */
import type { RequestEvent } from "../../src/rpc/index.js";
import type { MeshClient } from "./mesh-client.js";
import { codec } from "./requests.js";

export interface Heard {
  readonly kind: string;
  readonly value?: unknown;
}

/** What a client has heard of an ask, in order: events, and its end. */
export function heard(client: MeshClient, id: number): Heard[] {
  return client.heard.flatMap((message): Heard[] => {
    if (!("id" in message) || message.id !== id) return [];
    if (message.kind !== "event") return [{ kind: message.kind }];
    const event = codec.decode(message.event) as RequestEvent;
    const missed = message.missed === 0 ? [] : [{ kind: "missed", count: message.missed }];
    return [...missed, message.value === undefined ? event : { ...event, value: codec.decode(message.value) }];
  });
}

/**
 * Figures: what the MQTT door is counted by.
 *
 * (F1) A message counts as received when the node has taken it, as sent when it is handed to the connection; one that is sent again
 *      does not count again.
 */

/** What a client was refused. */
export type MqttRefusal = "connect" | "publish" | "subscribe";

/**
 * Why messages were lost to a client: it was too `slow`, as its subscriptions have told; they have no form in MQTT (`unsendable`); or
 * its connection was `gone` while they waited, or before it had acknowledged them.
 */
export type MqttLoss = "slow" | "unsendable" | "gone";

/** What only grows, from the door's beginning on. */
export interface MqttCounts {
  received: number;
  sent: number;
  readonly refused: Record<MqttRefusal, number>;
  readonly lost: Record<MqttLoss, number>;
}

/** With what there is now. */
export interface MqttFigures extends Readonly<MqttCounts> {
  /** Clients that were let in. */
  readonly connections: number;
  /** Their filters. */
  readonly subscriptions: number;
}

export function noCounts(): MqttCounts {
  return {
    received: 0,
    sent: 0,
    refused: { connect: 0, publish: 0, subscribe: 0 },
    lost: { slow: 0, unsendable: 0, gone: 0 },
  };
}

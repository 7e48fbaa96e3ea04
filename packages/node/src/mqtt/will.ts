/**
 * Will: who publishes what a client has left for its end.
 *
 * The client itself does not: what it has published may wait still, and is lost with it; its will would be, too.
 */
import type { Participant } from "@mpreg/core/topics";

const nothing = (): void => undefined;

/** A participant that only publishes, as far as `authorize` lets it. */
export function executor(id: number, authorize: (topic: string) => void): Participant {
  return {
    id,
    isCluster: false,
    authorize,
    deliver: () => false,
    missed: nothing,
    ended: nothing,
    refused: nothing,
    hold: () => 0,
    admit: nothing,
  };
}

/** Step counts: how many steps a node knows of, and where they are; and how much else of calls and requests it holds. */
export interface StepCounts {
  /** Steps of all places that have not ended. */
  readonly tasks: number;
  readonly running: number;
  /** Handlers that run on though nobody waits for them. */
  readonly abandoned: number;
  /** Steps that wait here for their turn to run. */
  readonly queued: number;
  /** Steps that wait for something else before they run anywhere: the four that follow. */
  readonly waiting: number;
  /** For a node that offers their function, or for its circuit. */
  readonly awaiting: number;
  /** For a link to the node that they are for. */
  readonly reaching: number;
  /** For room on the link. */
  readonly holding: number;
  /** To be run again. */
  readonly retrying: number;
}

export interface RpcSize extends StepCounts {
  readonly requests: number;
  readonly kept: number;
  readonly fetches: number;
  readonly heldBytes: number;
  readonly gone: number;
  readonly resuming: number;
  readonly watched: number;
}

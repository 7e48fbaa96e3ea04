/** Simulation error: the simulated world found that something is wrong with what runs in it. */

/** A guarantee does not hold, or a handler does what cannot be simulated. The message says which, and how to see it again. */
export class SimulationError extends Error {
  override readonly name: string = "SimulationError";
}

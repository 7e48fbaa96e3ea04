/** Figures: what a queue has done since it was opened, counted where it happens. */
/** How a message leaves. */
export type Leaving = "done" | "expired" | "dropped" | "purged" | "dead" | "abandoned" | "redriven";

export class Figures {
  sent = 0;
  duplicates = 0;
  refused = 0;
  received = 0;
  acknowledged = 0;
  released = 0;
  leasesExpired = 0;
  expired = 0;
  dropped = 0;
  purged = 0;
  deadLettered = 0;
  deadLettersRefused = 0;
  abandoned = 0;
  redriven = 0;
  repeated = 0;

  /** A message has left. */
  left(how: Leaving): void {
    if (how === "expired") this.expired += 1;
    else if (how === "dropped") this.dropped += 1;
    else if (how === "purged") this.purged += 1;
    else if (how === "dead") this.deadLettered += 1;
    else if (how === "abandoned") this.abandoned += 1;
    else if (how === "redriven") this.redriven += 1;
  }
}

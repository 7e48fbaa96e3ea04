/** Figures: what a queue has done since it was opened, counted where it happens. */
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
}

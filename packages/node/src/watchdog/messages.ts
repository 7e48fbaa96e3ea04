/** What the node's thread and the watchdog's share. */

/** What the watchdog is started with. */
export interface WatchdogSetup {
  readonly nodeName: string;
  readonly loopBlockedMsMax: number;
  /** How often the event loop has beaten, and whether a debugger may stop it; see {@link pulse}. */
  readonly pulse: Int32Array;
  /** What `handler-note.ts` reads. */
  readonly note: SharedArrayBuffer;
}

/** Where in the pulse each is. */
export const pulse = { beats: 0, isInspected: 1, length: 2 } as const;

/** A place in handlers as people know it. */
export interface PlaceText {
  readonly fun: string;
  readonly step: string;
  readonly request: string;
}

/** Name of the global function by which a debugger session learns whose code it has stopped, as JSON of {@link PlaceText}. */
export const placeSymbolName = "mpreg.watchdog.place";

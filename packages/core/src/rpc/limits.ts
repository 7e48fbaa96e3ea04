/** Limits: the bounds of calls and requests. Every one has a default, and exceeding it a stated error. */
export interface RpcLimits {
  /** Time allowed for a call or request that names none. `deadline` when it runs out. */
  readonly timeoutMs: number;
  /** Longest time a caller may ask for; more is cut to it. */
  readonly timeoutMsMax: number;
  /** Bytes of results that one request may hold at its coordinator at a time. `too-large` beyond. */
  readonly resultBytesMax: number;
  /** Steps that the maps of one request run for their items, all together. `too-large` beyond. */
  readonly mapStepsMax: number;
  /**
   * Results up to so many bytes travel with the message that tells them; larger ones stay with the node that made them
   * until somebody needs them, who fetches them there.
   */
  readonly inlineBytesMax: number;
  /** Bytes of one value that is made on this node or fetched from another one. `too-large` beyond. */
  readonly valueBytesMax: number;
  /**
   * Bytes of streams that one answer holds as arrays: of the JSON protocol, and of what functions in threads call. There it is at most what a reply may
   * have (`messageBytesMax`). Also of those that the maps of one request collect, all together: as their lists, and as what their items come
   * to. `too-large` beyond.
   */
  readonly streamArrayBytesMax: number;
  /** How deep calls may be nested in handlers. `too-deep` beyond. */
  readonly depthMax: number;
  /**
   * Bytes of arguments, and of results that others need, which everything under way on this node holds together.
   * `overloaded` beyond; a single call may hold more.
   */
  readonly heldBytesMax: number;
  /**
   * Bytes of answers that wait to be read by all clients together, on the native protocol and on the JSON protocol each.
   * Beyond, the client for which most wait is let go (`slow`).
   */
  readonly answersBytesMax: number;
  /** Calls and requests that one link may have unanswered. `overloaded` beyond. */
  readonly asksPerLinkMax: number;
  /**
   * Steps of one link, of each side, that have ended and left something behind there. What more of them leave goes on until its own time
   * is over, or the link; whether their client is still there is not asked.
   */
  readonly leftPerLinkMax: number;
  /**
   * How long what a client has asked is kept after its link has ended without a goodbye: what runs goes on, and what ends
   * meanwhile is kept, in case the client comes back for it. Then it is abandoned.
   */
  readonly resumeMs: number;
  /** Bytes of ends that are kept so. Beyond, those of the client for which most are kept are dropped. */
  readonly resumeBytesMax: number;
  /** Clients that may come back. Beyond, the one that has been gone longest is forgotten. */
  readonly resumeSessionsMax: number;
  /** Handlers running on this node at a time; those that wait for nested calls count apart. What is beyond waits for its turn. */
  readonly executionsMax: number;
  /** Steps that wait on this node for their turn to run. `overloaded` beyond. */
  readonly queuedMax: number;
  /** Ended requests whose traces this node remembers, of those that it has coordinated. Beyond, the oldest is forgotten. 0: none. */
  readonly tracesMax: number;
  /** Bytes that those traces take, about. Beyond, the oldest are forgotten. */
  readonly traceBytesMax: number;
  /** For how long a trace is remembered. */
  readonly traceMs: number;
  /** Clients that may watch one request besides the one that has asked for it. `overloaded` beyond. */
  readonly watchersMax: number;
  /** Steps waiting for a node to offer their function. `overloaded` beyond. */
  readonly waitingMax: number;
}

/** Links that a step travels at most, from its coordinator to the node that runs it. */
export const stepHopsMax = 3;

/** Neighbours that are tried for a step whose node cannot be reached. */
export const stepWaysMax = 3;

/** Calls of one function that wait for their turn, where it was registered without a bound of its own. */
export const queueMaxDefault = 10_000;

export const defaultRpcLimits: RpcLimits = {
  timeoutMs: 30_000,
  timeoutMsMax: 24 * 3_600_000,
  resultBytesMax: 2 * 1024 * 1024 * 1024,
  mapStepsMax: 100_000,
  inlineBytesMax: 64 * 1024,
  valueBytesMax: 2 * 1024 * 1024 * 1024,
  streamArrayBytesMax: 64 * 1024 * 1024,
  depthMax: 32,
  heldBytesMax: 4 * 1024 * 1024 * 1024,
  answersBytesMax: 512 * 1024 * 1024,
  asksPerLinkMax: 100_000,
  leftPerLinkMax: 100_000,
  resumeMs: 30_000,
  resumeBytesMax: 64 * 1024 * 1024,
  resumeSessionsMax: 10_000,
  executionsMax: 100_000,
  queuedMax: 100_000,
  tracesMax: 1_000,
  traceBytesMax: 16 * 1024 * 1024,
  traceMs: 600_000,
  watchersMax: 100,
  waitingMax: 100_000,
};

/** How long a call or request may take that asks for `askedMs`; with 0 it names no time limit. */
export function allowedMs({ timeoutMs, timeoutMsMax }: RpcLimits, askedMs: number): number {
  return Math.min(askedMs === 0 ? timeoutMs : askedMs, timeoutMsMax);
}

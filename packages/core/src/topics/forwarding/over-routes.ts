/**
 * Over routes: the routes to nodes to which there is no link, over a neighbour of both.
 *
 * Owns which neighbour that is. What is on its way and what waits is the route's, whichever way it goes (`forwarding.ts`); what the
 * neighbour does `over-neighbours.ts`.
 *
 * (R1) The numbers of a route go on when its way changes. A way begins with the number that was used last, so that what was lost on
 *      the one before is counted; what comes over that one after all comes too late.
 * (R2) Where a link to the node opens, what is on its way over the neighbour is waited for first: nothing is lost by the change.
 * (R3) None of the neighbours that could not pass something on is asked again for that node before the next {@link OverRoutes.tick}: two would
 *      be asked in turn for ever.
 * (R4) A message for several nodes behind one neighbour goes there once.
 * (R5) A link is waited for first where one may be had soon: not where a dial has failed lately, nor once something has waited for long.
 * (R6) A process takes only what is numbered for it. What another process of the node has got, or is to get, it has never heard of: numbers
 *      begin anew once this node knows of it, and until then the route has no way there.
 */
import { bytesOfHex } from "../../base/index.js";
import type { Scratch } from "../../structures/index.js";
import type { ForwardEnd } from "../../wire/index.js";
import type { ForwardTerms, Handed, Route } from "./route.js";

/** A neighbour over which a node can be reached, and which process of the node that is. */
export interface Via {
  readonly nodeId: string;
  readonly run: string;
}

/** An end of a message, and 8 bytes of the process for which its number is, where it is known. */
export interface OverEnd extends ForwardEnd {
  readonly run: Uint8Array | undefined;
}

/** How messages leave over neighbours. */
export interface OverSink {
  /** The neighbour that has a link to a node to which this one has none, nor, unless it `isPressing`, may get one soon; none of `avoided`. (R5) */
  viaTo(nodeId: string, avoided: ReadonlySet<string> | undefined, isPressing: boolean): Via | undefined;
  /** The process of a member that this node knows of. */
  runOf(nodeId: string): string | undefined;
  /** Sends a message to `via`, for `ends`, which may be that node, too. */
  forward(via: string, ends: readonly OverEnd[], terms: ForwardTerms, nowMs: number, message: Uint8Array): Handed;
  /** Tells a node over `via` what number was used last; `run`: for which process of it. */
  forwardedUntil(via: string, nodeId: string, run: Uint8Array | undefined, sequence: number): void;
  /** A link to the node is to be opened, if that can be tried. */
  reach(nodeId: string): void;
}

/** How often a node that is gone round is dialled. */
const redialTicks = 10;

export class OverRoutes {
  readonly #sink: OverSink | undefined;
  /** Those that go over a neighbour. */
  readonly #routes = new Set<Route>();
  /** By node: the neighbours that could not pass something on. (R3) */
  readonly #avoided = new Map<string, Set<string>>();
  #ticks = 0;

  constructor(sink: OverSink | undefined) {
    this.#sink = sink;
  }

  get size(): number {
    return this.#routes.size;
  }

  /** Whether something that went over a neighbour was not taken yet. */
  get isAwaiting(): boolean {
    for (const { untakenBytes } of this.#routes) if (untakenBytes > 0) return true;
    return false;
  }

  /** Looks for a neighbour for a route without a link; answers whether it has one. */
  find(route: Route, isPressing: boolean = false): boolean {
    if (route.via !== undefined) return true;
    const { nodeId } = route;
    const via = this.#sink?.viaTo(nodeId, this.#avoided.get(nodeId), isPressing);
    if (via === undefined) return false;
    if (route.run !== undefined && route.run !== via.run) route.sequence = 0; // it has never heard of what went to the one before
    route.run = via.run;
    route.via = via.nodeId;
    route.isProven = false;
    route.viaRun = bytesOfHex(via.run);
    route.untakenBytes = 0;
    route.untoldMs = undefined;
    this.#routes.add(route);
    this.until(route); // (R1)
    return true;
  }

  /** The route goes over no neighbour any more. */
  leave(route: Route): void {
    route.via = undefined;
    route.viaRun = undefined;
    route.isReturning = false;
    this.#routes.delete(route);
  }

  until({ via, nodeId, viaRun, sequence }: Route): void {
    if (via !== undefined && sequence > 0) this.#sink?.forwardedUntil(via, nodeId, viaRun, sequence);
  }

  /** Whether the route goes to a process of its node of which there is a later one by now. (R6) */
  isOutdated({ via, nodeId, run }: Route): boolean {
    return via !== undefined && (this.#sink?.runOf(nodeId) ?? run) !== run;
  }

  /** Sends a message to all of `routes` over one neighbour, with the number after the one that was used last. (R4) */
  forward(
    via: string,
    routes: readonly { readonly route: Route; readonly terms: ForwardTerms }[],
    nowMs: number,
    message: Uint8Array,
  ): Handed {
    const [first] = routes;
    if (this.#sink === undefined || first === undefined) return "unreached";
    const ends = routes.map(({ route, terms }) => ({
      target: route.nodeId,
      sequence: route.sequence + 1,
      groups: terms.groups,
      run: route.viaRun,
    }));
    return this.#sink.forward(via, ends, first.terms, nowMs, message);
  }

  /**
   * `via` cannot pass anything on to the node now; or the process `run` of the node has told over it that another one was meant. Answers
   * whether its route goes there. (R3, R6)
   */
  unreached(route: Route, via: string, run: string | undefined): boolean {
    if (route.via !== via || (run !== undefined && run === route.run)) return false;
    const avoided = this.#avoided.get(route.nodeId);
    if (avoided === undefined) this.#avoided.set(route.nodeId, new Set([via]));
    else avoided.add(via);
    return true;
  }

  /** Those that go over `via`. */
  over(via: string): Route[] {
    return [...this.#routes].filter((route) => route.via === via);
  }

  tick(): void {
    this.#avoided.clear();
    this.#ticks += 1;
    if (this.#ticks % redialTicks !== 0) return;
    for (const { nodeId } of this.#routes) this.#sink?.reach(nodeId);
  }
}

/** Which of the nodes that want a message get it over the same neighbour; that one may be one of them. (R4) */
export class SharedWays {
  readonly ways: Map<string, { readonly route: Route; readonly terms: ForwardTerms }[]> = new Map();

  constructor(wanting: Scratch<Route>) {
    for (let at = 0; at < wanting.size; at++) {
      const { via } = wanting.at(at);
      if (via !== undefined) this.ways.set(via, []);
    }
  }

  /** Answers whether the message goes to the route with others. */
  take(route: Route, terms: ForwardTerms): boolean {
    const way = this.ways.get(route.via ?? route.nodeId);
    way?.push({ route, terms });
    return way !== undefined;
  }
}

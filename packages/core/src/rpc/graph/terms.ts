/**
 * Terms: what a program can ask of how a step is run, and the checks that it is what it should be.
 */
import type { TraceContext } from "../../base/index.js";
import { isPlainObject } from "./objects.js";
import { type StepTerms, ownTerms, priorityMax } from "../../wire/terms.js";
import { checkName, durationMs, mustBe, resourceNames } from "./call-options.js";

/** How a step is to be run, beyond its function and resources. */
export interface TermOptions {
  /**
   * How often the step may be run again when the node that ran it was lost and nobody knows whether it took effect.
   * Default: as often as there is time for. Only functions that are `idempotent` are run again. What has not begun goes to
   * another node in any case, and what a handler has thrown is never tried again.
   */
  readonly retries?: number | undefined;
  /**
   * What the function recognizes a repetition by, where it is registered as `idempotent: "with-key"`; a text of up to
   * 1,024 bytes. The handler finds it in its `context()`.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * Range of versions that will do, as npm writes them: `"^2"`, `"1.4.0"`, `">=1.2 <3"`. The highest that some node
   * offers is taken, a lower one only when no node with the higher one is left to run the step. Default: any version, and
   * a function without one where there is no other; prereleases come behind releases.
   */
  readonly version?: string | undefined;
  /** Name or id of the only node that may run the step. */
  readonly target?: string | undefined;
  /** Resources of which more are better: nodes that have more of them are taken as long as one of them can be. */
  readonly prefer?: readonly string[] | undefined;
  /**
   * Runs the step a second time on another node when it takes long, and takes what comes first: `true` = when it has run
   * for longer than 95 % of such calls took on its node (a second, while too few were measured), or after `afterMs`.
   * Only functions that are `idempotent` are run twice, and no more of them than may be retried; others run as without.
   */
  readonly hedge?: boolean | { readonly afterMs: number } | undefined;
  /**
   * Which step goes first where several wait for their turn on a node, from 0 (last) to 9 (first). Of two priorities next
   * to each other the higher has two turns for one of the lower, so none waits for ever. Default: that of the call whose
   * handler asks; else 4.
   */
  readonly priority?: number | undefined;
}

/** The names of {@link TermOptions}, for the lists of options that are known. */
export const termNames: Readonly<Record<keyof TermOptions, true>> = {
  retries: true,
  idempotencyKey: true,
  version: true,
  target: true,
  prefer: true,
  hedge: true,
  priority: true,
};

const retriesMax = 1_000;

/** What `options` ask for, `undefined` when nothing. Throws `invalid-argument`; `who` takes the options of `called`. */
export function termsOf(options: TermOptions, who?: string, called?: string): StepTerms | undefined {
  const {
    retries,
    idempotencyKey,
    version,
    target,
    prefer,
    hedge,
    priority,
  }: Readonly<Partial<Record<keyof TermOptions, unknown>>> = options;
  // one by one, not in a loop over the names: that took a twentieth of a client's call (docs/benchmarks/findings.md)
  const isOfTarget = version === undefined && target === undefined && prefer === undefined;
  const isOfRuns =
    retries === undefined && idempotencyKey === undefined && hedge === undefined && priority === undefined;
  if (isOfTarget && isOfRuns) return undefined;
  if (retries !== undefined && !isCount(retries, retriesMax)) {
    throw mustBe(`a whole number from 0 to ${retriesMax}`, retries, "retries", who, called);
  }
  if (idempotencyKey !== undefined) checkName(idempotencyKey, "idempotencyKey", who, called);
  if (version !== undefined) checkName(version, "version", who, called);
  if (target !== undefined) checkName(target, "target", who, called);
  const preferred = prefer === undefined ? undefined : resourceNames(prefer, "prefer", who, called);
  if (priority !== undefined && !isCount(priority, priorityMax)) {
    throw mustBe(`a whole number from 0 to ${priorityMax}`, priority, "priority", who, called);
  }
  const hedged = hedgeMs(hedge, who, called);
  return {
    retries,
    idempotencyKey,
    version,
    target,
    prefer: preferred,
    hedge: hedged,
    priority,
    trace: undefined,
    watched: undefined,
  };
}

/** The terms of what a handler asks for, whose own call has `priority`. */
export function inheriting(terms: StepTerms | undefined, priority: number | undefined): StepTerms | undefined {
  if (priority === undefined || terms?.priority !== undefined) return terms;
  const inherited = ownTerms(terms);
  inherited.priority = priority;
  return inherited;
}

/** The terms of a step of which somebody hears what its handler reports, or of another. */
export function watchedIf(isWatched: boolean, terms: StepTerms | undefined): StepTerms | undefined {
  if (!isWatched) return terms;
  const watched = ownTerms(terms);
  watched.watched = true;
  return watched;
}

/** The terms of what is part of a distributed trace. */
export function tracedTerms(terms: StepTerms | undefined, trace: TraceContext): StepTerms {
  const traced = ownTerms(terms);
  traced.trace = trace;
  return traced;
}

function isCount(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

/** After how many ms to hedge; 0 = by what is measured. Throws `invalid-argument`. */
function hedgeMs(hedge: unknown, who?: string, called?: string): number | undefined {
  if (hedge === undefined || hedge === false) return undefined;
  if (hedge === true) return 0;
  if (isPlainObject(hedge) && Object.keys(hedge).join() === "afterMs") {
    return durationMs(hedge["afterMs"], "hedge.afterMs", who, called);
  }
  throw mustBe("true, false or { afterMs }", hedge, "hedge", who, called);
}

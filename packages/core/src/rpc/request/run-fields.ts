/** Run fields: what the run of a graph is made with, be it a request or one item of a map. */
import type { Value } from "../../wire/index.js";
import type { OwnRequestFields } from "../caller/ask.js";
import type { ItemPath } from "./item-path.js";
import type { AskOrigin } from "../origin.js";
import type { Plan } from "../graph/plan.js";
import type { RequestBudget, StepScope } from "./request-budget.js";
import type { Results } from "../results/index.js";
import type { RunAsker } from "../run.js";
import type { Summary } from "../watching/summary.js";
import type { Watch } from "../watching/watch.js";

export interface RunFields {
  readonly message: Pick<OwnRequestFields, "steps" | "outputs" | "settle" | "waitForCapacityMs" | "yieldsStreams">;
  readonly plan: Plan;
  readonly asker: RunAsker;
  readonly origin: AskOrigin;
  readonly request: number;
  readonly deadlineMs: number;
  readonly summary: Summary | undefined;
  /** The asker wants the summary. */
  readonly isSummaryTold?: boolean | undefined;
  /** Follows it, for those who watch and for its trace. */
  readonly watch: Watch | undefined;
  readonly budget: RequestBudget;
  readonly results: Results;
  /** Requests that wait for providers of their functions. */
  readonly expecting: Set<Startable>;
  /** Of an item of a map; `undefined` of a request. */
  readonly item: ItemFields | undefined;
}

/** What can be started (again). */
export interface Startable {
  start(nowMs: number): void;
}

export interface ItemFields {
  /** What the first steps have come to, before it begins. Whoever gives it keeps it until the run has ended. */
  readonly given: readonly Value[];
  /** Stands behind the names of its steps: `[3]`, in a map of a map `[3][0]`. */
  readonly suffix: string;
  /** Where its time is told; `undefined` where nobody wants to know. */
  readonly path: ItemPath | undefined;
  /** Name of the map. */
  readonly map: string;
  /** What maps within it run is counted there, too. */
  readonly scope: StepScope;
}

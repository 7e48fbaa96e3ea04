/**
 * A door's surroundings in one object, for tests: it evaluates requests with plain functions, in the order of their
 * plan, and keeps what the door sends. Values, templates and paths are those of the real codec.
 */
import { MpregError, type Policy, type Subject, type Utf8, createDefaultPolicy } from "../../src/base/index.js";
import { type DoorHost, JsonMessageTeller, JsonV1Door } from "../../src/doors/index.js";
import {
  type Asker,
  type RequestEvent,
  type RequestFields,
  type RequestSummary,
  type Run,
  type StepSummary,
  eventBytesMax,
} from "../../src/rpc/index.js";
import { planRequest } from "../../src/rpc/graph/plan.js";
import { MessageWriter, Topics, type TopicsLimits, defaultTopicsLimits, nowhere } from "../../src/topics/index.js";
import { noOthers } from "../topics/support.js";
import { type Codec, createCodec } from "../../src/values/index.js";
import { type WireBinding, type WireLimits, defaultWireLimits } from "../../src/wire/index.js";
import { pick } from "../../src/values/pick.js";

export const utf8: Utf8 = {
  encode: (text) => new TextEncoder().encode(text),
  decode: (bytes, start, end) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, end)),
};

export interface FakeHostOptions {
  readonly limits?: Partial<WireLimits>;
  readonly asksMax?: number;
  readonly functions?: Functions;
  /** Requests do not end by themselves: the test calls `finish`. */
  readonly hold?: boolean;
  /** Where the time of requests that ask for it went. */
  readonly times?: Times;
  /** What the wall clock shows when they end. */
  readonly wallMs?: number;
  readonly policy?: Policy;
  readonly topicsLimits?: Partial<TopicsLimits>;
  /** Those of another connection's node; its own unless told. */
  readonly topics?: Topics;
}

export interface Times {
  readonly totalMs: number;
  /** By the names of the steps; a step that is not here takes no time. */
  readonly steps: Readonly<Record<string, Partial<StepSummary>>>;
}

export interface Reply {
  readonly r: unknown;
  readonly error: { readonly code: number; readonly message: string; readonly details: unknown };
  readonly u: string;
  readonly intermediate_results: readonly IntermediateResult[];
  readonly execution_summary: Readonly<Record<string, unknown>> | null;
  readonly notices?: readonly string[];
}

export interface IntermediateResult {
  readonly level_results: Readonly<Record<string, unknown>>;
  readonly accumulated_results: Readonly<Record<string, unknown>>;
  readonly timestamp: number;
  readonly execution_time_ms: number;
}

type Functions = Readonly<Record<string, (...args: never[]) => unknown>>;

/** The functions of the server whose traffic was captured. */
const captured: Functions = {
  echo: (value: unknown) => value,
  echos: (...values: unknown[]) => values,
  inc: (value: number) => value + 1,
  add: ({ a, b }: { a: number; b: number }) => a + b,
  wrap: (value: unknown) => ({ value, nested: { deep: value } }),
  train: (...all: unknown[]) => {
    const kwargs = typeof all.at(-1) === "object" ? all.pop() : {};
    return { args: all, kwargs };
  },
  boom: (value: unknown) => {
    throw new MpregError("handler-error", `boom (${String(value)},)`, { outcome: "applied", node: "n1" });
  },
};

/** The resources of the server that offers a function. */
const resources: Readonly<Record<string, readonly string[]>> = {
  wrap: ["cpu"],
  add: ["cpu"],
  inc: ["cpu"],
  train: ["gpu", "model-v2"],
};

interface StartedRequest {
  readonly fields: RequestFields;
  readonly isAbandoned: boolean;
  finish(): void;
}

export class FakeHost implements DoorHost {
  readonly codec: Codec = createCodec(utf8);
  readonly utf8 = utf8;
  readonly limits: WireLimits;
  readonly nodeName = "entry";
  readonly asksMax: number;
  readonly started: StartedRequest[] = [];
  /** What the handlers got, as `[fun, ...args]`. */
  readonly calls: unknown[][] = [];
  readonly replies: string[] = [];
  readonly link: number = 7;
  readonly subject: Subject = { kind: "client", address: "10.0.0.9", credentials: undefined, via: undefined };
  readonly policy: Policy;
  readonly topics: Topics;
  readonly topicsLimits: TopicsLimits;
  /** Bytes that wait to leave after each frame. */
  waitingBytes = 0;
  readonly #teller: JsonMessageTeller;
  closedWith: string | undefined;
  readonly door: JsonV1Door;
  readonly #functions: Functions;
  readonly #hold: boolean;
  readonly #times: Times;
  readonly #wallMs: number;
  readonly #messages = new MessageWriter({ next: () => 0, bytes: (length) => new Uint8Array(length) }, utf8);
  /** Each step takes 1 ms. */
  #nowMs = 0;

  constructor(options: FakeHostOptions = {}) {
    const { limits = {}, asksMax = 1_000, functions = {}, hold = false, wallMs = 0 } = options;
    this.limits = { ...defaultWireLimits, ...limits };
    this.asksMax = asksMax;
    this.#functions = { ...captured, ...functions };
    this.#hold = hold;
    this.#times = options.times ?? { totalMs: 0, steps: {} };
    this.#wallMs = wallMs;
    this.policy = options.policy ?? createDefaultPolicy({ cluster: "default" });
    this.topicsLimits = { ...defaultTopicsLimits, ...options.topicsLimits };
    this.topics = options.topics ?? topicsAlone(this.topicsLimits);
    this.#teller = new JsonMessageTeller(this);
    this.door = new JsonV1Door(this);
  }

  /** Gives the door one frame and answers the reply to it, if there was one at once. */
  exchange(frame: unknown): string | undefined {
    const before = this.replies.length;
    const bytes =
      frame instanceof Uint8Array ? frame : utf8.encode(typeof frame === "string" ? frame : JSON.stringify(frame));
    this.door.receive(bytes, 0);
    this.settle();
    return this.replies[before];
  }

  /** The reply to a request of these commands, parsed. */
  ask(cmds: unknown, fields: object = {}): Reply {
    return JSON.parse(this.exchange({ role: "rpc", u: "q", cmds, ...fields })!) as Reply;
  }

  /** Ends what the node does about one input. */
  settle(): void {
    this.topics.settle(0);
    this.#teller.forget();
  }

  teller(): JsonMessageTeller {
    return this.#teller;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  messages(): MessageWriter {
    return this.#messages;
  }

  send(frame: Uint8Array): number {
    this.replies.push(utf8.decode(frame, 0, frame.length));
    return this.waitingBytes;
  }

  close(reason: string): void {
    this.closedWith = reason;
  }

  request(fields: RequestFields, asker: Asker, _nowMs: number, onStart: (run: Run) => void): void {
    const state = { isAbandoned: false };
    const finish = (): void => {
      if (state.isAbandoned) return;
      let outputs;
      try {
        outputs = this.#evaluate(fields, asker);
      } catch (error) {
        if (!(error instanceof MpregError)) throw error;
        return asker.failed(error);
      }
      asker.results(outputs, undefined, fields.summary ? this.#summaryOf(fields) : undefined);
    };
    onStart({
      fail: (error) => {
        asker.failed(error);
      },
      abandon: () => {
        state.isAbandoned = true;
      },
    });
    this.started.push({
      fields,
      finish,
      get isAbandoned() {
        return state.isAbandoned;
      },
    });
    if (!this.#hold) finish();
  }

  /** In the reverse order of the steps: nobody may count on one. */
  #summaryOf({ steps }: RequestFields): RequestSummary {
    const told = steps.map(({ name, fun }) => {
      const none = { attempts: 1, readyMs: 0, startMs: 0, queueMs: 0, networkMs: 0, runMs: 0, bytesIn: 0, bytesOut: 0 };
      return { name, fun, node: this.nodeName, ...none, ...this.#times.steps[name] };
    });
    const { totalMs } = this.#times;
    return { requestId: "r-1", coordinator: this.nodeName, totalMs, steps: told.reverse() };
  }

  #evaluate(fields: RequestFields, asker: Asker): Uint8Array[] {
    const tell = (event: RequestEvent, value?: Uint8Array): void => {
      if (fields.watch === true) asker.event?.(event, value);
    };
    const { roots, waitsFor, dependents, dependentsStart } = planRequest(fields);
    const missing = waitsFor.slice();
    const results: Uint8Array[] = [];
    const ready = [...roots];
    for (let index = ready.shift(); index !== undefined; index = ready.shift()) {
      const step = fields.steps[index]!.name;
      tell({ kind: "step-ready", step });
      const result = this.#run(fields, index, results);
      results[index] = result;
      this.#nowMs += 1;
      const small = result.length <= eventBytesMax && fields.intermediates === true ? result : undefined;
      tell({ kind: "result-available", step, node: this.nodeName, bytes: result.length }, small);
      for (const next of dependents.subarray(dependentsStart[index], dependentsStart[index + 1])) {
        if (--missing[next]! === 0) ready.push(next);
      }
    }
    return fields.outputs.map((binding) => part(fields, results, binding));
  }

  #run(fields: RequestFields, index: number, results: readonly Uint8Array[]): Uint8Array {
    const { name, fun, template, bindings, resources: asked } = fields.steps[index]!;
    const handler = this.#functions[fun];
    if (handler === undefined || !asked.every((resource) => (resources[fun] ?? []).includes(resource))) {
      const wanted = asked.length === 0 ? "" : ` with [${asked.join(", ")}]`;
      throw new MpregError("no-provider", `Cannot call "${fun}": no node offers it${wanted}`, { step: name });
    }
    const bound = bindings.map((binding) => part(fields, results, binding, name));
    const args = this.codec.decodeTemplate(template, bound) as never[];
    this.calls.push([fun, ...args]);
    try {
      return this.codec.encode(handler(...args), "the result");
    } catch (error) {
      throw error instanceof MpregError ? error.at({ step: name }) : error;
    }
  }
}

function part(fields: RequestFields, results: readonly Uint8Array[], binding: WireBinding, step?: string): Uint8Array {
  const found = pick(results[binding.step]!, binding.path);
  if (found instanceof Uint8Array) return found;
  const from = fields.steps[binding.step]!.name;
  const path = [from, ...binding.path].join(".");
  throw new MpregError("path-missing", `Cannot take ${path}: there is no such part`, { step });
}

/** Topics of a node that has no others. */
export function topicsAlone(limits: TopicsLimits): Topics {
  const ways = {
    forward: () => "unreached" as const,
    forwardedUntil: () => undefined,
    runOf: () => undefined,
  };
  const timers = { schedule: () => undefined, unschedule: () => undefined };
  return new Topics({ ...timers, utf8, seed: 7, elsewhere: nowhere, ways, others: noOthers }, limits);
}

/**
 * Rpc: calls, requests and steps, from the moment they are asked for to the moment their end is told.
 *
 * Owns the runs. It checks what may be asked at all (policy, depth, bounds), makes a run of it and connects the run
 * with its asker. Where steps run is `dispatch.ts`, how graphs run is `request.ts`.
 *
 * (V1) Everything asked for is answered exactly once, or its asker is gone.
 * (V2) Nothing runs for an asker that is gone, nor goes on that was left behind for it (`left.ts`).
 * (V3) After quiet every table is empty (`size`).
 * (V4) A process numbers its requests from one of 2⁴⁰ numbers on, by chance: no later process of the node gives a number again.
 */
import { MpregError } from "../base/index.js";
import type {
  AnswerMessage,
  CallMessage,
  EventMessage,
  FailureMessage,
  ProgressMessage,
  RequestMessage,
  RequestStep,
  ResumeMessage,
  SessionHello,
  StepMessage,
  Timings,
} from "../wire/index.js";
import type { LookMessage, CallFields, OwnRequestFields, RequestFields } from "./caller/ask.js";
import { callerOf, watcherOf } from "./behalf.js";
import type { Progress } from "./events.js";
import type { RpcCounters } from "./counters.js";
import { Dispatch } from "./dispatch/dispatch.js";
import { Watches } from "./watching/watches.js";
import { Hedging } from "./dispatch/hedging.js";
import { HeldBytes } from "./held-bytes.js";
import type { Here } from "./dispatch/here.js";
import type { RpcHost } from "./host.js";
import { LinkAsker, type LinkAskerHost } from "./link-asker.js";
import { questionIdMin } from "./dispatch/task-numbers.js";
import { Resuming } from "./clients/resuming.js";
import { type RpcLimits, allowedMs } from "./limits.js";
import { leaving } from "./dispatch/lost.js";
import { type AskOrigin, clientOrigin } from "./origin.js";
import { callsOf, everyStep, planRequest } from "./graph/plan.js";
import { refusalOf, tooDeep } from "./refusals.js";
import { RequestBudget } from "./request/request-budget.js";
import { RequestRun } from "./request/request.js";
import { Gathered, type ResultMessage, Results, isRef } from "./results/index.js";
import type { Startable } from "./request/run-fields.js";
import type { Asker, Run, RunAsker } from "./run.js";
import type { Streaming } from "./dispatch/streaming.js";
import { relayHere } from "./dispatch/sending.js";
import { SingleRun } from "./single.js";
import type { RpcSize } from "./step-counts.js";
import type { Channel, Invocation, Peer } from "./task.js";
import { inheriting, watchedIf } from "./graph/terms.js";

export class Rpc {
  readonly #host: RpcHost;
  readonly #options: RpcLimits;
  readonly #dispatch: Dispatch;
  readonly #askers: LinkAskerHost;
  readonly #requests = new Set<RequestRun>();
  readonly #expecting = new Set<Startable>();
  readonly #held: HeldBytes;
  readonly resuming: Resuming;
  readonly #results: Results;
  /** Who looks at requests. */
  readonly watches: Watches;
  #lastRequest = 0;
  #isDraining = false;
  readonly #hedging: Hedging;

  constructor(host: RpcHost, options: RpcLimits, askers: Omit<LinkAskerHost, "results">) {
    this.#host = host;
    this.#options = options;
    this.#held = new HeldBytes(options.heldBytesMax);
    this.#results = new Results(host, this.#held, options);
    this.#askers = { ...askers, results: this.#results };
    this.#dispatch = new Dispatch(host, options, this.#held, this.#results);
    this.#hedging = new Hedging(host, this.#dispatch);
    this.resuming = new Resuming(host, options, this.#results.kept, askers);
    this.watches = new Watches(host, options, askers, this.resuming.questions);
  }

  /** What is held; for the checks of the simulator. (V3) */
  get size(): RpcSize {
    const { clients, size: resuming } = this.resuming;
    const heldBytes = this.#held.bytes;
    const steps = this.#dispatch.size;
    const { size: watched } = this.watches;
    const requests = this.#requests.size;
    return { requests, ...steps, ...this.#results.size, heldBytes, gone: clients.gone, resuming, watched };
  }

  /** What has become of the steps that this node coordinates. */
  get counters(): RpcCounters {
    return this.#dispatch.counters;
  }

  /** Nothing new is taken from others: what was begun is finished. */
  drain(): void {
    this.#isDraining = true;
  }

  /** A client asks for one call. */
  onCall(channel: Channel, message: CallMessage, nowMs: number): void {
    const asker = this.#asker(channel, message.id, false);
    if (asker === undefined) return;
    asker.isDetached = message.detached === true;
    asker.fun = message.fun;
    const origin = clientOrigin(channel.subject, channel.link.id);
    if (message.resume !== undefined) return this.#resume(channel, asker, message, origin, nowMs);
    this.#call(message, origin, asker, nowMs, (started) => {
      asker.run = started;
      channel.asked.set(message.id, asker);
    });
  }

  /** A client asks again for what it had asked over a link that has ended. */
  #resume(
    channel: Channel,
    asker: LinkAsker,
    message: CallMessage | RequestMessage,
    origin: AskOrigin,
    nowMs: number,
  ): void {
    const onStart = (run: Run): void => {
      asker.run = run;
    };
    const start = (atMs: number): void => {
      if (message.kind === "call") this.#call(message, origin, asker, atMs, onStart);
      else this.#request(message, origin, asker, atMs, onStart);
    };
    this.resuming.resume(channel, asker, message.resume ?? [], message, start, nowMs);
  }

  /** A client that may come back has opened a link. */
  clientOpened(channel: Channel, session: SessionHello, nowMs: number): void {
    this.resuming.opened(session, channel, nowMs);
  }

  /** Another node asks what has become of an ask. */
  onResume(channel: Channel, message: ResumeMessage, nowMs: number): void {
    this.resuming.asked(channel, message, () => this.#asker(channel, message.id, false), nowMs);
  }

  /** Nobody may come back any more. */
  forgetClients(): void {
    this.resuming.clients.clear();
  }

  /** A client asks for a graph of calls. */
  onRequest(channel: Channel, message: RequestMessage, nowMs: number): void {
    const asker = this.#asker(channel, message.id, false);
    if (asker === undefined) return;
    asker.isDetached = message.detached === true;
    const origin = clientOrigin(channel.subject, channel.link.id);
    if (message.resume !== undefined) return this.#resume(channel, asker, message, origin, nowMs);
    this.#request(message, origin, asker, nowMs, (started) => {
      asker.run = started;
      channel.asked.set(message.id, asker);
    });
  }

  /** Somebody wants to know what becomes of a request. */
  onWatch(channel: Channel, message: LookMessage, nowMs: number): void {
    const asker = this.#asker(channel, message.id, false, false); // a node that drains tells what runs on it
    const onBehalfOf = watcherOf(channel, message, this.#host);
    if (asker !== undefined) this.watches.asked({ watcher: asker, onBehalfOf, asked: message }, message, nowMs);
  }

  /** A node tells of a request that is watched through this one. */
  onEvent(channel: Channel, message: EventMessage): void {
    this.resuming.questions.event(channel, message);
  }

  /** Another node asks to run a step here. */
  onStep(channel: Channel, message: StepMessage, nowMs: number): void {
    channel.usedMs = nowMs;
    channel.stepsLeft?.reused(message.id);
    const asker = this.#asker(channel, message.id, message.timings);
    if (asker === undefined) return;
    const { fun, step, resources, template, bound, refs, depth, request, timings, terms } = message;
    const from = channel.subject.kind === "node" ? channel.subject.nodeId : "";
    const relay = relayHere(message);
    const caller = callerOf(channel, message, relay, this.#host);
    const onBehalfOf = caller === channel.subject ? undefined : caller;
    const decision = this.#host.policy(channel.subject, { kind: "call", fun, onBehalfOf });
    if (!decision.allow) {
      const message = `Cannot call "${fun}": ${decision.reason}`;
      return asker.failed(new MpregError("denied", message, { step, node: this.#host.nodeName }));
    }
    const heldBytes = bound.reduce((sum, value) => sum + value.length, template.length);
    if (!this.#held.hasRoomFor(heldBytes)) {
      return asker.failed(this.#held.refusal(`run "${fun}" with`, heldBytes, { step, node: this.#host.nodeName }));
    }
    const run = new SingleRun(asker, this.#hedging);
    asker.run = run;
    channel.asked.set(message.id, asker);
    const isHere = relay === undefined || relay.target === this.#host.self.nodeId;
    const deadlineMs = nowMs + allowedMs(this.#options, message.timeoutMs);
    const keepUntilMs = message.keepMs === undefined ? deadlineMs : nowMs + allowedMs(this.#options, message.keepMs);
    const coordinator = relay?.origin ?? from;
    asker.keepsFor(step, coordinator, keepUntilMs);
    const fields = {
      owner: run,
      index: 0,
      fun,
      step,
      resources,
      template,
      bound,
      refs,
      deadlineMs,
      keepUntilMs,
      waitUntilMs: 0,
      depth,
      request,
      coordinator,
      caller,
      connection: message.connection ?? 0,
      timings,
      relay: isHere ? undefined : relay,
      terms,
      heldBytes,
    };
    run.waitFor(isHere ? this.#dispatch.startHere(fields, nowMs) : this.#dispatch.passOn(fields, from, nowMs));
  }

  /** Starts one call of this node's own; its end is told to `asker`. `onStart` gets the run before it can end. */
  call(ask: CallFields, origin: AskOrigin, asker: Asker, nowMs: number, onStart: (run: Run) => void): void {
    const deadlineMs = this.#deadlineOf(ask, origin, nowMs);
    const told = { deadlineMs, stepOf: () => ask.fun };
    const gathered = new Gathered(asker, this.#results, told, (again, thenMs) => {
      const mayRunAgain = this.resuming.mayRunTwice(ask, thenMs) === "yes";
      if (mayRunAgain) this.#call(ask, { ...origin, deadlineMs }, again, thenMs, (run) => again.startedBy(run));
      return mayRunAgain;
    });
    this.#call(ask, origin, gathered, nowMs, (run) => {
      onStart(gathered.startedBy(run));
    });
  }

  /** As {@link call}, for a request. */
  request(ask: OwnRequestFields, origin: AskOrigin, asker: Asker, nowMs: number, onStart: (run: Run) => void): void {
    const deadlineMs = this.#deadlineOf(ask, origin, nowMs);
    const told = { deadlineMs, stepOf: (index: number) => ask.steps[ask.outputs[index]?.step ?? -1]?.name };
    const gathered = new Gathered(asker, this.#results, told, (again, thenMs) => {
      const mayRunAgain = this.resuming.mayRunTwice(ask, thenMs) === "yes";
      if (mayRunAgain) this.#request(ask, { ...origin, deadlineMs }, again, thenMs, (run) => again.startedBy(run));
      return mayRunAgain;
    });
    this.#request(ask, origin, gathered, nowMs, (run) => {
      onStart(gathered.startedBy(run));
    });
  }

  /** When the time of what is asked at `nowMs` is over. */
  #deadlineOf({ timeoutMs }: CallFields | RequestFields, origin: AskOrigin, nowMs: number): number {
    return Math.min(origin.deadlineMs, nowMs + allowedMs(this.#options, timeoutMs));
  }

  #call(ask: CallFields, origin: AskOrigin, asker: RunAsker, nowMs: number, onStart: (run: Run) => void): void {
    const refusal = tooDeep(this.#host, this.#options, origin) ?? refusalOf(this.#host, ask, ask.fun, origin);
    if (refusal !== undefined) return asker.failed(refusal);
    const { fun, args } = ask;
    const heldBytes = args.length;
    if (!this.#held.hasRoomFor(heldBytes)) {
      return asker.failed(
        this.#held.refusal(`call "${fun}" with`, heldBytes, { step: fun, node: this.#host.nodeName }),
      );
    }
    const request = this.#nextRequest();
    const isFollowed = ask.summary || ask.watch === true || this.#host.announces(); // other calls cost nothing to follow
    const followed = isFollowed ? this.watches.begin(ask, asker, { request, origin }, noSteps, nowMs) : undefined;
    const run = new SingleRun(asker, this.#hedging, followed, ask.summary);
    onStart(run);
    followed?.watch.stepReady(fun, nowMs);
    const deadlineMs = this.#deadlineOf(ask, origin, nowMs);
    const fields = {
      owner: run,
      index: 0,
      fun: ask.fun,
      step: ask.fun,
      resources: ask.resources,
      template: ask.args,
      bound: noValues,
      refs: undefined,
      deadlineMs,
      keepUntilMs: deadlineMs,
      waitUntilMs: ask.waitForCapacityMs === 0 ? 0 : nowMs + ask.waitForCapacityMs,
      depth: origin.depth,
      request,
      coordinator: this.#host.self.nodeId,
      caller: origin.caller,
      connection: origin.connection,
      timings: isFollowed,
      relay: undefined,
      terms: watchedIf(followed?.watch.isWatched === true, inheriting(ask.terms, origin.priority)),
      heldBytes,
    };
    run.waitFor(this.#hedging.start(fields, true, nowMs));
  }

  #request(
    ask: OwnRequestFields,
    origin: AskOrigin,
    asker: RunAsker,
    nowMs: number,
    onStart: (run: Run) => void,
  ): void {
    let plan;
    try {
      plan = planRequest(ask);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      return asker.failed(error.at({ node: this.#host.nodeName }));
    }
    let refusal = tooDeep(this.#host, this.#options, origin);
    for (const step of callsOf(ask.steps)) refusal ??= refusalOf(this.#host, step, step.name, origin);
    if (refusal !== undefined) return asker.failed(refusal);
    const heldBytes = everyStep(ask.steps).reduce((sum, { template }) => sum + template.length, 0);
    if (!this.#held.hasRoomFor(heldBytes)) {
      return asker.failed(this.#held.refusal("run the request with", heldBytes, { node: this.#host.nodeName }));
    }
    const request = this.#nextRequest();
    const isFollowed = ask.summary || ask.watch === true || this.#options.tracesMax > 0 || this.#host.announces();
    const followed = isFollowed ? this.watches.begin(ask, asker, { request, origin }, ask.steps, nowMs) : undefined;
    const fields = {
      message: ask,
      plan,
      asker,
      origin,
      request,
      deadlineMs: this.#deadlineOf(ask, origin, nowMs),
      summary: followed?.summary,
      isSummaryTold: ask.summary,
      watch: followed?.watch,
      budget: new RequestBudget(this.#held, this.#options),
      results: this.#results,
      expecting: this.#expecting,
      item: undefined,
    };
    const run = new RequestRun(fields, this.#host, this.#hedging, (ended) => {
      this.#requests.delete(ended);
      this.#held.bytes -= heldBytes;
    });
    this.#requests.add(run);
    this.#held.bytes += heldBytes;
    onStart(run);
    run.start(nowMs);
  }

  /** The far side has run a step. */
  onAnswer(channel: Channel, message: AnswerMessage, nowMs: number): void {
    const { id, value } = message;
    if (message.left === true) channel.leavesThere(id, this.#options.leftPerLinkMax);
    if (id < questionIdMin) return this.#dispatch.answered(channel, id, value, message.timings, nowMs);
    if (isRef(value)) return this.resuming.questions.failed(channel, id, undefined, nowMs); // no answer to a question
    this.resuming.questions.answered(channel, id, value, nowMs);
  }

  /** The far side could not run a step. */
  onFailure(channel: Channel, message: FailureMessage, nowMs: number): void {
    const { id, error } = message;
    if (id >= questionIdMin) return this.resuming.questions.failed(channel, id, error, nowMs);
    if (message.left === true) channel.leavesThere(id, this.#options.leftPerLinkMax);
    this.#dispatch.refused(channel, id, error, nowMs);
  }

  /** Something about results that are kept here or there. */
  onResult(channel: Channel, message: ResultMessage, nowMs: number): void {
    this.#results.onMessage(channel, message, nowMs);
  }

  /** The far side no longer wants the answer. */
  onCancel(channel: Channel, id: number): void {
    const node = this.#host.nodeName;
    const error = new MpregError("cancelled", "The caller cancelled", { node });
    if (this.resuming.questions.cancelled(channel, id, error)) return;
    const asked = channel.asked.get(id);
    if (asked === undefined) channel.stepsLeft?.cancelled(id);
    else asked.run.fail(error);
  }

  /** Streams that handlers of this node make, and that are read here. */
  get streaming(): Streaming {
    return this.#dispatch.streaming;
  }

  /** A handler of this node has ended. */
  invoked(id: number, result: Uint8Array | MpregError, timings: Timings, nowMs: number): void {
    this.#dispatch.invoked(id, result, timings, nowMs);
  }

  /** A handler of this node has reported something. */
  reported(invocation: Invocation, progress: Progress): void {
    const task = this.#dispatch.here.get(invocation.id);
    if (task === invocation) task.owner.progress(task, progress); // else nobody waits for it any more
  }

  /** The handler of a step that runs on another node has reported something. */
  onProgress(channel: Channel, message: ProgressMessage): void {
    const task = channel.sent.get(message.id);
    task?.owner.progress(task, message);
  }

  /** Some node has begun to offer `fun`. */
  offered(fun: string, nowMs: number): void {
    this.#dispatch.offered(fun, nowMs);
    for (const run of [...this.#expecting]) run.start(nowMs);
    this.resuming.offered(nowMs);
  }

  /** There is a link to `peer` now. */
  reached(peer: Peer, nowMs: number): void {
    this.#dispatch.reached(peer, nowMs);
    this.resuming.questions.reached(peer, nowMs);
    this.#results.reached(peer, nowMs);
  }

  /** There is no way to `peer`. */
  unreachable(peer: Peer, nowMs: number): void {
    this.#dispatch.unreachable(peer, nowMs);
    this.resuming.questions.unreachable(peer, nowMs);
    this.#results.unreachable(peer, nowMs);
  }

  /** `peer` is down, whatever its link says: what can be run again is not waited for. */
  down(peer: Peer, nowMs: number): void {
    this.#dispatch.down(peer, nowMs);
    this.resuming.questions.down(peer, nowMs);
    this.#results.down(peer, nowMs);
  }

  /** Handlers that run on this node. */
  get running(): number {
    return this.#dispatch.here.running;
  }

  /** What runs and waits on this node. */
  get here(): Here {
    return this.#dispatch.here;
  }

  /** Starts steps that were held for want of room on a link. Call it when links have sent. */
  retryHeld(nowMs: number): void {
    this.#dispatch.retryHeld(nowMs);
    this.#results.pump();
  }

  /** True while the handler of this invocation runs and somebody waits for it. */
  isRunning(invocationId: number): boolean {
    return this.#dispatch.isRunning(invocationId);
  }

  /** Ends everything that the far side waits for with `error`. */
  refuse(channel: Channel, error: MpregError): void {
    for (const { run } of channel.asked.takeAll()) run.fail(error); // (V1)
  }

  /** The link is gone, after a goodbye of the far side or without. What a client may come back for goes on. (V2) */
  linkLost(channel: Channel, isGoodbye: boolean, nowMs: number): void {
    const mayReturn = this.resuming.clients.lost(channel, isGoodbye, nowMs) && !isGoodbye;
    for (const { run } of channel.asked.takeAll()) run.abandon(); // none of those whose client may come back
    channel.abandonLeft();
    this.#dispatch.lost(channel, nowMs);
    this.resuming.questions.linkLost(channel, nowMs);
    this.#results.lost(channel, mayReturn, nowMs);
  }

  /** The asker of `id`, unless the far side may not ask more: then it has been told. */
  #asker(channel: Channel, id: number, timings: boolean, isWork = true): LinkAsker | undefined {
    if (channel.asked.has(id)) throw new MpregError("malformed", `id ${id} is in use by an earlier call of this link`);
    const asker = new LinkAsker(channel, id, timings, this.#askers);
    if (this.#isDraining && isWork) {
      asker.failed(leaving(this.#host.nodeName));
      return undefined;
    }
    if (channel.asked.size < this.#options.asksPerLinkMax) return asker;
    const message = `This link has ${channel.asked.size} unanswered calls; the limit is ${this.#options.asksPerLinkMax}`;
    asker.failed(new MpregError("overloaded", message, { node: this.#host.nodeName }));
    return undefined;
  }

  /** (V4) */
  #nextRequest(): number {
    if (this.#lastRequest === 0)
      for (const byte of this.#host.run().subarray(0, 5)) this.#lastRequest = this.#lastRequest * 256 + byte;
    return ++this.#lastRequest;
  }
}

const noValues: readonly Uint8Array[] = [];
const noSteps: readonly RequestStep[] = [];

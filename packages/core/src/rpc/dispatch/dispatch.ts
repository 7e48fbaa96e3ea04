/**
 * Dispatch: from a ready step to a node that runs it, and back to its owner.
 *
 * Owns all tasks of this node, wherever they run. What the results are for is the owners' business (`single.ts`,
 * `request.ts`).
 *
 * (D1) Every started task ends exactly once: completed, failed, or dropped by its owner.
 * (D2) Work that a node refused without having begun, this one included, is offered to the next candidate.
 * (D3) When a link breaks, everything that was running behind it ends as `node-lost`, outcome unknown.
 * (D4) After an end nothing of the task is left in any table.
 * (D5) A step that finds no room on a link waits for it, within its deadline; it is not refused for what others sent.
 * (D6) A step for a node without a link waits until one is open, or travels through a neighbour (`reaching.ts`).
 * (D7) What was sent here to be passed on goes to the node it names, or back as not applied; it travels over at most
 *      `stepHopsMax` links, and never back to where it came from.
 * (D8) A step whose run is lost, and that may be run again (`retries.ts`), is: on another node first.
 * (D9) Where all circuits are open (`circuits.ts`), a step that may be run again waits; others fail at once.
 * (D12) What another node coordinates and has not begun here is given back before its time is up (`giving-back.ts`).
 * (D13) One that reads streams is its owner's to run again: with streams that are made again.
 */
import { MpregError } from "../../base/index.js";
import type { Offer } from "../../catalog/index.js";
import { chooseAmong } from "../../routing/index.js";
import type { StepRelay, Timings, Value } from "../../wire/index.js";
import { Awaiting } from "./awaiting.js";
import { Circuits } from "./circuits.js";
import { RpcCounters, countedFunctionsMax } from "../counters.js";
import { firstLookMs, nextLookMs } from "./giving-back.js";
import type { HeldBytes } from "../held-bytes.js";
import { Here } from "./here.js";
import { Holding } from "./holding.js";
import type { AbortReason, RpcHost } from "../host.js";
import type { Inputs } from "./inputs.js";
import { type RpcLimits, stepWaysMax } from "../limits.js";
import { brokenError, cutError, expiredError, knownOf, lostError, readsStreams, rereadError } from "./lost.js";
import { movingOf } from "./moving.js";
import { candidatesOf, chosenOffer, explainNone, waitUntilOf } from "./providers.js";
import { Reaching } from "./reaching.js";
import { type Results, isRef } from "../results/index.js";
import { Retries } from "./retries.js";
import { cancel, sendTask, takeBack } from "./sending.js";
import type { StepCounts } from "../step-counts.js";
import { Streaming } from "./streaming.js";
import { type Channel, type Peer, type Placing, Task, type TaskFields, ended, waiting } from "../task.js";
import { TaskNumbers, questionIdMin } from "./task-numbers.js";

/** Failures by which a node says that it has not begun, and that another may. */
const refusals = new Set(["no-provider", "overloaded", "closed"]);

export class Dispatch {
  readonly counters: RpcCounters = new RpcCounters(countedFunctionsMax);
  /** What runs and waits on this node. */
  readonly here: Here;
  /** What its handlers make item by item. */
  readonly streaming: Streaming;
  readonly #host: RpcHost;
  readonly #options: RpcLimits;
  readonly #held: HeldBytes;
  readonly #results: Results;
  readonly #awaiting: Awaiting;
  readonly #reaching: Reaching;
  readonly #retries: Retries;
  readonly #circuits: Circuits;
  /** Tasks that have not ended, wherever they are. */
  #tasks = 0;
  readonly #holding: Holding;
  readonly #numbers: TaskNumbers;
  readonly #due = (task: Task, nowMs: number): void => {
    this.#expire(task, nowMs);
  };
  readonly #isOffered = (fun: string): boolean => this.#host.catalog.offersOf(fun).length > 0;

  /** `idMask`: the bits that tasks' numbers have; there must be more numbers than tasks. */
  constructor(
    host: RpcHost,
    options: RpcLimits,
    held: HeldBytes,
    results: Results,
    idMask: number = questionIdMin - 1,
  ) {
    this.#host = host;
    this.#options = options;
    this.#held = held;
    this.#results = results;
    this.#numbers = new TaskNumbers(idMask);
    const inputs: Inputs = {
      results,
      held,
      fetched: (task, offer, nowMs) => {
        const { fun, owner, traits } = offer;
        if (host.catalog.offerOf(owner, fun, traits.version) !== offer) {
          const message = `Cannot call "${fun}": it was unregistered while the values of the call were fetched`;
          return this.#failedThere(task, new MpregError("no-provider", message), nowMs);
        }
        this.#unplace(task);
        this.here.takeUp(task, offer, nowMs);
      },
      missing: (task, error, nowMs) => {
        this.#failedThere(task, error, nowMs);
      },
    };
    const placing: Placing = {
      place: (task, nowMs) => {
        this.#place(task, nowMs);
      },
      placeElsewhere: (task, offer, error, nowMs) => {
        this.#placeElsewhere(task, offer, error, nowMs);
      },
      fail: (task, error, nowMs) => {
        this.#fail(task, error, nowMs);
      },
    };
    this.#awaiting = new Awaiting(host, placing, options.waitingMax);
    this.#reaching = new Reaching(host, placing, options.waitingMax);
    this.#retries = new Retries(host, placing);
    this.#holding = new Holding(placing, options.waitingMax);
    this.here = new Here(host, options, placing, this.#numbers, inputs, (task, offer) => {
      this.#circuits.began(task, offer);
    });
    this.streaming = new Streaming(host, held, results, {
      get: (id) => this.here.get(id),
      opened: (task, nowMs) => {
        this.here.measured(task, nowMs);
        this.#circuits.ended(task, undefined, nowMs);
      },
      drop: (task, reason) => {
        this.drop(task, reason);
      },
    });
    this.#circuits = new Circuits(host, (fun, nowMs) => {
      this.#awaiting.wake(fun, nowMs);
    });
  }

  /** How many tasks there are, run here and wait, and for what. */
  get size(): StepCounts {
    const { running, abandoned, queued } = this.here;
    const [awaiting, reaching] = [this.#awaiting.size, this.#reaching.size];
    const [holding, retrying] = [this.#holding.size, this.#retries.size];
    const waiting = awaiting + reaching + holding + retrying;
    return { tasks: this.#tasks, running, abandoned, queued, waiting, awaiting, reaching, holding, retrying };
  }

  /** Finds a node for the task and starts it there. A failure to find one is told to its owner at once. */
  start(fields: TaskFields, ownDeadline: boolean, nowMs: number): Task {
    const task = this.#create(fields, nowMs);
    this.#retries.earn();
    if (ownDeadline) this.#host.schedule(task, task.deadlineMs);
    this.#place(task, nowMs);
    return task;
  }

  /**
   * Runs a step that is running a second time, on another node. `undefined` when it may not be run twice, there is no
   * other node, or the budget of retries is spent. (`hedging.ts`)
   */
  startSecond(first: Task, fields: TaskFields, nowMs: number): Task | undefined {
    const { place } = first;
    if (place.kind !== "local" && place.kind !== "remote") return undefined;
    if (fields.refs?.some(({ ref }) => ref.isStream) === true) return undefined; // it is read once
    if (!this.#retries.mayRepeat(first, place.offer)) return undefined;
    const candidates = candidatesOf(this.#host, first);
    const { self, random } = this.#host;
    const excluded = new Set(candidates.all.filter(({ owner }) => owner === place.offer.owner));
    if (chooseAmong(candidates, self, excluded, random, nowMs) === undefined) return undefined;
    if (!this.#retries.maySpend(nowMs)) return undefined;
    this.#tasks += 1;
    const task = new Task(fields, this.#due, first.readyMs);
    task.barred = excluded;
    task.excluded = new Set(excluded);
    this.#host.schedule(task, task.deadlineMs);
    this.#place(task, nowMs);
    return task;
  }

  /** Starts the task on this node, because another one has chosen it. */
  startHere(fields: TaskFields, nowMs: number): Task {
    const task = this.#create(fields, nowMs);
    this.#host.schedule(task, firstLookMs(task)); // (D12)
    const offer = chosenOffer(this.#host, this.#host.self, task);
    if (offer === undefined) {
      const version = task.terms?.version === undefined ? "" : ` in version ${task.terms.version}`;
      const wanted = task.resources.length === 0 ? "" : ` with [${task.resources.join(", ")}]`;
      const message = `Cannot call "${task.fun}": this node does not offer it${version}${wanted}`;
      this.#fail(task, new MpregError("no-provider", message), nowMs);
    } else {
      this.here.takeUp(task, offer, nowMs);
    }
    return task;
  }

  /** Sends the task on to the node it is for, because the one that has chosen that node cannot. (D7) */
  passOn(fields: TaskFields, from: string, nowMs: number): Task {
    const task = this.#create(fields, nowMs);
    task.avoided = new Set([from, fields.coordinator]);
    this.#host.schedule(task, firstLookMs(task)); // (D12)
    this.#place(task, nowMs);
    return task;
  }

  #create(fields: TaskFields, nowMs: number): Task {
    this.#tasks += 1;
    this.#held.bytes += fields.heldBytes;
    const task = new Task(fields, this.#due, nowMs);
    // what others coordinate is counted there
    if (fields.coordinator === this.#host.self.nodeId)
      task.counter = this.counters.calls.start(task.fun, this.#isOffered);
    return task;
  }

  /** The owner no longer wants the task. */
  drop(task: Task, reason: AbortReason): void {
    const { place } = task;
    if (place.kind === "local") this.#host.abort(task.id, reason);
    else if (place.kind === "remote") cancel(place.channel, task.id);
    task.counter?.dropped(reason);
    if (reason === "deadline") {
      this.here.measured(task, task.deadlineMs);
      this.#circuits.ended(task, expiredError(task, this.#host.nodeName), task.deadlineMs);
    }
    this.#forget(task);
  }

  /** A handler that runs here has ended. */
  invoked(id: number, result: Uint8Array | MpregError, timings: Timings, nowMs: number): void {
    const task = this.here.ended(id);
    if (task === undefined) return; // dropped before
    const isError = result instanceof MpregError;
    const didLoad = !isError || result.outcome !== "not-applied" || result.code !== "no-provider";
    if (didLoad) this.here.measured(task, nowMs); // where its module did not, nothing has run
    if (!isError) return this.#completed(task, result, timings, nowMs);
    const error = cutError(task, result);
    if (!task.isStreaming) return this.#failedThere(task, error, nowMs);
    this.#failed(task, error.at({ step: task.step, node: this.#host.nodeName }), nowMs);
  }

  /** The node behind `channel` has run the task. */
  answered(channel: Channel, id: number, value: Value, timings: Timings | undefined, nowMs: number): void {
    const task = channel.sent.get(id);
    if (task !== undefined) this.#completed(task, value, timings, nowMs);
    else if (isRef(value)) this.#results.release(value); // dropped before
  }

  /** The node behind `channel` could not run the task. */
  refused(channel: Channel, id: number, error: MpregError, nowMs: number): void {
    const task = channel.sent.get(id);
    if (task !== undefined) this.#failedThere(task, error, nowMs); // else it was dropped before
  }

  /** The link is gone. (D3) */
  lost(channel: Channel, nowMs: number): void {
    for (const task of channel.sent.takeAll()) {
      if (task.place.kind !== "remote") continue;
      const error = brokenError(task, task.place, channel);
      if (!this.#runAgain(task, error, nowMs)) this.#failed(task, error, nowMs);
    }
    this.#holding.release(channel, nowMs);
  }

  /** The node is down, though its link is open: nothing is waited for that can be run elsewhere. (D8) */
  down(peer: Peer, nowMs: number): void {
    const { channel } = peer;
    if (channel === undefined) return;
    for (const task of channel.sent.values()) {
      if (task.place.kind !== "remote") continue;
      const { id } = task;
      const error = lostError(task, task.place, (name) => `Node "${name}" was lost`);
      if (this.#runAgain(task, error, nowMs)) cancel(channel, id); // the others may be answered yet
    }
  }

  /** Lets the task wait to be run again, if it may be. (D8) */
  #runAgain(task: Task, error: MpregError, nowMs: number): boolean {
    const { place } = task;
    const isOwn = task.coordinator === this.#host.self.nodeId;
    if ((place.kind !== "remote" && place.kind !== "local") || !isOwn) return false;
    if (!this.#retries.mayRunAgain(task, place.offer, error)) return false;
    if (readsStreams(task)) {
      this.#failed(task, rereadError(task, error), nowMs); // (D13)
      return true;
    }
    this.#circuits.ended(task, error, nowMs);
    this.#unplace(task);
    (task.excluded ??= new Set()).add(place.offer);
    if (place.kind === "remote" && place.via !== undefined) (task.avoided ??= new Set()).add(place.via.nodeId);
    task.attempts += 1;
    this.counters.retried += 1;
    this.#retries.add(task, error, nowMs);
    return true;
  }

  /** True while a handler runs for the task `id` of this node. */
  isRunning(id: number): boolean {
    return this.here.get(id) !== undefined;
  }

  /** Starts what was held on links that have room again. (D5) */
  retryHeld(nowMs: number): void {
    this.#holding.retry(nowMs);
  }

  /** Some node has begun to offer `fun`: what waits for it may go. */
  offered(fun: string, nowMs: number): void {
    this.#awaiting.offered(fun, nowMs);
  }

  #place(task: Task, nowMs: number): void {
    const { self, random } = this.#host;
    if (task.relay !== undefined) return this.#placeAt(task, task.relay, nowMs);
    const moving = movingOf(task, self);
    const offer = chooseAmong(
      candidatesOf(this.#host, task),
      self,
      task.excluded,
      random,
      nowMs,
      moving,
      this.here.waitMs,
    );
    if (offer === undefined) return this.#noCandidate(task, nowMs);
    if (offer.owner === self) this.here.takeUp(task, offer, nowMs);
    else this.#runThere(task, offer, nowMs);
  }

  /** (D7) */
  #placeAt(task: Task, relay: StepRelay, nowMs: number): void {
    const { target, hopsLeft } = relay;
    const peer = this.#host.peer(target);
    const offer = peer === undefined ? undefined : chosenOffer(this.#host, peer, task);
    if (offer !== undefined && hopsLeft > 0) return this.#runThere(task, offer, nowMs);
    const name = peer?.name ?? target;
    const why = hopsLeft > 0 ? "does not know that it is offered there" : "may not send it further";
    const message = `Cannot pass "${task.fun}" on to node "${name}": node "${this.#host.nodeName}" ${why}`;
    this.#fail(task, new MpregError("node-lost", message, { outcome: "not-applied" }), nowMs);
  }

  #noCandidate(task: Task, nowMs: number): void {
    const open = this.#circuits.openFor(task, nowMs);
    const isRepeatable = open !== undefined && this.#retries.mayRepeat(task, open.offer);
    const untilMs = isRepeatable ? task.deadlineMs : Math.min(waitUntilOf(this.#host, task), task.deadlineMs); // (D9)
    if (untilMs > nowMs) return this.#awaiting.add(task, untilMs, open, nowMs);
    this.#fail(task, open?.error ?? explainNone(this.#host, task), nowMs);
  }

  #runThere(task: Task, offer: Offer<Peer>, nowMs: number): void {
    const peer = offer.owner;
    const via = peer.channel === undefined ? this.#reaching.neighbourFor(task, peer, nowMs) : undefined;
    const channel = via === undefined ? peer.channel : via.channel;
    if (channel === undefined) return this.#reaching.add(task, offer, nowMs);
    task.id = this.#numbers.free(channel);
    const bytes = sendTask(task, channel, offer, via, this.#results, nowMs);
    if (bytes < 0) {
      const name = (via ?? peer).name;
      const message = `Sending "${task.fun}" to node "${name}" takes ${-bytes} bytes; it accepts messages of ${channel.link.remoteMessageBytesMax}, and values of ${this.#results.limits.valueBytesMax} all together`;
      return this.#placeElsewhere(task, offer, new MpregError("too-large", message), nowMs);
    }
    if (bytes === 0) return this.#hold(task, offer, channel, nowMs);
    task.place = { kind: "remote", offer, channel, via };
    this.#circuits.began(task, offer);
    channel.usedMs = nowMs;
    task.startedMs = nowMs;
    task.ranAt = offer;
    task.ranRemotely = true;
    peer.inFlight += 1;
    channel.sent.set(task.id, task); // (T1)
    task.owner.started(task);
  }

  /** The offer cannot be taken up: the next candidate, or `error` if there is none. */
  #placeElsewhere(task: Task, offer: Offer<Peer>, error: MpregError, nowMs: number): void {
    if (this.#hasAnother(task, offer)) {
      this.counters.rerouted += 1;
      return this.#place(task, nowMs);
    }
    // waiting is for functions that nobody offers: those that do will not offer it again when they have room
    const mayWait = task.waitUntilMs > nowMs && error.code !== "overloaded" && error.code !== "too-large";
    const offered = candidatesOf(this.#host, task).all.length > 0;
    if (mayWait || (error.code === "no-provider" && !offered)) this.#noCandidate(task, nowMs);
    else this.#fail(task, error, nowMs);
  }

  /** There is a link to `peer` now. (D6) */
  reached(peer: Peer, nowMs: number): void {
    this.#reaching.reached(peer, nowMs);
  }

  /** There is no way to `peer`. (D6) */
  unreachable(peer: Peer, nowMs: number): void {
    this.#reaching.unreachable(peer, nowMs);
  }

  /** There is no room on the link: another candidate, or this one as soon as there is. (D5) */
  #hold(task: Task, offer: Offer<Peer>, channel: Channel, nowMs: number): void {
    if (this.#hasAnother(task, offer)) return this.#place(task, nowMs);
    const refusal = this.#holding.add(task, offer, channel);
    if (refusal !== undefined) this.#fail(task, refusal, nowMs);
  }

  /** Rules `offer` out for the task; answers whether another is left. */
  #hasAnother(task: Task, offer: Offer<Peer>): boolean {
    task.place = waiting;
    if (task.relay !== undefined) return false; // (D7)
    const excluded = (task.excluded ??= new Set()).add(offer);
    return candidatesOf(this.#host, task).all.some((each) => !excluded.has(each));
  }

  /** The node that was given the task tells `error`. */
  #failedThere(task: Task, error: MpregError, nowMs: number): void {
    const { place } = task;
    if (place.kind !== "local" && place.kind !== "remote" && place.kind !== "fetching") return;
    const placed = error.at({ step: task.step, node: place.offer.owner.name });
    // what another node has sent here is that node's to place elsewhere
    const isOwn = task.coordinator === this.#host.self.nodeId;
    const { via } = place.kind === "remote" ? place : { via: undefined };
    const isWayOut = error.code === "node-lost" || (error.node === via?.name && error.code !== "deadline");
    if (isOwn && via !== undefined && error.outcome === "not-applied" && isWayOut) {
      this.#unplace(task);
      task.place = waiting;
      task.avoided = (task.avoided ?? new Set()).add(via.nodeId);
      if (task.avoided.size < stepWaysMax) return this.#place(task, nowMs); // another neighbour may know a way
      return this.#placeElsewhere(task, place.offer, placed, nowMs);
    }
    if (isOwn && error.outcome === "not-applied" && refusals.has(error.code)) {
      this.#unplace(task);
      return this.#placeElsewhere(task, place.offer, placed, nowMs); // (D2)
    }
    if (this.#runAgain(task, placed, nowMs)) return; // (D8)
    this.#failed(task, knownOf(task, placed), nowMs);
  }

  #expire(task: Task, nowMs: number): void {
    const { place } = task;
    if (place.kind === "retrying" && nowMs < task.deadlineMs) return this.#retries.due(task, place.error, nowMs);
    if (place.kind === "waiting" && nowMs < task.deadlineMs) {
      this.#fail(task, place.error ?? explainNone(this.#host, task), nowMs);
      return;
    }
    const lookMs = nextLookMs(task, this.#host, nowMs);
    if (lookMs !== undefined) return this.#host.schedule(task, lookMs);
    const error = expiredError(task, this.#host.nodeName);
    // where it runs, its time is up as well: the handler there hears of that, and not of a cancellation
    if (place.kind === "local") {
      this.here.measured(task, nowMs);
      this.#host.abort(task.id, "deadline");
    }
    this.#failed(task, error, nowMs);
  }

  #fail(task: Task, error: MpregError, nowMs: number): void {
    const placed = knownOf(task, error.at({ step: task.step, node: this.#host.nodeName }));
    // what could not be placed now may be later: another node may be there, or this one back
    if (task.attempts > 0 && error.code !== "overloaded" && error.code !== "too-large") {
      this.#unplace(task);
      return this.#retries.add(task, placed, nowMs);
    }
    this.#failed(task, placed, nowMs);
  }

  #completed(task: Task, value: Value, timings: Timings | undefined, nowMs: number): void {
    this.#circuits.ended(task, undefined, nowMs);
    task.counter?.end("ok", nowMs - task.readyMs);
    this.#forget(task);
    task.owner.completed(task, value, timings, nowMs);
  }

  #failed(task: Task, error: MpregError, nowMs: number): void {
    this.#circuits.ended(task, error, nowMs);
    task.counter?.end(error.code, nowMs - task.readyMs);
    this.#forget(task);
    task.owner.failed(task, error, nowMs);
  }

  /** (D4) */
  #forget(task: Task): void {
    this.#unplace(task);
    task.place = ended;
    this.#tasks -= 1;
    this.#held.bytes -= task.heldBytes;
    this.#host.unschedule(task);
  }

  #unplace(task: Task): void {
    const { place } = task;
    if (place.kind === "retrying") return this.#retries.remove();
    if (place.kind === "waiting" || place.kind === "ended") return this.#awaiting.remove(task);
    if (place.kind === "held") return this.#holding.remove(task, place.channel);
    if (place.kind === "reaching") {
      this.#reaching.remove(task, place.offer);
      return;
    }
    place.offer.breaker.released(task);
    if (place.kind === "local" || place.kind === "queued") this.here.remove(task, place);
    else if (place.kind === "fetching") place.gathering?.stop();
    else {
      place.channel.sent.take(task.id);
      takeBack(task, this.#results);
    }
    place.offer.owner.inFlight -= 1;
  }
}

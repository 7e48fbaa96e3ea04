/**
 * Resuming: asks of clients that have come back over another link, here or from another node.
 *
 * Ties together who may come back (`clients.ts`), what other nodes know (`questions.ts`) and what is done then
 * (`resumption.ts`).
 */
import { MpregError, Timer, areSameBytes, quoted } from "../../base/index.js";
import {
  type CallMessage,
  type RequestMessage,
  type ResumeMessage,
  type ResumePlace,
  type SessionHello,
  decodeVerdict,
  writeResume,
} from "../../wire/index.js";
import type { CallFields, RequestFields } from "../caller/ask.js";
import { Clients } from "./clients.js";
import type { RpcHost } from "../host.js";
import type { LinkAsker } from "../link-asker.js";
import type { RpcLimits } from "../limits.js";
import { callsOf } from "../graph/plan.js";
import { type Passing, passOn } from "./passing.js";
import { type Inquiry, Questions } from "./questions.js";
import { type MayRunTwice, Resumption, type ResumptionHost } from "./resumption.js";
import type { KeptResults } from "../results/index.js";
import { isRepeatableAt } from "../dispatch/retries.js";
import type { Channel } from "../task.js";

/** How often another node is asked whose link breaks meanwhile. */
const askedMax = 3;

/** Runs an ask as if it had come for the first time. */
export type Start = (nowMs: number) => void;

export class Resuming {
  readonly clients: Clients;
  readonly questions: Questions;
  readonly #host: RpcHost;
  readonly #open = new Set<Resumption>();
  /** Those that wait to hear who offers what. */
  readonly #expecting = new Set<Resumption>();
  readonly #timer = new Timer((nowMs) => {
    this.offered(nowMs);
  });

  constructor(
    host: RpcHost,
    options: RpcLimits,
    kept: KeptResults,
    links: { overflowed(channel: Channel): void; supersede(channel: Channel, nowMs: number): void },
  ) {
    this.#host = host;
    this.clients = new Clients(
      {
        schedule: host.schedule,
        unschedule: host.unschedule,
        seed: () => Math.floor(host.random.next() * 2 ** 32),
        supersede: (channel, nowMs) => {
          links.supersede(channel, nowMs);
        },
        back: (client, nowMs) => {
          kept.clientBack(client, nowMs);
        },
        forgotten: (client) => {
          kept.clientLost(client, options.resumeMs);
        },
      },
      options,
    );
    this.questions = new Questions(host, this.clients, (channel) => {
      links.overflowed(channel);
    });
  }

  /** How many asks wait to hear what has become of them, here and on behalf of other nodes. */
  get size(): number {
    return this.#open.size + this.questions.listening;
  }

  opened(session: SessionHello, channel: Channel, nowMs: number): void {
    this.clients.opened(session, channel, nowMs);
  }

  /** Somebody has begun to offer something, or is not expected to any more. */
  offered(nowMs: number): void {
    const expecting = [...this.#expecting];
    this.#expecting.clear();
    for (const resumption of expecting) resumption.next(nowMs);
  }

  /** An ask has come that was asked before, at `places`. */
  resume(
    channel: Channel,
    asker: LinkAsker,
    places: readonly ResumePlace[],
    message: CallMessage | RequestMessage,
    start: Start,
    nowMs: number,
  ): void {
    const session = this.clients.of(channel);
    if (session === undefined) {
      return asker.failed(new MpregError("malformed", "An ask is resumed over a link without a session"));
    }
    const own = this.#host.run();
    const isOwn = ({ publicKey }: ResumePlace): boolean => this.#host.idOf(publicKey) === this.#host.self.nodeId;
    const here = places.filter(isOwn);
    // at once, and before anything is known of it under this link
    if (here.length > 0 && session.resume(asker, channel)) return;
    const isForgotten =
      here.some(({ run }) => !areSameBytes(run, own)) || (here.length > 0 && !session.wouldKnow(asker.id));
    const others = places.filter((place) => !isOwn(place));
    const host: ResumptionHost = {
      find: (resumption, { publicKey, run }, atMs) => {
        const peer = this.#host.peer(this.#host.idOf(publicKey));
        if (peer === undefined) {
          resumption.told({ kind: "forgotten" }, atMs);
          return () => undefined;
        }
        const question = { session: session.token, run, ask: asker.id };
        const inquiry: Inquiry = {
          triesMax: askedMax,
          write: (writer, id, relay) => {
            writeResume(writer, { ...question, id, relay });
          },
          answered: (value, toldMs) => {
            resumption.told(decodeVerdict(value), toldMs);
          },
          failed: (_error, toldMs) => {
            resumption.told({ kind: "forgotten" }, toldMs);
          },
        };
        const giveUp = this.questions.ask(peer, inquiry, atMs);
        return () => {
          giveUp("cancelled");
        };
      },
      start,
      expect: (resumption) => {
        this.#expecting.add(resumption);
        const untilMs = Math.max(0, ...functionsOf(message).map(({ fun }) => this.#host.expectedUntilMs(fun)));
        if (this.#timer.heapIndex < 0 || this.#timer.dueMs > untilMs) this.#host.schedule(this.#timer, untilMs);
      },
      ended: (resumption) => {
        this.#open.delete(resumption);
        this.#expecting.delete(resumption);
        if (this.#expecting.size === 0) this.#host.unschedule(this.#timer);
      },
    };
    const lost = (): MpregError => this.#lostError(places);
    const resumption = new Resumption(
      host,
      asker,
      others,
      isForgotten,
      (atMs) => this.mayRunTwice(message, atMs),
      lost,
    );
    this.#open.add(resumption);
    asker.run = resumption;
    channel.asked.set(asker.id, asker);
    resumption.next(nowMs);
  }

  /** Names the node that was asked last. */
  #lostError(places: readonly ResumePlace[]): MpregError {
    const { self, nodeName } = this.#host;
    const last = places.at(-1);
    const nodeId = last === undefined ? self.nodeId : this.#host.idOf(last.publicKey);
    const node = nodeId === self.nodeId ? nodeName : (this.#host.nameOf(nodeId) ?? nodeId);
    const message = `Node ${quoted(node)}, which was asked, is gone, or has forgotten it; whether it took effect is unknown`;
    return new MpregError("node-lost", message, { outcome: "unknown", node });
  }

  /** Another node asks what has become of an ask, here or at one that it cannot reach: for `askerOf` that is passed on. */
  asked(channel: Channel, message: ResumeMessage, askerOf: () => LinkAsker | undefined, nowMs: number): void {
    const { nodeId: own } = this.#host.self;
    const target = message.relay?.target ?? own;
    if (target === own) return this.questions.onResume(channel, message, nowMs);
    const asker = askerOf();
    if (asker !== undefined) this.#passOn(asker, message, target, nowMs);
  }

  /** Another node asks a node that it cannot reach. (P3): what was asked there goes on without it. */
  #passOn(asker: LinkAsker, message: ResumeMessage, target: string, nowMs: number): void {
    const peer = this.#host.peer(target);
    if (peer === undefined) {
      const text = `Cannot pass a question on to node "${target}": node "${this.#host.nodeName}" does not know it`;
      return asker.failed(new MpregError("node-lost", text, { node: target }));
    }
    const passing: Passing = {
      peer,
      what: "which was asked what has become of a call",
      asked: message,
      write: (writer, id, _behalf, relay) => {
        writeResume(writer, { ...message, id, relay });
      },
      answered: (verdict) => {
        asker.answeredWith(verdict);
      },
    };
    passOn(this.questions, asker, passing, "forgotten", nowMs);
  }

  /** Whether all functions of the ask may run twice, as all that offer them say. */
  mayRunTwice(message: CallFields | RequestFields, nowMs: number): MayRunTwice {
    let answer: MayRunTwice = "yes";
    for (const { fun, terms } of functionsOf(message)) {
      const offers = this.#host.catalog.offersOf(fun);
      if (!offers.every(({ traits }) => isRepeatableAt(terms, traits))) return "no";
      if (offers.length > 0) continue;
      if (this.#host.expectedUntilMs(fun) <= nowMs) return "no";
      answer = "unknown";
    }
    return answer;
  }
}

function functionsOf(ask: CallFields | RequestFields): readonly Pick<CallFields, "fun" | "terms">[] {
  return "steps" in ask ? callsOf(ask.steps) : [ask];
}

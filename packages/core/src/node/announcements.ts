/**
 * Announcements: what a node publishes of itself and of the cluster, to reserved topics (`program/reserved-topics.ts`).
 *
 * (A1) Where nobody has subscribed to anything that is reserved, it costs a look; where nobody wants it, a match.
 * (A2) It is published when the input that has caused it was taken: never while something else is.
 * (A3) How many messages are missing of how many subscriptions ever is one message for each input.
 */
import type { Random, Utf8 } from "../base/index.js";
import type { FunctionEvent, MemberEvent, ReservedPayloads } from "../program/index.js";
import type { EventSink, RequestEvent } from "../rpc/index.js";
import { MessageWriter, type SubscriptionEnd, type Topics } from "../topics/index.js";
import type { Codec } from "../values/index.js";
import { type OfferRecord, Writer } from "../wire/index.js";
import { QueueEvents } from "./queue-events.js";
import type { NodeEvent } from "./types.js";

export interface AnnouncementsHost {
  readonly nodeId: string;
  readonly nodeName: string;
  readonly topics: () => Topics;
  readonly codec: Codec;
  readonly utf8: Utf8;
  readonly random: Random;
  wallMs(): number;
}

type Payload = ReservedPayloads[keyof ReservedPayloads];

interface Announcement {
  readonly topic: string;
  readonly payload: () => Payload;
  readonly isLocal: boolean;
}

const memberEvents: Partial<Record<NodeEvent["kind"], string>> = {
  "node-joined": "joined",
  "node-suspected": "suspected",
  "node-recovered": "recovered",
  "node-lost": "lost",
};

export class Announcements {
  readonly #host: AnnouncementsHost;
  /** There once something was wanted: what is drawn at random decides how a simulated world goes on. */
  #messages: { readonly ids: MessageWriter; readonly writer: Writer } | undefined;
  #waiting: Announcement[] = [];
  #missed = 0;
  #slow = 0;
  /** There once the node has queues. */
  #queues: QueueEvents | undefined;

  constructor(host: AnnouncementsHost) {
    this.#host = host;
  }

  /** What happens to queues. */
  get queues(): QueueEvents {
    const { nodeId, nodeName } = this.#host;
    const isHeard = (): boolean => this.isHeard;
    this.#queues ??= new QueueEvents({
      nodeId,
      nodeName,
      get isHeard() {
        return isHeard();
      },
    });
    return this.#queues;
  }

  /** Whether anybody may want to hear anything. (A1) */
  get isHeard(): boolean {
    return this.#host.topics().isReservedWanted;
  }

  /** Something has happened to the node or the cluster. */
  reported(event: NodeEvent): void {
    const what = memberEvents[event.kind];
    if (what === undefined || !this.isHeard || !("nodeId" in event)) return;
    const { nodeId, name } = event;
    const seenBy = this.#host.nodeName;
    const hasLeft = event.kind === "node-lost" && event.reason.code === "closing";
    this.#add(`mpreg.cluster.member.${hasLeft ? "left" : what}`, true, (): MemberEvent => {
      if (event.kind === "node-joined") return { nodeId, name, seenBy, urls: event.urls };
      if (event.kind === "node-lost") return { nodeId, name, seenBy, reason: event.reason.reason };
      return { nodeId, name, seenBy };
    });
  }

  offered({ fun, version, resources, scope }: OfferRecord): void {
    if (scope !== "node" && this.isHeard) this.#function("offered", fun, version, resources);
  }

  withdrawn(fun: string, version: string | undefined): void {
    if (this.isHeard) this.#function("withdrawn", fun, version, undefined);
  }

  /** Who hears what happens to a request. */
  follower(requestId: string): EventSink | undefined {
    if (!this.isHeard) return undefined;
    return {
      event: (event, value) => {
        const { codec } = this.#host;
        const told = (): RequestEvent =>
          value === undefined ? event : ({ ...event, value: codec.decode(value) } as RequestEvent);
        this.#add(`mpreg.rpc.request.${requestId}.${event.kind}`, false, told);
      },
    };
  }

  /** Messages are missing of a subscription. (A3) */
  missed(count: number): void {
    if (this.isHeard) this.#missed += count;
  }

  /** A subscription begins to lose messages. (A3) */
  slow(): void {
    if (this.isHeard) this.#slow += 1;
  }

  /** A subscription was ended. */
  ended(why: SubscriptionEnd, lost: number): void {
    if (!this.isHeard) return;
    this.#add("mpreg.topics.subscription.ended", false, () => ({ ...this.#place, why, lost }));
  }

  /** Publishes what the input has caused. (A2) */
  publish(nowMs: number): void {
    // ends, although what is published may be lost to whoever is slow: a subscription is slow once, until it has caught up
    while (this.#waiting.length > 0 || this.#missed > 0 || this.#slow > 0 || this.#queues?.isEmpty === false) {
      for (const { topic, event } of this.#queues?.take() ?? []) this.#add(topic, false, () => event);
      const waiting = this.#waiting;
      const missed = this.#missed;
      const slow = this.#slow;
      this.#waiting = [];
      this.#missed = 0;
      this.#slow = 0;
      for (const each of waiting) this.#publish(each, nowMs);
      if (slow > 0) this.#publishCount("slow", slow, nowMs);
      if (missed > 0) this.#publishCount("missed", missed, nowMs);
    }
  }

  #publishCount(what: "slow" | "missed", count: number, nowMs: number): void {
    const payload = (): Payload => ({ ...this.#place, count });
    this.#publish({ topic: `mpreg.topics.subscription.${what}`, isLocal: false, payload }, nowMs);
  }

  get #place(): { readonly nodeId: string; readonly node: string } {
    return { nodeId: this.#host.nodeId, node: this.#host.nodeName };
  }

  #function(what: string, fun: string, version: string | undefined, resources: readonly string[] | undefined): void {
    this.#add(`mpreg.cluster.function.${what}`, false, (): FunctionEvent => {
      const given = version === undefined ? {} : { version };
      return { fun, ...given, ...(resources === undefined ? {} : { resources }), ...this.#place };
    });
  }

  #add(topic: string, isLocal: boolean, payload: () => Payload): void {
    this.#waiting.push({ topic, isLocal, payload });
  }

  #publish({ topic, isLocal, payload }: Announcement, nowMs: number): void {
    const topics = this.#host.topics();
    if (!topics.isWanted(topic, isLocal)) return; // (A1)
    const { codec, utf8, random } = this.#host;
    this.#messages ??= { ids: new MessageWriter(random, utf8), writer: new Writer(utf8) };
    const { ids, writer } = this.#messages;
    ids.writePlain(writer, topic, this.#host.wallMs(), codec.encode(payload(), "payload"));
    topics.announce(writer.take(), isLocal, nowMs);
  }
}

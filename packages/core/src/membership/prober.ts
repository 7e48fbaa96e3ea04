/**
 * Prober: the probes of this node, those it makes for others, and what it answers to theirs.
 *
 * Ties the detector to the links. Who is silent is the detector's word, what comes of it the machine's.
 *
 * (E1) Who is asked for a silent member observes it, as both have told, or else knows one that does.
 * (E2) A question is passed on at most `relayHopsMax` times, whatever the asker says.
 */
import type { Random, Timers } from "../base/index.js";
import {
  type ProbeAckMessage,
  type ProbeMessage,
  type ProbeReportMessage,
  type ProbeRequestMessage,
  type Writer,
  writePing,
  writeProbe,
  writeProbeAck,
  writeProbeReport,
  writeProbeRequest,
} from "../wire/index.js";
import { isCoordinate } from "./coordinates.js";
import { Detector } from "./detector.js";
import { sample } from "./gossip.js";
import type { Members } from "./members.js";
import { Position } from "./position.js";
import { Relays } from "./relays.js";
import type { MembershipOptions } from "./types.js";

export interface ProberHost extends Timers {
  readonly random: Random;
  links(): Iterable<string>;
  isLinked(nodeId: string): boolean;
  heardMs(nodeId: string): number;
  control(nodeId: string, write: (writer: Writer) => void): void;
  running(): number;
  /** Whether the node has told that it keeps a link to `other`. */
  observes(nodeId: string, other: string): boolean;
  /** `target` was silent to everybody asked. */
  silent(target: string, nowMs: number): void;
  /** `target` is there. */
  answered(target: string, nowMs: number): void;
}

/** How often the question for a silent member may be passed on. */
const relayHopsMax = 1;

export class Prober {
  readonly detector: Detector;
  readonly position: Position;
  readonly #selfId: string;
  readonly #options: MembershipOptions;
  readonly #members: Members;
  readonly #host: ProberHost;
  readonly #relays = new Relays();

  constructor(selfId: string, options: MembershipOptions, members: Members, host: ProberHost) {
    this.#selfId = selfId;
    this.#options = options;
    this.#members = members;
    this.#host = host;
    this.position = new Position(host.random);
    this.detector = this.#createDetector();
  }

  stop(): void {
    this.detector.stop();
    this.#relays.clear();
  }

  onProbe(from: string, { id }: ProbeMessage, nowMs: number): void {
    this.detector.probed(from, nowMs);
    this.#host.control(from, (writer) => {
      writeProbeAck(writer, { id, running: this.#host.running(), coordinate: this.position.coordinate });
    });
  }

  onProbeAck(from: string, { id, running, coordinate }: ProbeAckMessage, nowMs: number): void {
    if (Relays.isRelayed(id)) return this.#report(from, id, true);
    const entry = this.#members.get(from);
    if (entry !== undefined) {
      entry.coordinate = isCoordinate(coordinate) ? coordinate : undefined;
      entry.running = running;
    }
    this.detector.acknowledged(from, id, nowMs);
  }

  onProbeRequest(from: string, { id, target, hopsLeft }: ProbeRequestMessage): void {
    if (target !== this.#selfId && this.#host.isLinked(target)) {
      const relayed = this.#relays.begin(from, id, target);
      this.#host.control(target, (writer) => {
        writeProbe(writer, relayed);
      });
      return;
    }
    const hops = Math.min(hopsLeft, relayHopsMax);
    const next = hops > 0 ? this.#knowing(target, from, 1)[0] : undefined;
    if (target === this.#selfId || next === undefined) {
      this.#host.control(from, (writer) => {
        writeProbeReport(writer, id, target === this.#selfId);
      });
      return;
    }
    const relayed = this.#relays.begin(from, id, next);
    this.#host.control(next, (writer) => {
      writeProbeRequest(writer, { id: relayed, target, hopsLeft: hops - 1 });
    });
  }

  onProbeReport(from: string, { id, reached }: ProbeReportMessage, nowMs: number): void {
    if (Relays.isRelayed(id)) this.#report(from, id, reached);
    else this.detector.reported(from, id, reached, nowMs);
  }

  #createDetector(): Detector {
    const host = this.#host;
    return new Detector(this.#options, {
      schedule: host.schedule,
      unschedule: host.unschedule,
      random: host.random,
      heardMs: (nodeId) => host.heardMs(nodeId),
      probe: (nodeId, id) => {
        host.control(nodeId, (writer) => {
          writeProbe(writer, id);
        });
      },
      ping: (nodeId) => {
        host.control(nodeId, (writer) => {
          writePing(writer, 0);
        });
      },
      probeThrough: (target, id) => {
        const asked = this.#knowing(target, undefined, this.#options.indirectProbes);
        for (const nodeId of asked) {
          host.control(nodeId, (writer) => {
            writeProbeRequest(writer, { id, target, hopsLeft: relayHopsMax });
          });
        }
        return asked;
      },
      silent: (target, nowMs) => {
        host.silent(target, nowMs);
      },
      answered: (target, roundTripMs, nowMs) => {
        host.answered(target, nowMs);
        const coordinate = this.#members.get(target)?.coordinate;
        if (roundTripMs !== undefined) this.position.measured(target, coordinate, roundTripMs);
      },
    });
  }

  #report(from: string, relayed: number, reached: boolean): void {
    const question = this.#relays.end(from, relayed);
    if (question === undefined) return;
    this.#host.control(question.asker, (writer) => {
      writeProbeReport(writer, question.id, reached);
    });
  }

  /** Linked nodes that observe `target`, or else know one that does; in random order, `asker` left out. */
  #knowing(target: string, asker: string | undefined, count: number): string[] {
    const links = [...this.#host.links()].filter((nodeId) => nodeId !== asker && nodeId !== target);
    const observing = links.filter((nodeId) => this.#host.observes(target, nodeId));
    const direct = sample(observing, count, this.#host.random);
    if (direct.length >= count) return direct;
    const observers = this.#members.get(target)?.record.observers ?? [];
    const near = links.filter(
      (nodeId) => !observing.includes(nodeId) && observers.some((observer) => this.#host.observes(nodeId, observer)),
    );
    return [...direct, ...sample(near, count - direct.length, this.#host.random)];
  }
}

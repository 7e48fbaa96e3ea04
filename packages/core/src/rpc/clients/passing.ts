/**
 * Passing: what somebody asks this node about another one is asked there for it, and what comes back is passed on.
 *
 * Clients, and the node's own program, ask so for requests of other nodes; what may be seen is decided in `watches.ts`.
 * Nodes ask so for a node that they cannot reach themselves.
 *
 * (P1) The other node is asked once: a second time it would tell everything again. Where the way to it is lost, that is told.
 * (P2) Whoever does not want to see it any more ends the asking; nothing is passed on after that.
 * (P3) Only who has asked takes back what was asked about: it goes on when their link breaks, or this node ends.
 */
import { MpregError } from "../../base/index.js";
import type { EventMessage, QuestionRelay, Writer } from "../../wire/index.js";
import type { Questions } from "./questions.js";
import type { Peer } from "../task.js";
import type { Watcher } from "../watching/watcher.js";

/** What is asked of `peer` for the far side of a link, or for the own program. */
export interface Passing {
  readonly peer: Peer;
  /** What the node is asked for, in messages: which coordinates request "0f1e2d3c-1a". */
  readonly what: string;
  /** As it was asked here: for whom, and how it has come where a node has asked. */
  readonly asked: { readonly behalf?: string | undefined; readonly relay: QuestionRelay | undefined } | undefined;
  /** Writes it with the address of the client, where it is for one, and the way it takes through others. */
  write(writer: Writer, id: number, behalf: string | undefined, relay: QuestionRelay | undefined): void;
  /** Passes on what was answered. May throw why not. */
  answered(value: Uint8Array): void;
  event?(told: EventMessage): void;
}

/** `atLoss`: what becomes of what was asked about when whoever has asked cannot hear of it any more. (P3) */
export function passOn(
  questions: Questions,
  watcher: Watcher,
  passing: Passing,
  atLoss: "cancelled" | "forgotten",
  nowMs: number,
): void {
  const { subject } = watcher;
  const { peer, asked } = passing;
  const isNode = subject.kind === "node";
  const behalf = subject.kind === "client" ? subject.address : asked?.behalf;
  let stop = (_how: "cancelled" | "forgotten"): void => undefined;
  watcher.follow({
    fail: (error) => {
      const isTakenBack = error.code === "cancelled";
      stop(isTakenBack ? "cancelled" : atLoss); // (P2) (P3)
      watcher.failed(isNode && !isTakenBack ? error.withOutcome("unknown") : error);
    },
    abandon: () => {
      stop(atLoss); // (P2) (P3)
    },
  }); // first: it may be over before there is anything to give up
  stop = questions.ask(
    peer,
    {
      triesMax: 1, // (P1)
      origin: isNode ? asked?.relay?.origin : undefined,
      write: (writer, id, relay) => {
        passing.write(writer, id, behalf, relay);
      },
      answered: (value) => {
        try {
          passing.answered(value);
        } catch (error) {
          if (!(error instanceof MpregError)) throw error;
          watcher.failed(error);
        }
      },
      failed: (error, _atMs, wasAsked) => {
        const text = `The way to node "${peer.name}", ${passing.what}, is lost`;
        const outcome = wasAsked ? "unknown" : "not-applied";
        watcher.failed(error ?? new MpregError("node-lost", text, { node: peer.name, outcome })); // (P1)
      },
      event: (told) => passing.event?.(told),
    },
    nowMs,
  );
}

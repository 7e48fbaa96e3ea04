/**
 * Passing: what somebody wants to see of another node's requests is asked there for it, and passed on.
 *
 * What may be seen is decided in `watches.ts`.
 *
 * (P1) The other node is asked once: a second time it would tell everything again. Where the way to it is lost, that is told.
 * (P2) Whoever does not want to see it any more ends the asking; nothing is passed on after that.
 */
import { MpregError } from "../../base/index.js";
import type { EventMessage, Writer } from "../../wire/index.js";
import type { Questions } from "../clients/questions.js";
import type { Peer } from "../task.js";
import type { Watcher } from "./watcher.js";

/** What is asked of `peer` for whoever watches. */
export interface Passing {
  readonly peer: Peer;
  /** What the node is asked for, in messages: which coordinates request "0f1e2d3c-1a". */
  readonly what: string;
  /** Writes it with the address of the client, where it is one. */
  write(writer: Writer, id: number, behalf: string | undefined): void;
  /** Passes on what was answered. May throw why not. */
  answered(value: Uint8Array): void;
  event?(told: EventMessage): void;
}

export function passOn(questions: Questions, watcher: Watcher, passing: Passing, nowMs: number): void {
  const { subject } = watcher;
  const { peer } = passing;
  const behalf = subject.kind === "client" ? subject.address : undefined;
  let stop = (): void => undefined;
  watcher.follow({
    fail: (error) => {
      stop(); // (P2)
      watcher.failed(error);
    },
    abandon: () => {
      stop(); // (P2)
    },
  }); // first: it may be over before there is anything to give up
  stop = questions.ask(
    peer,
    {
      triesMax: 1, // (P1)
      write: (writer, id) => {
        passing.write(writer, id, behalf);
      },
      answered: (value) => {
        try {
          passing.answered(value);
        } catch (error) {
          if (!(error instanceof MpregError)) throw error;
          watcher.failed(error);
        }
      },
      failed: (error) => {
        const text = `The way to node "${peer.name}", ${passing.what}, is lost`;
        watcher.failed(error ?? new MpregError("node-lost", text, { node: peer.name })); // (P1)
      },
      event: (told) => passing.event?.(told),
    },
    nowMs,
  );
}

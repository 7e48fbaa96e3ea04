/**
 * Topic report: what topics of a node come to, asked here or through this node.
 *
 * What it says is the topics' own (`core/topics`); the question goes the way of those about requests.
 *
 * (R1) The node that is asked about decides whether whoever asks may know, and so does the one that passes the question on.
 */
import { MpregError } from "../../base/index.js";
import { writeTopicReport } from "../../wire/index.js";
import type { TopicReportFields } from "../caller/ask.js";
import { type Passing, passOn } from "../clients/passing.js";
import type { Questions } from "../clients/questions.js";
import type { RpcHost } from "../host.js";
import type { Peer } from "../task.js";
import type { Onlooker, TraceCodec } from "./onlooker.js";

export interface TopicReports {
  readonly host: RpcHost;
  readonly codec: TraceCodec;
  readonly questions: Questions;
}

/** Tells `onlooker`; `peer` is the node that is meant. Throws why not. */
export function reportTopics(
  { host, codec, questions }: TopicReports,
  { watcher, onBehalfOf, asked }: Onlooker,
  peer: Peer,
  { most }: TopicReportFields,
  nowMs: number,
): void {
  const decision = host.policy(watcher.subject, { kind: "topics", node: peer.name, onBehalfOf }); // (R1)
  if (!decision.allow) {
    throw new MpregError("denied", `Cannot tell of the topics of node "${peer.name}": ${decision.reason}`);
  }
  if (peer === host.self) return watcher.answeredWith(codec.encodeSummary(host.topicReport(most)));
  const passing: Passing = {
    peer,
    what: "whose topics were to be told of",
    asked,
    write: (writer, id, behalf, relay) => {
      writeTopicReport(writer, { id, most, node: relay?.target, behalf, relay });
    },
    answered: (report) => {
      watcher.answeredWith(report);
    },
  };
  passOn(questions, watcher, passing, "cancelled", nowMs);
}

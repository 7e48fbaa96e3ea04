/** Arbitraries over the messages of topics, and how they are written. */
import fc from "fast-check";
import {
  type WireFilter,
  type WireReplay,
  type Writer,
  beginPublishConfirmed,
  writeBacklogAsk,
  writeDeliver,
  writeEverywhere,
  writeForward,
  writeForwardOver,
  writeForwardReport,
  writeForwardedUntil,
  writeHandedBack,
  writeMissed,
  writePublish,
  writePublishRefused,
  writeSubscribe,
  writeSubscriptionEnded,
  writeTaken,
  writeToldOver,
  writeUnsubscribe,
} from "../../src/wire/index.js";
import {
  type Written,
  absent,
  bytes,
  name,
  names,
  of,
  plainError,
  questionRelay,
  text,
  u32,
  varint,
} from "./arbitraries.js";

export type OfTopics = Extract<
  Written,
  {
    kind:
      | "publish"
      | "publish-confirmed"
      | "subscribe"
      | "everywhere"
      | "unsubscribe"
      | "taken"
      | "deliver"
      | "missed"
      | "subscription-ended"
      | "publish-refused"
      | "forwarded-until"
      | "forward"
      | "forward-report"
      | "handed-back"
      | "forward-over"
      | "told-over"
      | "backlog-ask";
  }
>;

export function writeOfTopics(writer: Writer, message: OfTopics): void {
  switch (message.kind) {
    case "publish":
      return writePublish(writer, message.message);
    case "publish-confirmed":
      return void beginPublishConfirmed(writer, message.id, message.confirm).raw(message.message);
    case "subscribe":
      return writeSubscribe(writer, message);
    case "everywhere":
      return writeEverywhere(writer, message.id, message.number);
    case "backlog-ask":
      return writeBacklogAsk(writer, message);
    case "unsubscribe":
      return writeUnsubscribe(writer, message.number, message.drains);
    case "taken":
      return writeTaken(writer, message.number, message.bytes);
    case "deliver":
      return writeDeliver(writer, message.numbers, message.numbers.length, message.message);
    case "missed":
      return writeMissed(writer, message.number, message.count);
    case "subscription-ended":
      return writeSubscriptionEnded(writer, message.number, message.why, message.lost);
    case "publish-refused":
      return writePublishRefused(writer, message.messageId, message.error);
    case "forwarded-until":
      return writeForwardedUntil(writer, message.sequence);
    case "forward":
      return writeForward(writer, message);
    case "forward-report":
      return writeForwardReport(writer, message);
    case "handed-back":
      return writeHandedBack(writer, message);
    case "forward-over":
      return writeForwardOver(writer, message);
    case "told-over":
      return writeToldOver(writer, message);
  }
}

const filter: fc.Arbitrary<WireFilter> = fc.record({
  match: fc.constantFrom("all" as const, "any" as const),
  headers: fc.array(fc.tuple(text, fc.oneof(absent, text)), { maxLength: 4 }),
});
const replay: fc.Arbitrary<WireReplay> = fc.record({
  kind: fc.constantFrom("age" as const, "count" as const, "last" as const),
  value: varint,
});
const run = fc.uint8Array({ minLength: 8, maxLength: 8 });
const forwarded = {
  sequence: varint,
  groups: names,
  waitedMs: varint,
  isConfirmed: fc.constantFrom(true as const, undefined),
  tried: fc.oneof(absent, names),
  relay: questionRelay,
  message: bytes,
};

export const topicMessageOf: Record<OfTopics["kind"], fc.Arbitrary<Written>> = {
  publish: of("publish", { message: bytes }),
  "publish-confirmed": of("publish-confirmed", {
    id: u32,
    confirm: fc.constantFrom("local" as const, "subscribers" as const),
    message: bytes,
  }),
  subscribe: of("subscribe", {
    id: u32,
    number: varint,
    patterns: names,
    filter: fc.oneof(absent, filter),
    group: fc.oneof(absent, name),
    replay: fc.oneof(absent, replay),
    overflow: fc.oneof(absent, name),
    bufferMessagesMax: fc.oneof(absent, varint),
    bufferBytesMax: fc.oneof(absent, varint),
    windowBytes: fc.oneof(absent, varint),
  }),
  "backlog-ask": of("backlog-ask", {
    id: u32,
    patterns: names,
    replay,
    boot: varint,
    version: varint,
    filter: fc.oneof(absent, filter),
    keptFilter: fc.oneof(absent, filter),
    from: fc.oneof(absent, varint),
    until: fc.oneof(absent, varint),
    behalf: fc.oneof(absent, name),
    relay: questionRelay,
  }),
  everywhere: of("everywhere", { id: u32, number: varint }),
  unsubscribe: of("unsubscribe", { number: varint, drains: fc.oneof(absent, fc.constant(true)) }),
  taken: of("taken", { number: varint, bytes: varint }),
  deliver: of("deliver", { numbers: fc.array(varint, { minLength: 1, maxLength: 5 }), message: bytes }),
  missed: of("missed", { number: varint, count: varint.map((count) => count || Infinity) }),
  "subscription-ended": of("subscription-ended", { number: varint, why: name, lost: varint }),
  "publish-refused": of("publish-refused", { messageId: text, error: plainError }),
  "forwarded-until": of("forwarded-until", { sequence: varint }),
  forward: of("forward", forwarded),
  "handed-back": of("handed-back", {
    groups: names,
    waitedMs: varint,
    tried: fc.oneof(absent, names),
    sequence: fc.oneof(absent, varint),
    message: bytes,
  }),
  "forward-over": fc
    .tuple(
      fc.array(fc.tuple(fc.record({ target: name, sequence: varint, groups: names }), run), { maxLength: 3 }),
      fc.boolean(),
    )
    .chain(([ends, isNamed]) =>
      of("forward-over", {
        origin: name,
        run,
        ends: fc.constant(ends.map(([end]) => end)),
        runs: fc.constant(isNamed ? ends.map(([, each]) => each) : undefined),
        waitedMs: varint,
        isConfirmed: fc.constantFrom(true as const, undefined),
        tried: fc.oneof(absent, names),
        message: bytes,
      }),
    ),
  "told-over": of("told-over", {
    origin: name,
    run,
    target: name,
    targetRun: fc.oneof(absent, run),
    until: fc.oneof(absent, varint),
    taken: fc.oneof(absent, varint),
    report: fc.oneof(absent, fc.record({ sequence: varint, handed: varint, waiting: varint, lost: varint })),
    isUnreached: fc.constantFrom(true as const, undefined),
    handedBack: fc.oneof(
      absent,
      fc.record({
        groups: names,
        waitedMs: varint,
        tried: fc.oneof(absent, names),
        sequence: fc.oneof(absent, varint),
      }),
    ),
    message: bytes,
  }),
  "forward-report": of("forward-report", { sequence: varint, handed: varint, waiting: varint, lost: varint }),
};

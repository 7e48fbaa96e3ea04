import { describe, expect, test } from "vitest";
import {
  type Writer,
  kinds,
  writeAnswer,
  writeCredit,
  writeGoodbye,
  writeKeep,
  writePing,
  writeProbe,
  writeProbeAck,
  writeProbeReport,
  writeProbeRequest,
} from "../../src/wire/index.js";
import { type End, type EndOptions, Pair } from "../support/links.js";
import { frameOf, joined, messagesOf, rawMessage } from "../support/wire.js";

const client: EndOptions = {};
const a: EndOptions = { node: "a" };
const b: EndOptions = { node: "b" };

function connected(dialer: EndOptions, acceptor: EndOptions): Pair {
  const pair = new Pair(dialer, acceptor).settle();
  expect([pair.dialer.link.open, pair.acceptor.link.open]).toEqual([true, true]);
  return pair;
}

/** Queues a counted message of `bytes` bytes. */
function say(end: End, id: number, bytes = 10): number {
  writeAnswer(end.link.outbox.writer, id, new Uint8Array(bytes - 10));
  return end.link.outbox.commit();
}

function idsHeard(end: End): number[] {
  return end.messages.map((message) => (message.kind === "answer" ? message.id : NaN));
}

const coordinate = { vector: [0, 0, 0, 0, 0, 0, 0, 0], heightMs: 1, error: 1 };

const cancel = rawMessage(kinds.cancel, 0, 0, 0, 1);

describe("messages", () => {
  test("what one side queues the host of the other hears, in order and in one frame", () => {
    const pair = connected(a, b);
    for (const id of [1, 2, 3]) say(pair.dialer, id);
    let frames = 0;
    pair.settle((frame) => {
      frames += 1;
      return frame;
    });
    expect(idsHeard(pair.acceptor)).toEqual([1, 2, 3]);
    expect(frames).toBe(1);
  });

  test("what has waited for the transport is sent in frames that the far side accepts", () => {
    const pair = connected(a, b);
    pair.dialer.waitingBytes = Infinity;
    say(pair.dialer, 1);
    pair.dialer.link.flush();
    for (const id of [2, 3, 4]) say(pair.dialer, id, 500_000);
    expect(pair.dialer.sent).toHaveLength(1);
    pair.dialer.link.writable();
    expect(pair.dialer.sent.map((frame) => messagesOf(frame).length)).toEqual([1, 2, 1]);
  });

  test("the first messages of a long turn do not wait for its end (O5)", () => {
    const pair = connected(a, b);
    for (let id = 1; id <= 100; id++) say(pair.dialer, id, 1_000);
    const early = pair.dialer.sent.flatMap((frame) => messagesOf(frame)).length;
    expect(early).toBeGreaterThan(50);
    pair.dialer.link.flush();
    const ids = pair.dialer.sent.flatMap((frame) => messagesOf(frame)).map((message) => "id" in message && message.id);
    expect(ids).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  test("messages of unknown kinds reach the host of an open link, which may skip or refuse them", () => {
    const pair = connected(a, b);
    pair.acceptor.link.receive(joined(rawMessage(0x7f, 1), rawMessage(0xff, 0, 0, 0, 5)), 0);
    expect(pair.acceptor.messages.map(({ kind }) => kind)).toEqual(["skipped", "refused"]);
    expect(pair.acceptor.link.open).toBe(true);
  });

  test("bytes that are no message end the link, and the messages before them count", () => {
    const pair = connected(a, b);
    pair.acceptor.link.receive(joined(cancel, Uint8Array.of(0, 0, 0, 9)), 0);
    expect(pair.acceptor.messages.map(({ kind }) => kind)).toEqual(["cancel"]);
    expect(pair.acceptor.ends.map(({ code }) => code)).toEqual(["malformed"]);
    expect(pair.acceptor.pending).toMatchObject([{ kind: "goodbye", code: "malformed" }]);
  });

  test("what a host refuses as malformed ends the link, as does nothing else it throws", () => {
    const pair = connected(a, b);
    pair.acceptor.onMessage = () => {
      throw new Error("a fault of ours");
    };
    expect(() => {
      pair.acceptor.link.receive(cancel, 0);
    }).toThrow("a fault of ours");
    expect(pair.acceptor.ends).toEqual([]);
  });
});

describe("credit", () => {
  const small = { options: { windowBytes: 1_000 } };

  test("bytes are admitted as soon as the host has them, a quarter of the window at a time (L4)", () => {
    const pair = connected(a, { ...b, ...small });
    let heardBefore: number | undefined;
    pair.acceptor.onMessage = () => (heardBefore ??= pair.acceptor.link.outbox.queuedBytes);
    say(pair.dialer, 1, 249);
    pair.carry(pair.dialer, pair.acceptor);
    expect(heardBefore).toBe(0);
    expect(pair.acceptor.link.outbox.queuedBytes).toBe(0);
    say(pair.dialer, 2, 10);
    pair.carry(pair.dialer, pair.acceptor);
    pair.acceptor.link.flush();
    expect(pair.acceptor.pending).toEqual([{ kind: "credit", admittedBytes: 259 }]);
  });

  test("who asks for a sign of life hears how much is admitted, however little that is (L7)", () => {
    const pair = connected(a, b);
    const ping = (): void => {
      writePing(pair.dialer.link.outbox.writer, 7);
      pair.dialer.link.outbox.commitControl();
    };
    const told = (): unknown[] => {
      const { length } = pair.acceptor.pending;
      pair.carry(pair.dialer, pair.acceptor);
      pair.acceptor.link.flush();
      return pair.acceptor.pending.slice(length);
    };
    pair.acceptor.onMessage = () => pair.acceptor.link.hold();
    say(pair.dialer, 1, 20);
    ping();
    expect(told()).toEqual([{ kind: "pong", id: 7 }]); // it has read the message, and holds it
    pair.acceptor.onMessage = () => undefined;
    pair.acceptor.link.admit(20);
    say(pair.dialer, 2, 30);
    ping();
    expect(told()).toEqual([
      { kind: "pong", id: 7 },
      { kind: "credit", admittedBytes: 50 },
    ]);
    ping();
    expect(told()).toEqual([{ kind: "pong", id: 7 }]); // it knows
  });

  test("every byte is sent in the end, however small the window (L4)", () => {
    const pair = connected(a, { ...b, ...small });
    for (let id = 1; id <= 200; id++) say(pair.dialer, id, 10 + (id % 100));
    pair.settle();
    expect(idsHeard(pair.acceptor)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  });

  test("both windows may be full at once (L4)", () => {
    const pair = connected({ ...a, ...small }, { ...b, ...small });
    for (let id = 1; id <= 50; id++) for (const side of [pair.dialer, pair.acceptor]) say(side, id, 400);
    pair.settle();
    for (const side of [pair.dialer, pair.acceptor]) expect(idsHeard(side)).toHaveLength(50);
  });

  test("messages about the link itself cost no credit on either side", () => {
    const pair = connected(a, { ...b, options: { windowBytes: 4 } });
    for (let id = 1; id < 100; id++) {
      writePing(pair.dialer.link.outbox.writer, id);
      pair.dialer.link.outbox.commitControl();
    }
    say(pair.dialer, 1);
    pair.carry(pair.dialer, pair.acceptor);
    pair.acceptor.link.flush();
    const credits = pair.acceptor.pending.filter(({ kind }) => kind === "credit");
    expect(credits).toEqual([{ kind: "credit", admittedBytes: 10 }]);
  });

  const signsOfLife: readonly ((writer: Writer) => void)[] = [
    (writer) => writeProbe(writer, 1),
    (writer) => writeProbeAck(writer, { id: 1, running: 0, coordinate }),
    (writer) => writeProbeRequest(writer, { id: 1, target: "c", hopsLeft: 1 }),
    (writer) => writeProbeReport(writer, 1, true),
    (writer) => writeKeep(writer, "released"),
  ];

  test("probes, their answers and wishes to keep a link pass a window that is full, and cost no credit (O4)", () => {
    const pair = connected(a, { ...b, options: { windowBytes: 4 } });
    for (const id of [1, 2]) say(pair.dialer, id);
    for (const write of signsOfLife) {
      write(pair.dialer.link.outbox.writer);
      pair.dialer.link.outbox.commitControl();
    }
    pair.carry(pair.dialer, pair.acceptor);
    expect(pair.acceptor.messages.map(({ kind }) => kind)).toEqual([
      ...["answer", "probe", "probe-ack", "probe-request", "probe-report", "keep"],
    ]);
    pair.acceptor.link.flush();
    expect(pair.acceptor.pending).toEqual([{ kind: "credit", admittedBytes: 10 }]);
  });

  test("credit that was never used up is not believed", () => {
    const pair = connected(a, { ...b, ...small });
    pair.dialer.link.receive(
      frameOf((writer) => {
        writeCredit(writer, 2 ** 40);
      }),
      0,
    );
    for (let id = 1; id <= 5; id++) say(pair.dialer, id, 600);
    pair.dialer.link.flush();
    expect(pair.dialer.pending).toHaveLength(2);
  });
});

describe("the transport", () => {
  test("nothing more is given to it while it holds more than four megabytes", () => {
    const pair = connected(a, b);
    pair.dialer.waitingBytes = 4 * 1024 * 1024 + 1;
    say(pair.dialer, 1);
    pair.dialer.link.flush();
    say(pair.dialer, 2);
    pair.dialer.link.flush();
    expect(pair.dialer.pending).toHaveLength(1);
    pair.dialer.waitingBytes = 0;
    pair.dialer.link.writable();
    expect(pair.dialer.pending).toHaveLength(2);
    say(pair.dialer, 3);
    pair.dialer.link.flush();
    expect(pair.dialer.pending).toHaveLength(3);
  });

  test("four megabytes in it are not too many", () => {
    const pair = connected(a, b);
    pair.dialer.waitingBytes = 4 * 1024 * 1024;
    for (const id of [1, 2]) {
      say(pair.dialer, id);
      pair.dialer.link.flush();
    }
    expect(pair.dialer.pending).toHaveLength(2);
  });

  test("answers to pings that are not read do not pile up without end", () => {
    const pair = connected(client, { ...b, options: { queueBytesMax: 1_000 } });
    pair.acceptor.waitingBytes = Infinity;
    say(pair.acceptor, 1);
    pair.acceptor.link.flush();
    const ping = frameOf((writer) => {
      writePing(writer, 1);
    });
    for (let sent = 0; sent < 1_000; sent++) pair.acceptor.link.receive(ping, 0);
    expect(pair.acceptor.link.outbox.queuedBytes).toBeLessThan(1_100);
    expect(pair.acceptor.link.open).toBe(true);
  });
});

describe("silence", () => {
  test("a side that is silent is asked for a sign of life, and given up when it gives none", () => {
    const {
      dialer: { link, ends },
      dialer,
    } = connected(a, b);
    expect(link.nextDueMs).toBe(5_000);
    link.onDue(4_999);
    expect(link.outbox.queuedBytes).toBe(0);
    link.onDue(5_000);
    link.flush();
    expect(dialer.pending).toMatchObject([{ kind: "ping" }]);
    expect(link.nextDueMs).toBe(15_000);
    link.onDue(14_999);
    expect(link.open).toBe(true);
    link.onDue(15_000);
    expect(ends).toEqual([{ code: "silent", reason: "nothing heard for 15000 ms" }]);
    expect(link.nextDueMs).toBe(Infinity);
  });

  test("who may be asked earlier has as long to answer as anybody (L5)", () => {
    const { dialer } = connected(a, b);
    dialer.link.onDue(3_999, 1_000);
    expect(dialer.link.outbox.queuedBytes).toBe(0);
    dialer.link.onDue(4_000, 1_000);
    dialer.link.flush();
    expect(dialer.pending).toMatchObject([{ kind: "ping" }]);
    expect(dialer.link.nextDueMs).toBe(15_000);
    dialer.link.onDue(14_999, 1_000);
    expect(dialer.link.open).toBe(true);
    dialer.link.onDue(15_000, 1_000);
    expect(dialer.ends).toMatchObject([{ code: "silent" }]);
  });

  test("a side that stood still itself gives the other the time to answer (L5)", () => {
    const { dialer } = connected(a, b);
    dialer.link.onDue(60_000); // it could not hear anything in that time
    expect(dialer.link.open).toBe(true);
    expect(dialer.link.nextDueMs).toBe(70_000);
    dialer.link.onDue(69_999);
    expect(dialer.ends).toEqual([]);
    dialer.link.onDue(70_000);
    expect(dialer.ends).toMatchObject([{ code: "silent" }]);
  });

  test("the answer to a ping is a sign of life, and so is every other frame", () => {
    const pair = connected(a, b);
    pair.nowMs = 5_000;
    pair.dialer.link.onDue(5_000);
    pair.settle();
    expect(pair.dialer.link.nextDueMs).toBe(10_000);
    expect([pair.dialer.messages, pair.acceptor.messages]).toEqual([[], []]);
    pair.dialer.link.receive(cancel, 7_000);
    expect(pair.dialer.link.nextDueMs).toBe(12_000);
  });

  test("a ping is answered with its own id", () => {
    const { acceptor } = connected(a, b);
    acceptor.link.receive(
      frameOf((writer) => {
        writePing(writer, 77);
      }),
      0,
    );
    acceptor.link.flush();
    expect(acceptor.pending).toEqual([{ kind: "pong", id: 77 }]);
  });

  test("nobody is asked where the interval is 0", () => {
    const { dialer } = connected({ ...a, options: { pingIntervalMs: 0 } }, b);
    expect(dialer.link.nextDueMs).toBe(Infinity);
    dialer.link.onDue(1e9);
    expect(dialer.link.open).toBe(true);
  });
});

describe("the end", () => {
  test("whoever ends a link says why, and both hosts hear it once (L3)", () => {
    const pair = connected(a, b);
    const goodbye = { code: "closing", reason: "enough" } as const;
    pair.dialer.link.end(goodbye, 0);
    pair.settle();
    for (const { ends, closes, link } of [pair.dialer, pair.acceptor]) {
      link.end({ code: "closing", reason: "again" }, 0);
      link.lost({ code: "transport", reason: "cut" }, 0);
      expect([ends, closes]).toEqual([[goodbye], [goodbye]]);
      expect([link.open, link.closed]).toEqual([false, true]);
    }
  });

  test("what was queued before the goodbye arrives before it", () => {
    const pair = connected(a, b);
    say(pair.dialer, 1);
    pair.dialer.link.end({ code: "closing", reason: "" }, 0);
    pair.settle();
    expect(idsHeard(pair.acceptor)).toEqual([1]);
    expect(pair.acceptor.ends.map(({ code }) => code)).toEqual(["closing"]);
  });

  test("a transport that breaks is told once and not closed again (L3)", () => {
    const { dialer } = connected(a, b);
    dialer.link.lost({ code: "transport", reason: "cut" }, 0);
    dialer.link.lost({ code: "transport", reason: "cut" }, 0);
    expect([dialer.ends, dialer.closes]).toEqual([[{ code: "transport", reason: "cut" }], []]);
  });

  test("a link that never opened is told as well (L3)", () => {
    const { dialer } = new Pair(a, b);
    dialer.link.lost({ code: "transport", reason: "cut" }, 0);
    expect([dialer.ends.length, dialer.opened.length]).toEqual([1, 0]);
  });

  test("nothing is heard after the end, not even of the same frame (L3)", () => {
    const { acceptor } = connected(a, b);
    const goodbye = frameOf((writer) => {
      writeGoodbye(writer, "closing", "");
    });
    acceptor.link.receive(joined(goodbye, goodbye, cancel), 0);
    acceptor.link.receive(joined(goodbye, cancel), 0);
    acceptor.link.receive(cancel, 0);
    expect([acceptor.ends.length, acceptor.messages]).toEqual([1, []]);
  });

  test("nothing is sent after the end", () => {
    const { acceptor } = connected(a, b);
    acceptor.link.end({ code: "closing", reason: "" }, 0);
    acceptor.sent.length = 0;
    say(acceptor, 1);
    acceptor.link.flush();
    acceptor.link.writable();
    expect(acceptor.sent).toEqual([]);
  });

  test("a code of a newer version is read as closing", () => {
    const { acceptor } = connected(a, b);
    acceptor.link.receive(
      frameOf((writer) => {
        writeGoodbye(writer, "moving-house", "to Rome");
      }),
      0,
    );
    expect(acceptor.ends).toEqual([{ code: "closing", reason: "to Rome" }]);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { type Message, inspectSubject, kinds, writeFailure } from "../../src/wire/index.js";
import { frameOf, messagesOf, rawMessage, shapeOf, thrownBy, utf8 } from "../support/wire.js";
import { messageOf, write } from "./messages.js";

function errorOf(message: Message | undefined): MpregError {
  if (message?.kind === "failure") return message.error;
  throw new Error(`it is a ${message?.kind}`);
}

/** A failure of 1 whose outcome is number `outcome`. */
function failure(code: string, outcome: number, step = "", node = ""): Uint8Array {
  const text = (each: string): number[] => [each.length, ...utf8.encode(each)];
  return rawMessage(
    kinds.failure,
    0,
    0,
    0,
    1,
    Uint8Array.from([...text(code), outcome, ...text("why"), ...text(step), ...text(node)]),
  );
}

describe("answers", () => {
  test("an error that crosses a link is the one that was raised, without its cause (E2)", () => {
    fc.assert(
      fc.property(messageOf.failure, (message) => {
        const [read] = messagesOf(frameOf((writer) => write(writer, message)));
        expect(shapeOf(errorOf(read))).toEqual(shapeOf(errorOf(message)));
      }),
    );
    const error = new MpregError("handler-error", "it threw", { outcome: "applied", cause: new Error("secret") });
    const [read] = messagesOf(
      frameOf((writer) => {
        writeFailure(writer, 1, error);
      }),
    );
    expect(errorOf(read).cause).toBeUndefined();
  });

  test("a message is cut so that every error fits a message", () => {
    const [read] = messagesOf(
      frameOf((writer) => {
        writeFailure(writer, 1, new MpregError("handler-error", "e".repeat(1_000_000)));
      }),
    );
    expect(errorOf(read).message).toBe(`${"e".repeat(16_384)}…`);
  });

  test("a step that failed in a request that settles keeps its error (E2)", () => {
    fc.assert(
      fc.property(messageOf.results, (message) => {
        if (message.kind !== "results") return;
        const shapes = (read: Message | undefined): unknown => {
          if (read?.kind !== "results") return undefined;
          return read.reports?.map((report) => (report.status === "failed" ? shapeOf(report.error) : report));
        };
        expect(shapes(messagesOf(frameOf((writer) => write(writer, message)))[0])).toEqual(shapes(message));
      }),
    );
  });

  test("a code of a newer version is read as unsupported, with the code in the message", () => {
    const [read] = messagesOf(failure("out-of-tune", 2, "clean", "b"));
    expect(shapeOf(errorOf(read))).toEqual({
      code: "unsupported",
      message: "out-of-tune: why",
      outcome: "unknown",
      step: "clean",
      node: "b",
    });
  });

  test("an outcome of a newer version is not known here", () => {
    expect(errorOf(messagesOf(failure("deadline", 3))[0]).outcome).toBe("unknown");
  });

  test("a step report that nobody knows is malformed", () => {
    const results = rawMessage(kinds.results, 0, 0, 0, 1, 2, 0, 0, 0, 2, 1, 3, 0, 0);
    expect(thrownBy(() => messagesOf(results)).message).toBe("a step report with an unknown status");
  });

  test("a path segment is a key or a position, nothing else", () => {
    const request = rawMessage(kinds.request, 0, 0, 0, 1, ...Array<number>(9).fill(0), 0, 0, 1, 0, 1, 2);
    expect(messagesOf(request)).toMatchObject([
      { kind: "refused", id: 1, error: { message: "a path segment that is neither a key nor a position" } },
    ]);
  });

  test("only what a node knows of itself can be inspected", () => {
    expect(inspectSubject("functions")).toBe("functions");
    expect(shapeOf(thrownBy(() => inspectSubject("secrets")))).toMatchObject({
      code: "unsupported",
      message: 'Cannot inspect "secrets": a node can be asked for "nodes", "functions" and "cluster"',
    });
  });
});

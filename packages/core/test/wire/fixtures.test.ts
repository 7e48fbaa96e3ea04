/**
 * The bytes of every released version decode for ever.
 *
 * `fixtures/*.json` hold one message per example, as bytes (the length first) and as what they mean. They were written
 * once, from `samples.ts`, by `UPDATE_FIXTURES=1 npx vitest run packages/core/test/wire/fixtures.test.ts`. A new kind gets
 * a new file; a file that exists only changes while the version it belongs to has not been released.
 */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import type { Message } from "../../src/wire/index.js";
import { frameOf, messagesOf, shapeOf } from "../support/wire.js";
import { write, writtenKinds } from "./messages.js";
import { samples } from "./samples.js";

interface Example {
  readonly bytes: string;
  readonly message: unknown;
}

const folder = new URL("fixtures/", import.meta.url);

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** A message as JSON: bytes as `{ "hex": … }`, errors as what crosses the link of them; what is absent is not there, or null. */
function plain(part: unknown): unknown {
  if (part instanceof Uint8Array) return { hex: hexOf(part) };
  if (part instanceof MpregError) return plain(shapeOf(part));
  if (Array.isArray(part)) return part.map(plain);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([key, field]) => [key, plain(field)]));
}

function examplesIn(file: string): Example[] {
  // what a reviver calls undefined is left out
  return JSON.parse(readFileSync(new URL(file, folder), "utf8"), (_, part: unknown) => part ?? undefined) as Example[];
}

function decoded(hex: string): readonly Message[] {
  return messagesOf(new Uint8Array(Buffer.from(hex, "hex")));
}

describe("fixtures", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

  test("there is a fixture for every kind", () => {
    expect(files.toSorted()).toEqual(writtenKinds.map((kind) => `${kind}.json`).toSorted());
  });

  test.for(files)("the bytes in %s still mean what they meant", (file) => {
    const examples = examplesIn(file);
    expect(examples.length).toBeGreaterThan(0);
    for (const { bytes, message } of examples) expect(decoded(bytes).map(plain)).toEqual([message]);
  });

  test.for(writtenKinds)("a %s is still written as it was", (kind) => {
    const examples: Example[] = samples[kind].map((message) => {
      return { bytes: hexOf(frameOf((writer) => write(writer, message))), message: plain(message) };
    });
    if (process.env["UPDATE_FIXTURES"] === "1") {
      writeFileSync(new URL(`${kind}.json`, folder), `${JSON.stringify(examples, undefined, 2)}\n`);
    }
    expect(examplesIn(`${kind}.json`)).toEqual(examples);
  });
});

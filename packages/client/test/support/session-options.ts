/** What a session in a test is made with, where it says nothing else: as `connect` makes it. */
import { defaultLinkOptions } from "@mpreg/core/link";
import type { Codec } from "@mpreg/core/values";
import { defaultWireLimits } from "@mpreg/core/wire";
import type { SessionOptions } from "../../src/session.js";

export function sessionOptions(urls: readonly string[], codec: Codec): SessionOptions {
  return {
    urls,
    codec,
    limits: defaultWireLimits,
    link: { ...defaultLinkOptions, limits: defaultWireLimits },
    credentials: undefined,
    ca: undefined,
    timeoutMs: 10_000,
    inFlightMax: 50_000,
    line: { asksMax: 100_000, bytesMax: 256 * 1024 * 1024 },
    resumeBytesMax: 256 * 1024 * 1024,
    reconnect: true,
    discover: true,
  };
}

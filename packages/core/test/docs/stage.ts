/** A node on a stage: the real machine with a known key and known nonces, whose every frame can be told beforehand. */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { type Signer, createDefaultPolicy } from "../../src/base/index.js";
import { defaultLinkOptions } from "../../src/link/index.js";
import { defaultRedialOptions, profiles } from "../../src/membership/index.js";
import { type NodeInput, NodeMachine, type NodeOptions } from "../../src/node/index.js";
import { type Invocation, defaultRpcLimits } from "../../src/rpc/index.js";
import { defaultTopicsLimits } from "../../src/topics/index.js";
import { type Message, defaultWireLimits } from "../../src/wire/index.js";
import { semver } from "../support/semver.js";
import { messagesOf, utf8 } from "../support/wire.js";
import { codec } from "./examples.js";

/** The keys of the first two test vectors of RFC 8032, §7.1. */
export const keySeeds = {
  first: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
  second: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
} as const;

const pkcs8Prefix = "302e020100300506032b657004220420";
const spkiPrefix = "302a300506032b6570032100";

export function signerOf(seed: string): Signer {
  const key = createPrivateKey({ key: Buffer.from(pkcs8Prefix + seed, "hex"), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  return {
    publicKey: new Uint8Array(spki.subarray(spkiPrefix.length / 2)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
    verify: isSignature,
    sha256: (message) => new Uint8Array(createHash("sha256").update(message).digest()),
  };
}

export function isSignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.concat([Buffer.from(spkiPrefix, "hex"), publicKey]);
  return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
}

export interface StageOptions {
  readonly name: string;
  readonly keySeed: string;
  /** First byte of its nonces, which count up. */
  readonly nonceFirst: number;
  readonly resources?: readonly string[];
  readonly functions: Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
  readonly windowBytes?: number;
  /** What its random numbers are; 0 by default. */
  readonly draw?: number;
  /** How long every function takes; without it they take no time, and are said to have taken 0.17 ms. */
  readonly runMs?: number;
}

const link = 1;

/** What the wall clock shows at time 0. */
const epochMs = 1_795_164_200_000;

/** One node with one link. */
export class Stage {
  readonly machine: NodeMachine;
  /** What it has sent and nobody has taken. */
  #sent: Uint8Array[] = [];
  #invocations: Invocation[] = [];
  readonly #functions: StageOptions["functions"];
  readonly #runMs: number | undefined;
  nowMs = 0;
  closed = false;

  constructor({ name, keySeed, nonceFirst, resources = [], functions, windowBytes, draw = 0, runMs }: StageOptions) {
    this.#functions = functions;
    this.#runMs = runMs;
    const options: NodeOptions = {
      name,
      cluster: "default",
      resources,
      peers: [],
      urls: [`ws://${name}:9001`],
      policy: createDefaultPolicy({ cluster: "default" }),
      link: {
        ...defaultLinkOptions,
        windowBytes: windowBytes ?? defaultLinkOptions.windowBytes,
        limits: defaultWireLimits,
      },
      redial: defaultRedialOptions,
      membership: profiles.lan,
      incarnation: 1,
      rpc: defaultRpcLimits,
      topics: defaultTopicsLimits,
    };
    const random = {
      next: () => draw,
      bytes: (length: number) => Uint8Array.from({ length }, (_, index) => nonceFirst + index),
    };
    this.machine = new NodeMachine(
      options,
      { random, utf8, semver, signer: signerOf(keySeed), codec, wallMs: () => epochMs + this.nowMs },
      {
        dial: () => undefined,
        send: (_link, frame) => {
          this.#sent.push(frame);
          return 0;
        },
        close: () => {
          this.closed = true;
        },
        invoke: (invocation) => {
          this.#invocations.push(invocation);
        },
        revoke: () => false,
        abort: () => undefined,
        pull: () => undefined,
        streamed: () => undefined,
        streamFailed: () => undefined,
        settle: () => undefined,
        told: () => undefined,
        report: () => undefined,
        remember: () => undefined,
      },
    );
    const offer = {
      resources: [],
      version: undefined,
      tags: [],
      scope: "cluster",
      concurrencyMax: undefined,
      idempotent: "no",
    } as const;
    for (const fun of Object.keys(functions)) this.machine.handle({ kind: "register", offer: { ...offer, fun } }, 0);
    this.machine.handle({ kind: "start" }, 0);
  }

  /** A link opens: dialled by this node, or by the other side. */
  open(protocol: "native" | "json-v1", dialed = false): void {
    const attempt = dialed ? 1 : undefined;
    this.machine.handle({ kind: "link-opened", link, protocol, attempt, address: "127.0.0.1" }, this.nowMs);
    this.#endTurn();
  }

  receive(frame: Uint8Array): void {
    this.machine.handle({ kind: "link-bytes", link, bytes: frame }, this.nowMs);
    this.#endTurn();
  }

  /** Lets time pass, to the next thing that is due where nothing else is said. */
  wait(untilMs: number = this.machine.nextDueMs): void {
    this.nowMs = untilMs;
    this.machine.handle({ kind: "tick" }, this.nowMs);
    this.#endTurn();
  }

  /** Its program does something. */
  enter(input: NodeInput): void {
    this.machine.handle(input, this.nowMs);
    this.#endTurn();
  }

  /** The next frame it has sent, if there is one. */
  take(): Uint8Array | undefined {
    return this.#sent.shift();
  }

  #endTurn(): void {
    while (this.#invocations.length > 0) {
      const { id, fun, template, bound } = this.#invocations.shift()!;
      const args = codec.decodeTemplate(template, bound) as readonly unknown[];
      const result = codec.encode(this.#functions[fun]!(...args), "result");
      const timings =
        this.#runMs === undefined ? { queueUs: 20, runUs: 150 } : { queueUs: 0, runUs: this.#runMs * 1_000 };
      this.nowMs += this.#runMs ?? 0;
      this.machine.handle({ kind: "invoked", id, result, timings }, this.nowMs);
    }
    this.machine.flush(this.nowMs);
  }
}

export const echoes = {
  echo: (value: unknown) => value,
  echos: (...values: readonly unknown[]) => values,
};

/** Two nodes that are about to open a link. */
export function nodePair(options: Partial<StageOptions> = {}): { readonly dialer: Stage; readonly acceptor: Stage } {
  const dialer = new Stage({ name: "dialer", keySeed: keySeeds.first, nonceFirst: 0, draw: 0.25, functions: {} });
  const acceptor = new Stage({
    name: "acceptor",
    keySeed: keySeeds.second,
    nonceFirst: 0x80,
    draw: 0.75,
    functions: { train: () => null },
    resources: ["gpu"],
    ...options,
  });
  acceptor.open("native");
  dialer.open("native", true);
  return { dialer, acceptor };
}

/** Carries frames until neither has anything to say; answers what the acceptor has said. */
export function exchanged(dialer: Stage, acceptor: Stage): Message[] {
  const said: Message[] = [];
  for (;;) {
    const there = dialer.take();
    if (there !== undefined) acceptor.receive(there);
    const back = acceptor.take();
    if (back !== undefined) said.push(...messagesOf(back));
    if (back !== undefined) dialer.receive(back);
    if (there === undefined && back === undefined) return said;
  }
}

/**
 * Load: callers that never pause, and how each of their calls ended.
 *
 * (L1) Every call that was begun is counted once it has ended; none is left when `stop` has resolved.
 * (L2) A caller goes on after a loss; after anything else, it might fail for ever.
 */
import { randomInt } from "node:crypto";
import { type Client, MpregError } from "mpreg";

interface Call {
  readonly fun: string;
  /** The node that the caller is connected to. */
  readonly entry: string;
  /** How many calls had ended, of all callers, when this one began. */
  readonly begunAfter: number;
}

interface Answered {
  readonly kind: "answered";
  /** Who has answered. */
  readonly node: string;
  /** What was sent has come back. */
  readonly isRight: boolean;
}

interface Failed {
  readonly kind: "failed";
  readonly error: unknown;
  readonly atMs: number;
}

type Ended = (Answered | Failed) & Call;

export class Load {
  readonly ended: Ended[] = [];
  readonly #callers: Promise<void>[] = [];
  #isOver = false;

  /** Lets `count` callers call `fun` through `client` from now on. */
  start(client: Client, entry: string, fun: string, count: number): void {
    for (let caller = 0; caller < count; caller++) this.#callers.push(this.#callOnAndOn(client, entry, fun));
  }

  /** Lets no further call begin; resolves when the last has ended. (L1) */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#callers);
  }

  /** Names of those who have answered `fun`, to calls that began when so many others had ended. */
  answeredBy(fun: string, after: number = 0): ReadonlySet<string> {
    return new Set(this.#answered(fun, after).map(({ node }) => node));
  }

  /** Whether the node `entry` has got an answer of `fun` to a call that began when so many others had ended. */
  isServed(entry: string, fun: string, after: number): boolean {
    return this.#answered(fun, after).some((each) => each.entry === entry);
  }

  get failures(): readonly (Failed & Call)[] {
    return this.ended.filter((each) => each.kind === "failed");
  }

  #answered(fun: string, after: number): readonly (Answered & Call)[] {
    const answered = this.ended.filter((each) => each.kind === "answered");
    return answered.filter((each) => each.fun === fun && each.begunAfter >= after);
  }

  async #callOnAndOn(client: Client, entry: string, fun: string): Promise<void> {
    while (!this.#isOver) {
      const begunAfter = this.ended.length;
      const how = await callOnce(client, fun);
      this.ended.push({ ...how, fun, entry, begunAfter });
      if (how.kind === "failed" && !isLoss(how.error)) return; // (L2)
    }
  }
}

function isLoss(error: unknown): boolean {
  return error instanceof MpregError && error.code === "node-lost";
}

async function callOnce(client: Client, fun: string): Promise<Answered | Failed> {
  const value = randomInt(2 ** 40);
  try {
    const answer = await client.call<{ readonly node: string; readonly value: number }>(fun, [value]);
    return { kind: "answered", node: answer.node, isRight: answer.value === value };
  } catch (error) {
    return { kind: "failed", error, atMs: Date.now() };
  }
}

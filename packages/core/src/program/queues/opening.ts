/**
 * Opening: how a program comes to queues, and the types that a contract gives to them.
 *
 * (T1) A queue that the contract names has its types; what the contract does not name, and what is not known to the compiler, has those that the program says.
 * (T2) A function of the contract of functions that works off such a queue takes its messages, and answers its results.
 */
import type {
  AwaitedResult,
  CallArguments,
  CallResult,
  Contract,
  FunctionContract,
  GivenResult,
  QueueContract,
  ReceivedValue,
  SentValue,
} from "../../base/index.js";
import type { ConsumedMessage, FunctionConsumer } from "../../queues/index.js";
import type { WaitOptions } from "../api.js";
import type { Queue, QueueOptions, QueueReport, Spooled, SpooledChoice } from "./api.js";

/** The queue that is declared so. */
export type DeclaredQueue<D> = Queue<ReceivedValue<D>, AwaitedResult<D>, SentValue<D>, GivenResult<D>>;

/** `F`, where it takes messages that are declared so and answers their results; else nothing. (T2) */
type IfWorksOff<D, F extends FunctionContract, Name> =
  [ReceivedValue<D>] extends CallArguments<F>
    ? IfAnswers<D, F, Name>
    : [ReceivedValue<D>, ConsumedMessage] extends CallArguments<F>
      ? IfAnswers<D, F, Name>
      : never;

type IfAnswers<D, F extends FunctionContract, Name> = [CallResult<F>] extends [AwaitedResult<D>] ? Name : never;

/** The names of the functions that can work off a queue that is declared so. */
export type FunctionsFor<D, C extends Contract> = {
  [Name in keyof C & string]: IfWorksOff<D, C[Name], Name>;
}[keyof C & string];

/** A function consumer of a queue that is declared so. One that gets texts or bytes is not looked at. */
export type DeclaredConsumer<D, C extends Contract | undefined> = C extends Contract
  ? | (Omit<FunctionConsumer, "function" | "argument"> & {
        readonly function: FunctionsFor<D, C>;
        readonly argument?: "value" | undefined;
      })
    | (FunctionConsumer & { readonly argument: "text" | "bytes" })
  : FunctionConsumer;

/** Options of a queue that is declared so. */
export type DeclaredQueueOptions<D, C extends Contract | undefined> = Omit<QueueOptions, "consumer"> & {
  readonly consumer?: DeclaredConsumer<D, C> | undefined;
};

/** How queues are opened where there is a contract: by name; or, with a type that is given, as without one. (T1) */
export type OpenDeclared<Q extends QueueContract, C extends Contract | undefined> = <
  T = never,
  const Name extends string = string,
>(
  name: Name,
  options?: Name extends keyof Q ? DeclaredQueueOptions<Q[Name], C> : QueueOptions,
) => [T] extends [never] ? (Name extends keyof Q ? DeclaredQueue<Q[Name]> : Queue) : Queue<T>;

/** How queues are opened. */
export type OpenQueue<Q extends QueueContract | undefined, C extends Contract | undefined> = Q extends QueueContract
  ? OpenDeclared<Q, C>
  : <T = unknown, R = unknown>(name: string, options?: QueueOptions) => Queue<T, R>;

/** Queues, as a program speaks of them; `Q` says what is in them and `C` what functions take, where the program has said so. */
export interface QueueCalls<
  Q extends QueueContract | undefined = undefined,
  C extends Contract | undefined = undefined,
> {
  /**
   * A queue by its name. With `options` it is created before it is first used, unless it is there. One that the contract of queues names has its types; a type that is
   * given goes before them, but not before its schemas.
   *
   * ```ts fragment
   * const orders = client.queue<Order>("orders", { maxReceives: 5, deadLetter: "orders-dead" });
   * await orders.send({ id: 42 });
   * ```
   */
  readonly queue: OpenQueue<Q, C>;
  /** The queues that nodes of the cluster have just now, by name. */
  readonly queues: (options?: WaitOptions) => Promise<readonly string[]>;
  /**
   * What all queues of the cluster have, and what they have done, by name: one request to each node for 500 of them. Left out are those that may not be looked at, and
   * those of nodes of earlier versions.
   */
  readonly queueStats: (options?: WaitOptions) => Promise<readonly QueueReport[]>;
  /** What nodes keep for queues that are elsewhere: sends (`accept: "spool"`), and dead letters on their way to a queue of another node. */
  readonly spooled: (options?: WaitOptions) => Promise<readonly Spooled[]>;
  /**
   * Has messages handed on that nodes have set aside ({@link SpooledFor.refused}), behind all that waits there for the same queue; answers how many. Left out is what
   * is for a queue that no node has just now, and what its queue may have taken and has not been asked about yet.
   *
   * Rejects with `denied` where `queue` may not be managed, `storage-failed`, and as all calls do; what was done by then stands.
   */
  readonly retrySpooled: (which: SpooledChoice, options?: WaitOptions) => Promise<number>;
  /** Throws such messages away, for good; answers how many. Rejects as {@link retrySpooled} does. */
  readonly discardSpooled: (which: SpooledChoice, options?: WaitOptions) => Promise<number>;
}

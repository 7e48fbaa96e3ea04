/**
 * Plan fed: a world of queues as `plan-more.ts` makes it, in which queues are also fed by schedules and topics, and worked off by functions, and clients send
 * and wait.
 *
 * (F1) What must be exact of those queues is not blurred: nobody purges or deletes them, and nothing of them expires or makes room.
 */
import { SeededRandom } from "../capabilities/random.js";
import { planMoreQueues } from "./plan-more.js";
import type {
  PlannedFeed,
  PlannedQueue,
  PlannedQueueFunction,
  PlannedSchedule,
  PlannedSend,
  QueuesPlan,
} from "./plan.js";

/** What a queue has beside what clients do with it. */
type Role = "scheduled" | "fed" | "worked" | "plain";

const fun = "work";

function roleOf({ name, settings }: PlannedQueue, random: SeededRandom): Role {
  const isLast = name.endsWith("-dead") || settings.guarantee?.kind === "fire-and-forget";
  if (isLast) return "plain";
  const isOnce = settings.guarantee?.kind === "at-least-once";
  return random.pick<Role>(isOnce ? ["scheduled", "fed", "worked", "worked"] : ["scheduled", "fed"]);
}

/** (F1) */
function changed(queue: PlannedQueue, role: Role, random: SeededRandom): PlannedQueue {
  if (role === "plain") return queue;
  const { ttlMs: _, messagesMax: __, overflow: ___, ...settings } = queue.settings;
  if (role === "scheduled") return { ...queue, settings };
  if (role === "fed") return { ...queue, settings: { ...settings, topics: [`feed.${queue.name}.#`] } };
  const consumer = { function: fun, concurrency: random.integer(1, 4) };
  return { ...queue, settings: { ...settings, consumer } };
}

function planFunction(plan: QueuesPlan, random: SeededRandom): PlannedQueueFunction {
  const nodes = random.shuffled(plan.nodes.map(({ name }) => name)).slice(0, random.integer(1, 3));
  return { name: fun, nodes, takesMs: [0, random.integer(1, 400)], failureRatio: random.pick([0, 0.1, 0.4]) };
}

/** To a queue that a function works off most are sent by who waits for the result. */
function planAwaited(send: PlannedSend, random: SeededRandom): PlannedSend {
  const plain = { ...send, idempotencyKey: undefined, afterLast: undefined };
  if (!random.chance(0.6)) return plain;
  const resultWithinMs = random.integer(100, 5_000);
  return { ...plain, isBatch: false, accept: undefined, resultWithinMs, awaited: random.pick(["stay", "withdraw"]) };
}

export function planFedQueues(seed: number): QueuesPlan {
  const plan = planMoreQueues(seed);
  const random = new SeededRandom(seed).split("fed");
  const { clients, durationMs } = plan;
  const roles = new Map(plan.queues.map((queue) => [queue.name, roleOf(queue, random.split(`role ${queue.name}`))]));
  const having = (role: Role): string[] => [...roles].flatMap(([name, is]) => (is === role ? [name] : []));
  const isWorked = (name: string): boolean => roles.get(name) === "worked";
  const schedules = having("scheduled").flatMap((queue): PlannedSchedule[] => {
    const of = random.split(`schedules ${queue}`);
    return Array.from({ length: of.integer(1, 2) }, () => ({
      client: of.integer(0, clients.length - 1),
      atMs: of.between(0, durationMs * 0.5),
      queue,
      everyMs: of.integer(150, 1_500),
      missed: of.pick(["all", "all", "one", "skip"]),
    }));
  });
  const publishes = having("fed").flatMap((queue): PlannedFeed[] => {
    const of = random.split(`publishes ${queue}`);
    return Array.from({ length: of.integer(10, 60) }, () => ({
      client: of.integer(0, clients.length - 1),
      atMs: of.between(0, durationMs),
      queue,
      topic: `feed.${queue}.${of.pick(["a", "b", "c"])}`,
    }));
  });
  return {
    ...plan,
    queues: plan.queues.map((queue) => changed(queue, roles.get(queue.name) ?? "plain", random.split(queue.name))),
    sends: plan.sends.map((send, index) =>
      isWorked(send.queue) ? planAwaited(send, random.split(`send ${index}`)) : send,
    ),
    consumers: plan.consumers.filter(
      ({ queue }, index) => !isWorked(queue) || random.split(`consumer ${index}`).chance(0.3),
    ),
    work: plan.work.filter(({ queue, what }) => {
      const isPlain = (roles.get(queue) ?? "plain") === "plain";
      return isPlain || (what !== "purge" && what !== "delete");
    }),
    schedules,
    publishes,
    functions: [planFunction(plan, random.split("functions"))],
  };
}

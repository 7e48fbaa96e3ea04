/**
 * Plan letters: a world of queues as `plan-more.ts` makes it, in which dead letters are made, looked at and moved back, and queues are purged and deleted
 * meanwhile.
 *
 * (L1) What a queue of dead letters has is looked at before it is moved, purged or deleted: what is seen later can be told from that.
 * (L2) Some queues of dead letters are on another node than theirs, where both have stores.
 * (L3) Nodes also keep messages for queues that are deleted meanwhile: these are created again in the end.
 */
import { SeededRandom } from "../capabilities/random.js";
import { planMoreQueues } from "./plan-more.js";
import type { PlannedConsumer, PlannedQueue, PlannedSend, PlannedWork, QueuesPlan } from "./plan.js";

const deadSuffix = "-dead";

/** A queue and, where it can have one, that of its dead letters before it. */
function withLetters(queue: PlannedQueue, stores: readonly string[], random: SeededRandom): PlannedQueue[] {
  const { name, owner, settings } = queue;
  const isMany = random.chance(0.8);
  if (settings.guarantee?.kind === "fire-and-forget" || !isMany) return [queue];
  const { durable = true } = settings;
  const order = random.chance(0.7) ? "fifo" : (settings.order ?? "standard");
  const elsewhere = random.chance(0.5) ? random.pick(stores) : owner;
  const letters: PlannedQueue = {
    name: `${name}${deadSuffix}`,
    owner: durable ? elsewhere : owner, // (L2)
    settings: { durable, order, visibilityMs: 400, keyWindowMs: 3_000 },
    subscriptions: [],
  };
  const { ttlMs: _, ...rest } = settings;
  const own = { ...rest, order, maxReceives: random.integer(1, 3), deadLetter: letters.name };
  return [letters, { ...queue, settings: own }];
}

/** Most of what it receives fails. */
function failing(consumer: PlannedConsumer, random: SeededRandom): PlannedConsumer {
  const habits = { release: random.pick([0.3, 0.6, 0.9]), forget: random.pick([0, 0.1, 0.2]), extend: 0, late: 0 };
  return { ...consumer, habits, max: random.chance(0.7) ? 1 : consumer.max };
}

function planWork({ queues, clients, durationMs }: QueuesPlan, random: SeededRandom): PlannedWork[] {
  const work: PlannedWork[] = [];
  for (const { name } of queues) {
    const of = random.split(name);
    const plan = (what: PlannedWork["what"], atMs: number): void => {
      work.push({ client: of.integer(0, clients.length - 1), atMs, queue: name, what });
    };
    const isDead = name.endsWith(deadSuffix);
    for (let time = isDead ? of.integer(1, 5) : 0; time > 0; time--) {
      const atMs = of.between(durationMs * 0.2, durationMs);
      plan("browse", atMs); // (L1)
      plan("redrive", atMs + of.between(0, 100));
      if (of.chance(0.15)) plan("cancel", atMs + of.between(50, 600));
    }
    const wipes = { purge: isDead ? 0.3 : 0.4, delete: isDead ? 0.1 : 0.2 };
    for (const what of ["purge", "delete"] as const) {
      if (!of.chance(wipes[what])) continue;
      const atMs = of.between(durationMs * 0.3, durationMs);
      if (isDead) plan("browse", atMs - of.between(20, 200)); // (L1)
      plan(what, atMs);
    }
    plan("stats", of.between(0, durationMs));
  }
  return work;
}

export function planLetterQueues(seed: number): QueuesPlan {
  const plan = planMoreQueues(seed);
  const random = new SeededRandom(seed).split("letters");
  const stores = plan.nodes.flatMap(({ name, store }) => (store ? [name] : []));
  const queues = plan.queues
    .filter(({ name }) => !name.endsWith(deadSuffix))
    .flatMap(({ settings: { maxReceives: _, deadLetter: __, ...settings }, ...queue }) =>
      withLetters({ ...queue, settings }, stores, random.split(queue.name)),
    );
  const durable = new Set(queues.flatMap(({ name, settings }) => (settings.durable === true ? [name] : [])));
  const all = { ...plan, queues };
  return {
    ...all,
    sends: plan.sends.map((send, index): PlannedSend => {
      const of = random.split(`send ${index}`);
      if (!durable.has(send.queue) || !of.chance(0.4)) return send;
      return { ...send, dedup: undefined, accept: "spool" }; // (L3)
    }),
    consumers: plan.consumers.flatMap((consumer, index) => {
      const of = random.split(`consumer ${index}`);
      const isDead = consumer.queue.endsWith(deadSuffix);
      return isDead ? [] : [of.chance(0.7) ? failing(consumer, of) : consumer];
    }),
    work: planWork(all, random.split("work")),
    ending: { restarts: random.chance(0.3) },
  };
}

/**
 * Drive: carries a plan out in a world: clients connect, move and ask, functions come and go.
 *
 * (D1) A client without a link asks nothing; it dials until it has one.
 */
import type { Ask, Settled } from "@mpreg/core/rpc";
import { codec } from "../capabilities/codec.js";
import { applyFaults } from "../faults/schedule.js";
import type { FunctionDefinition } from "../node/node.js";
import { World, type WorldOptions } from "../world.js";
import { handlerOf } from "./functions.js";
import type { Ledger } from "./ledger.js";
import { Part, type Plan, type PlannedAsk, type PlannedClient } from "./plan.js";
import { vandalize } from "./vandal.js";

/** Hears how each ask of the plan went. */
export interface DriveListener {
  answered(ask: PlannedAsk, settled: Settled): void;
}

const redialMs = 50;

/** The world of a plan, with nothing under way but its nodes. */
export function worldOf(plan: Plan, ledger: Ledger, options: Partial<WorldOptions> = {}): World {
  const nodes = plan.nodes.map(({ name, resources, peers, clockRate, functions }) => ({
    name,
    resources,
    peers,
    clockRate,
    functions: Object.fromEntries(
      functions.map(({ fun, behaviour, resources: own }): [string, FunctionDefinition] => {
        return [fun, { handler: handlerOf(behaviour, ledger.of(name)), resources: own }];
      }),
    ),
  }));
  return new World({ seed: plan.seed, nodes, limits: plan.limits, network: plan.network, ...options });
}

/** Sets everything that the plan says, counted from now. */
export function drive(world: World, plan: Plan, ledger: Ledger, listener: DriveListener): void {
  const asks = new Asks(world, listener);
  for (const change of plan.changes) changeFunctions(world, change, ledger);
  for (const client of plan.clients) driveClient(world, client, plan.durationMs);
  for (const ask of plan.asks) {
    world.after(ask.atMs, () => {
      asks.start(ask);
    });
  }
  plan.vandals.forEach((vandal, index) => {
    world.after(vandal.atMs, () => {
      vandalize(world, vandal, `vandal-${index}`);
    });
  });
  for (const { atMs, node, byMs } of plan.clockSteps) {
    world.after(atMs, () => {
      world.node(node).setWallClock(byMs);
    });
  }
  applyFaults(world, plan.faults);
}

function changeFunctions(
  world: World,
  { node: name, fun, fromMs, untilMs }: Plan["changes"][number],
  ledger: Ledger,
): void {
  const node = world.node(name);
  const handler = handlerOf(fun.behaviour, ledger.of(name));
  const come = (): void => {
    if (node.state === "down")
      world.after(100, come); // a late function comes all the same
    else if (!node.offers(fun.fun)) node.register(fun.fun, handler, { resources: fun.resources });
  };
  world.after(fromMs, come);
  if (untilMs === Infinity) return;
  world.after(untilMs, () => {
    if (node.state !== "down") node.unregister(fun.fun);
  });
}

function driveClient(world: World, { name, node, moves }: PlannedClient, durationMs: number): void {
  const client = world.client(name);
  const overMs = world.nowMs + durationMs;
  let wanted = node;
  const dial = (): void => {
    client.open(wanted, (error) => {
      if (error !== undefined && world.nowMs < overMs) world.after(redialMs, dial); // (D1)
    });
  };
  client.onLost = () => {
    if (world.nowMs < overMs) world.after(redialMs, dial);
  };
  dial();
  for (const move of moves) {
    world.after(move.atMs, () => {
      wanted = move.node;
      dial();
    });
  }
}

/** The asks that are made, and their ends: of those that were cancelled too, where an end is heard. */
class Asks {
  readonly #world: World;
  readonly #listener: DriveListener;
  readonly #made = new Map<string, PlannedAsk>();
  #starting: PlannedAsk | undefined;

  constructor(world: World, listener: DriveListener) {
    this.#world = world;
    this.#listener = listener;
    world.observers.add((observation) => {
      if (observation.kind !== "asked" && observation.kind !== "answered") return;
      const key = `${observation.asker} ${observation.id}`;
      if (observation.kind === "asked") {
        if (this.#starting !== undefined) this.#made.set(key, this.#starting);
        return;
      }
      const planned = this.#made.get(key);
      if (planned !== undefined) listener.answered(planned, observation.settled);
    });
  }

  start(planned: PlannedAsk): void {
    const { asker, cancelAfterMs } = planned;
    const client = this.#world.clients.get(asker);
    const node = client === undefined ? this.#world.node(asker) : undefined;
    if (node?.state === "down" || (node === undefined && client?.node === undefined)) return; // (D1)
    this.#starting = planned;
    const withdraw = (client ?? this.#world.node(asker)).ask(encodeAsk(planned), (settled) => {
      // every other end was heard already
      if (isLost(settled)) this.#listener.answered(planned, settled);
    });
    this.#starting = undefined;
    if (cancelAfterMs !== undefined) this.#world.after(cancelAfterMs, withdraw);
  }
}

/** Told by the asker itself, which has lost its link or is part of a node that is down. */
function isLost(settled: Settled): boolean {
  return settled.kind === "failed" && settled.error.code === "not-connected";
}

/** The ask as it goes over the wire. */
export function encodeAsk(planned: PlannedAsk): Ask {
  const { kind, settle, waitForCapacityMs, timeoutMs, summary, outputs } = planned;
  const steps = planned.steps.map(({ token, fun, resources, args, timeoutMs: stepTimeoutMs }) => {
    const bindings: Part[] = [];
    const template = codec.encodeTemplate([token, ...args], token, (part) => {
      return part instanceof Part ? bindings.push(part) - 1 : undefined;
    });
    return { name: token, fun, resources, template, bindings, timeoutMs: stepTimeoutMs, terms: undefined };
  });
  const [first] = steps;
  if (kind === "call" && first !== undefined) {
    const { fun, resources, template: args } = first;
    const ownMs = Math.min(timeoutMs || Infinity, first.timeoutMs || Infinity);
    const own = { timeoutMs: ownMs === Infinity ? 0 : ownMs, terms: undefined };
    return { kind, fields: { fun, resources, args, waitForCapacityMs, summary, ...own } };
  }
  return { kind: "request", fields: { steps, outputs, settle, waitForCapacityMs, timeoutMs, summary } };
}

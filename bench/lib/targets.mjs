/**
 * What mpreg wants to reach with requests: each target is a bound on a figure, or on a ratio of two figures of the same run.
 */

import { judgeMedians } from "./verdicts.mjs";

/**
 * @typedef {import("./verdicts.mjs").Bound & {
 *   measure: (median: (contestant: string, figure: string) => number) => number }} Target `measure`: from the medians of a run
 */

/** @type {Target[]} */
export const targets = [
  {
    id: "echo-64-moleculer",
    text: "echo, 64 in flight, against Moleculer over TCP",
    bound: "at least",
    limit: 2,
    unit: "×",
    measure: (median) => median("mpreg-echo", "callsPerSecondAt64") / median("moleculer-tcp", "callsPerSecondAt64"),
  },
  {
    id: "echo-64-bare",
    text: "echo, 64 in flight, against bare batched WebSocket frames",
    bound: "at least",
    limit: 0.5,
    unit: "×",
    measure: (median) => median("mpreg-echo", "callsPerSecondAt64") / median("ws-batch-msgpack", "callsPerSecondAt64"),
  },
  {
    id: "echo-512-bare",
    text: "echo, 512 in flight, against bare batched WebSocket frames",
    bound: "at least",
    limit: 0.5,
    unit: "×",
    measure: (median) =>
      median("mpreg-echo", "callsPerSecondAt512") / median("ws-batch-msgpack", "callsPerSecondAt512"),
  },
  {
    id: "echo-sequential",
    text: "echo, one at a time, p50 against a bare WebSocket message",
    bound: "at most",
    limit: 1.5,
    unit: "×",
    measure: (median) => median("mpreg-echo", "sequentialP50Us") / median("ws-msgpack", "sequentialP50Us"),
  },
  {
    id: "relay-64",
    text: "the same call on a second node behind the entry, 64 in flight, against the direct rate",
    bound: "at least",
    limit: 0.6,
    unit: "×",
    measure: (median) => median("mpreg-relay", "callsPerSecondAt64") / median("mpreg-echo", "callsPerSecondAt64"),
  },
  {
    id: "relay-512",
    text: "the same call on a second node behind the entry, 512 in flight, against the direct rate",
    bound: "at least",
    limit: 0.6,
    unit: "×",
    measure: (median) => median("mpreg-relay", "callsPerSecondAt512") / median("mpreg-echo", "callsPerSecondAt512"),
  },
  {
    id: "chain-p50",
    text: "4-step chain across three nodes, p50 against a single remote call",
    bound: "at most",
    limit: 3,
    unit: "×",
    measure: (median) => median("mpreg-chain", "chainP50Us") / median("mpreg-chain", "remoteCallP50Us"),
  },
  {
    id: "chain-rate",
    text: "4-step chains across three nodes, 64 in flight",
    bound: "at least",
    limit: 30_000,
    unit: "steps/s",
    measure: (median) => median("mpreg-chain", "stepsPerSecondAt64"),
  },
  {
    id: "fan",
    text: "1,000-step fan-out and fan-in on one node",
    bound: "at most",
    limit: 40,
    unit: "ms",
    measure: (median) => median("mpreg-fan", "wallMs"),
  },
  {
    id: "fan-remote",
    text: "1,000-step fan-out and fan-in, the middle on two nodes behind the entry",
    bound: "at most",
    limit: 40,
    unit: "ms",
    measure: (median) => median("mpreg-fan-remote", "wallMs"),
  },
  {
    id: "memory-idle",
    text: "resident memory of an idle `mpreg start`",
    bound: "at most",
    limit: 90,
    unit: "MB",
    measure: (median) => median("mpreg-start", "idleMb"),
  },
  {
    id: "memory-clients",
    text: "resident memory that 200 idle clients add to it",
    bound: "at most",
    limit: 20,
    unit: "MB",
    measure: (median) => median("mpreg-start", "addedBy200ClientsMb"),
  },
];

/**
 * @param {Record<string, import("./rounds.mjs").Outcome>} outcomes
 * @returns {import("./verdicts.mjs").Verdict[]}
 */
export function judge(outcomes) {
  return judgeMedians(targets, outcomes);
}

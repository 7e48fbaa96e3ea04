/**
 * Re-routing: how soon a call that a lost node was running is given to another one, by the caller's own clock.
 *
 * A killed process breaks its connections, so what counts is the time from the broken link. One that is stopped (SIGSTOP)
 * leaves them as they are: what counts is the time from when the caller's node has found it out, which membership measures.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { withChildren } from "../lib/child.mjs";
import { monotonicMs } from "../lib/monotonic.mjs";
import { summarize } from "../lib/stats.mjs";

const memberModule = new URL("../mpreg/reroute-member.mjs", import.meta.url);
const profile = "local";
const callEveryMs = 20;
const settleMs = 1_000;
/** Long enough for a silent node to be taken for down, and for what it ran to be run again. */
const afterMs = { SIGKILL: 500, SIGSTOP: 4_000 };

/**
 * @typedef {import("../lib/stats.mjs").Summary} Summary
 * @typedef {object} Row
 * @property {"SIGKILL" | "SIGSTOP"} signal
 * @property {number} lost nodes
 * @property {Summary} noticedMs from the signal until the caller's node knew: the link has broken, or the node is lost
 * @property {Summary} reroutedMs from then until each call that ran there was given to another node
 * @property {number} failed calls
 * @typedef {{ profile: string, rows: Row[] }} Reroutes
 */

/** @type {import("./measurement.mjs").Measurement} */
export const reroutes = {
  name: "reroutes",
  title: "real processes: from the loss of a node until its calls run elsewhere",
  measure: async ({ reroutes: { nodes, kills, freezes } }, onProgress) => {
    /** @type {Row[]} */
    const rows = [];
    for (const [signal, count] of /** @type {const} */ ([
      ["SIGKILL", kills],
      ["SIGSTOP", freezes],
    ])) {
      const losses = [];
      for (let loss = 0; loss < count; loss++) losses.push(await loseOne(nodes, signal));
      const row = {
        signal,
        lost: losses.length,
        noticedMs: summarize(losses.map(({ noticedMs }) => noticedMs)),
        reroutedMs: summarize(losses.flatMap(({ reroutedMs }) => reroutedMs)),
        failed: losses.reduce((sum, { failed }) => sum + failed, 0),
      };
      rows.push(row);
      onProgress(
        `${signal}: ${row.reroutedMs.count} calls given to others within ${row.reroutedMs.max.toFixed(1)} ms of when it was known, ` +
          `which was after ${row.noticedMs.max.toFixed(1)} ms at most; ${row.failed} failed`,
      );
    }
    return { profile, rows };
  },
};

/**
 * One node of a fresh mesh is lost while another one calls.
 *
 * @param {number} count of nodes that offer the function
 * @param {Row["signal"]} signal
 */
function loseOne(count, signal) {
  return withChildren(async (open) => {
    const caller = open(memberModule);
    const seed = await caller.call("open", { name: "caller", peers: [], profile, offers: false });
    const members = Array.from({ length: count }, (_, index) => ({ name: `n${index}`, child: open(memberModule) }));
    for (const { name, child } of members) await child.call("open", { name, peers: [seed], profile, offers: true });
    await caller.call("awaitOffers", count);
    await caller.call("startCalls", callEveryMs);
    await sleep(settleMs);
    const victim = members[0];
    const lostMs = monotonicMs();
    process.kill(victim.child.pid, signal);
    await sleep(afterMs[signal]);
    return figuresOf(await caller.call("stopCalls"), { victim: victim.name, lostMs, signal });
  });
}

/**
 * @param {{ calls: import("../mpreg/reroute-member.mjs").Call[], news: import("../mpreg/reroute-member.mjs").News[] }} noted
 * @param {{ victim: string, lostMs: number, signal: Row["signal"] }} loss
 * @returns {{ noticedMs: number, reroutedMs: number[], failed: number }}
 */
export function figuresOf({ calls, news }, { victim, lostMs, signal }) {
  const known = news.find(({ kind, name, atMs }) => {
    return (
      name === victim && atMs >= lostMs && (kind === "link-lost" || (kind === "node-lost" && signal === "SIGSTOP"))
    );
  });
  if (known === undefined)
    throw new Error(`The caller's node has not heard within ${afterMs[signal]} ms that ${victim} is lost`);
  const reroutedMs = calls.flatMap(({ startedOn }) => {
    const at = startedOn.findIndex(({ node, atMs }) => node === victim && atMs <= known.atMs);
    const next = at === -1 ? undefined : startedOn[at + 1];
    // it may be given away in the same moment, before this program is told what the node knows
    return next === undefined || next.atMs < lostMs ? [] : [Math.max(0, next.atMs - known.atMs)];
  });
  if (reroutedMs.length === 0) throw new Error(`Nothing ran on ${victim} when it was lost`);
  return { noticedMs: known.atMs - lostMs, reroutedMs, failed: calls.filter(({ code }) => code !== null).length };
}

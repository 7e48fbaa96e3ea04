/** A mesh of real processes: every node in one of its own, all told of the first, as users start them. */
import { withChildren } from "../lib/child.mjs";

const memberModule = new URL("member.mjs", import.meta.url);
const formsWithinMs = 60_000;

/**
 * @typedef {{ name: string, child: import("../lib/child.mjs").Child }} Member
 * @typedef {{ members: Member[], formingMs: number }} Mesh `formingMs`: from the start of the last node until every node
 *   believed that all are alive
 */

/**
 * Runs `work` with a mesh that has formed and whose processes are gone when it ends.
 *
 * @template T
 * @param {{ nodes: number, profile: string, functions?: string[] }} wanted
 * @param {(mesh: Mesh) => Promise<T>} work
 * @returns {Promise<T>}
 */
export function withMesh({ nodes, profile, functions = [] }, work) {
  return withChildren(async (open) => {
    const members = Array.from({ length: nodes }, (_, index) => ({ name: `n${index}`, child: open(memberModule) }));
    const start = async (/** @type {Member} */ { name, child }, /** @type {string[]} */ peers) => {
      const started = await child.call("open", { name, peers, profile, functions });
      return { ...started, completed: child.call("awaitNodes", nodes, formsWithinMs) };
    };
    const [first, ...others] = members;
    const seed = await start(first, []);
    const started = [seed, ...(await Promise.all(others.map((member) => start(member, [seed.url]))))];
    const completedMs = await Promise.all(started.map(({ completed }) => completed));
    const formingMs = Math.max(...completedMs) - Math.max(...started.map(({ startedMs }) => startedMs));
    return work({ members, formingMs });
  });
}

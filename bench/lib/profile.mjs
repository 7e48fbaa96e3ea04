/**
 * CPU profiles of the child processes: where the time goes, before anybody tunes.
 *
 * A profiled run is slower than a run; its figures are not to be quoted.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { join } from "node:path";

/** Environment variable that names the folder of the profiles; unset, nothing is profiled. */
export const profileFolderVariable = "MPREG_BENCH_PROFILE";

const linesShown = 25;

/**
 * Profiles this process from now on.
 *
 * @param {string} folder
 * @returns {Promise<(title: string) => Promise<string>>} ends it: writes a `.cpuprofile` for the browser's tools, beside
 *   it the functions with the most time of their own as text, and answers the path of that text
 */
export async function startProfile(folder) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  return async (title) => {
    const { profile } = await session.post("Profiler.stop");
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${title}-${process.pid}`);
    writeFileSync(`${path}.cpuprofile`, JSON.stringify(profile));
    writeFileSync(`${path}.txt`, summarize(profile));
    return `${path}.txt`;
  };
}

/** @param {import("node:inspector").Profiler.Profile} profile */
function summarize({ nodes, samples = [], timeDeltas = [] }) {
  const nameOfNode = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const place = url === "" ? "" : ` ${url.split("/").slice(-3).join("/")}:${lineNumber + 1}`;
      return [id, `${functionName || "(anonymous)"}${place}`];
    }),
  );
  /** @type {Map<string, number>} */
  const selfUs = new Map();
  let busyUs = 0;
  for (const [i, id] of samples.entries()) {
    const name = nameOfNode.get(id) ?? "(unknown)";
    if (name === "(idle)") continue;
    busyUs += timeDeltas[i];
    selfUs.set(name, (selfUs.get(name) ?? 0) + timeDeltas[i]);
  }
  const lines = [...selfUs]
    .sort(([, a], [, b]) => b - a)
    .slice(0, linesShown)
    .map(([name, us]) => `${((us / busyUs) * 100).toFixed(1).padStart(5)} %  ${name}`);
  return `${(busyUs / 1e6).toFixed(2)} s busy; own time of each function\n${lines.join("\n")}\n`;
}

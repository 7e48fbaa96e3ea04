/**
 * Load generator of the soak: every kind of traffic at once, the failing kinds included, because it is the failing paths
 * that forget to clean up. A child module.
 */
import { eventually } from "../lib/eventually.mjs";
import { assertEchoed, payload } from "../lib/payload.mjs";
import { importMpreg } from "./build.mjs";

export { sampleMemory } from "../lib/memory.mjs";

/** @type {Record<string, number>} */
const counts = {};

/**
 * @param {() => Promise<unknown>} attempt
 * @param {string} code of the error that it must fail with
 */
async function expectFailure(attempt, code) {
  try {
    await attempt();
  } catch (error) {
    if (error !== null && typeof error === "object" && "code" in error && error.code === code) return;
    throw new Error(`Expected the error ${code}, got ${String(error)}`, { cause: error });
  }
  throw new Error(`Expected the error ${code}, got an answer`);
}

/**
 * @param {{ url: string, durationMs: number }} job
 * @returns {Promise<Record<string, number>>} how often each kind of traffic ran
 */
export async function run({ url, durationMs }) {
  const { connect } = await importMpreg();
  const client = await connect(url);
  await eventually(() => client.call("far", [payload]));
  const endMs = performance.now() + durationMs;

  /** @type {Record<string, { workers: number, once: () => Promise<unknown> }>} */
  const traffic = {
    "direct calls": { workers: 24, once: async () => assertEchoed(await client.call("echo", [payload])) },
    "relayed calls": { workers: 16, once: async () => assertEchoed(await client.call("far", [payload])) },
    chains: {
      workers: 8,
      once: async () => {
        const graph = client.graph();
        const near = graph.call("echo", [payload]);
        const far = graph.call("far", [near]);
        assertEchoed(await graph.run(graph.call("echo", [graph.call("far", [far])])));
      },
    },
    "fans of 50": {
      workers: 2,
      once: async () => {
        const graph = client.graph();
        const source = graph.call("far", [1]);
        const middle = Array.from({ length: 48 }, (_, i) => graph.call("add", [source, i]));
        const total = await graph.run(graph.call("sum", [middle]));
        if (total !== 48 + (48 * 47) / 2) throw new Error(`The fan answered ${total}`);
      },
    },
    "calls that throw": { workers: 2, once: () => expectFailure(() => client.call("fail", []), "handler-error") },
    "calls of nobody": { workers: 2, once: () => expectFailure(() => client.call("absent", []), "no-provider") },
    "calls past their deadline": {
      workers: 4,
      once: () => expectFailure(() => client.call("wait", [], { timeoutMs: 20 }), "deadline"),
    },
    "cancelled calls": {
      workers: 4,
      once: () => {
        const controller = new AbortController();
        setTimeout(() => controller.abort(), 10);
        return expectFailure(() => client.call("wait", [], { signal: controller.signal }), "cancelled");
      },
    },
    "clients come and gone": {
      workers: 1,
      once: async () => {
        const visitor = await connect(url);
        assertEchoed(await visitor.call("echo", [payload]));
        await visitor.close();
      },
    },
  };

  await Promise.all(
    Object.entries(traffic).flatMap(([name, { workers, once }]) => {
      counts[name] = 0;
      return Array.from({ length: workers }, async () => {
        while (performance.now() < endMs) {
          await once();
          counts[name]++;
        }
      });
    }),
  );
  await client.close();
  return counts;
}

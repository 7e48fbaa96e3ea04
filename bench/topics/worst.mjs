/** What a topic costs with the worst patterns there are, by its words. */
import { openChild } from "../lib/child.mjs";

const module = new URL("../mpreg/topic-matching.mjs", import.meta.url);

/** @typedef {Awaited<ReturnType<typeof import("../mpreg/topic-matching.mjs").measureWorst>>} Worst */

/** @type {import("./measurement.mjs").Measurement} */
export const worst = {
  name: "worst-patterns",
  title: "in process: the worst patterns, topics of more and more words",
  measure: async ({ worst: job }, onProgress) => {
    const child = openChild(module, { nodeFlags: ["--expose-gc"] });
    try {
      const measured = await child.call("measureWorst", job);
      for (const { words, visited, us } of measured.rows)
        onProgress(`${words} words: ${visited} nodes, ${us.toFixed()} µs`);
      return measured;
    } finally {
      await child.close();
    }
  },
};

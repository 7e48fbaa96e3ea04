/**
 * The example that `npm start` runs: five node processes, one client, one request over three real datasets.
 *
 *   node examples/pipeline/main.mjs            prints the report and the timeline, leaves nothing behind
 *   node examples/pipeline/main.mjs --keep     leaves the cluster up until Ctrl-C
 *
 * Read pipeline.mjs for the request, roles/ for what a node offers, cluster.mjs for how nodes are started.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connect } from "mpreg";
import { startCluster, whenKnown } from "./cluster.mjs";
import { failureText, keptText, nextText, nodesText } from "./messages.mjs";
import { FUNCTIONS, pipeline } from "./pipeline.mjs";
import { reportText } from "./report.mjs";
import { timelineText } from "./timeline.mjs";

const RUN_MS_MAX = 120_000;

/** Aborted by Ctrl-C and the like. Stays in charge: a second Ctrl-C must not end us before our children have ended. */
const interruption = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(name, () => interruption.abort(new Error(`stopped by ${name}`)));
}
const { signal } = interruption;
const say = (text) => process.stdout.write(`${text}\n\n`);
const complain = (text) => process.stderr.write(`${text}\n`);

const { values: options } = parseArgs({ options: { keep: { type: "boolean", default: false } } });
const store = await mkdtemp(join(tmpdir(), "mpreg-pipeline-"));
let cluster;
let kept = false;
try {
  cluster = await startCluster({ store, signal, onLost: complain });
  const client = await connect(cluster.router.url, { signal });
  try {
    await whenKnown(client, FUNCTIONS, signal);
    say(nodesText(cluster.nodes));

    let summary;
    const graph = client.graph();
    const report = await graph.run(pipeline(graph), {
      signal,
      timeoutMs: RUN_MS_MAX,
      onSummary: (given) => (summary = given),
    });

    const names = new Map(cluster.nodes.map((node) => [node.id, node.name]));
    say(reportText(report));
    say(timelineText(summary, (node) => names.get(node) ?? node));
  } finally {
    await client.close();
  }
  if (options.keep) {
    kept = true;
    say(keptText(cluster.router.url, store));
    if (!signal.aborted) await once(signal, "abort");
  } else {
    say(nextText());
  }
} catch (error) {
  complain(failureText(error));
  process.exitCode = 1;
} finally {
  await cluster?.stop();
  if (kept) say(`The cluster is stopped. Its stored files are still there: ${store}`);
  else await rm(store, { recursive: true, force: true });
}

/**
 * The example that `npm start` runs: five node processes, one client, one request over three real datasets.
 *
 *   node examples/pipeline/main.mjs            prints the report and the timeline, leaves nothing behind
 *   node examples/pipeline/main.mjs --keep     leaves the cluster and its files up until Ctrl-C
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
import { failureText, helpText, keptText, nextText, nodesText, usageText } from "./messages.mjs";
import { OutputError, complain, say } from "./output.mjs";
import { FUNCTIONS, pipeline } from "./pipeline.mjs";
import { reportText } from "./report.mjs";
import { timelineText } from "./timeline.mjs";

const RUN_MS_MAX = 120_000;

/** Aborted by Ctrl-C and the like. Stays in charge: a second Ctrl-C must not end us before our children have ended. */
const interruption = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(name, () => interruption.abort(new Error(`Stopped by ${name}`)));
}
const { signal } = interruption;

/** Starts the cluster, runs the pipeline on it, prints what came of it, and ends the cluster. */
async function main({ keep }) {
  const store = await mkdtemp(join(tmpdir(), "mpreg-pipeline-"));
  let cluster;
  try {
    cluster = await startCluster({ store, signal, onLost: complain });
    await runPipeline(cluster);
    if (keep) {
      await say(keptText(cluster.router.url, store));
      if (!signal.aborted) await once(signal, "abort");
    } else {
      await say(nextText());
    }
  } finally {
    await cluster?.stop();
    await rm(store, { recursive: true, force: true });
  }
  if (keep) await say("The cluster is stopped, its stored files are removed.");
}

async function runPipeline({ nodes, router }) {
  const client = await connect(router.url, { signal });
  try {
    await whenKnown(client, FUNCTIONS, signal);
    await say(nodesText(nodes));

    let summary;
    const graph = client.graph();
    const report = await graph.run(pipeline(graph), {
      signal,
      timeoutMs: RUN_MS_MAX,
      onSummary: (given) => (summary = given),
    });

    const names = new Map(nodes.map((node) => [node.id, node.name]));
    await say(reportText(report));
    await say(timelineText(summary, (node) => names.get(node) ?? node));
  } finally {
    await client.close();
  }
}

/** What was typed behind `npm start --`; without a meaning, it is told and `undefined`. */
function typedOptions() {
  try {
    const flag = { type: "boolean", default: false };
    return parseArgs({ options: { keep: flag, help: { ...flag, short: "h" } } }).values;
  } catch (error) {
    complain(`${error.message.replace(/\. .*/s, "")}\n${usageText}`);
    return undefined;
  }
}

const options = typedOptions();
if (options === undefined) process.exitCode = 2;
else if (options.help) await say(helpText()).catch(failed);
else await main(options).catch(failed);

function failed(error) {
  process.exitCode = 1;
  if (signal.aborted) complain(`${signal.reason.message} before the end; nothing is left running`);
  else if (!(error instanceof OutputError)) complain(failureText(error));
  else if (!error.isReaderGone) complain(error.message);
}

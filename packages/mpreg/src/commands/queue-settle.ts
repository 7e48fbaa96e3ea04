/**
 * `mpreg queue ack`, `release` and `extend`: what becomes of messages that were received, by their receipts.
 *
 * (L1) Each receipt has an end of its own: those that could be settled are, and of the others it is told why not. Exit code 0 means all.
 */
import { MpregError } from "@mpreg/core/base";
import type { Queue, SettledOrRefused } from "@mpreg/core/program";
import type { Command } from "commander";
import { parseDurationMs, parseDurationMsOrOff } from "../input/options.js";
import { valueJson } from "../render/json.js";
import { printable } from "../render/text.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";

interface ReleaseFlags extends ConnectionFlags {
  /** In ms. */
  readonly delay?: number;
  readonly error?: string;
}

interface ExtendFlags extends ConnectionFlags {
  /** In ms. */
  readonly visibility: number;
}

type Settle = (queue: Queue, receipts: readonly string[]) => Promise<readonly SettledOrRefused[]>;

const leasedHelp = "as `receive` prints it (`receipt=…`, with --json the field receipt)";

export function defineSettling(queue: Command, terminal: Terminal): void {
  const ack = settling(queue, "ack", "Acknowledge messages: they are done, and gone.");
  withConnectionOptions(ack)
    .addHelpText("after", ackHelp)
    .action((name: string, receipts: readonly string[], flags: ConnectionFlags) =>
      settle("acknowledged", name, receipts, flags, terminal, (of, all) => of.ack(all, inspectOptionsOf(flags))),
    );
  const release = settling(queue, "release", "Give messages back: others get them.")
    .option("--delay <duration>", "when; off: at once (default: as `retry` of the queue says)", parseDurationMsOrOff)
    .option("--error <text>", "why, as a dead letter shows it");
  withConnectionOptions(release)
    .addHelpText("after", releaseHelp)
    .action((name: string, receipts: readonly string[], flags: ReleaseFlags) => {
      const { delay: delayMs, error } = flags;
      return settle("released", name, receipts, flags, terminal, (of, all) =>
        of.release(all, { delayMs, error, ...inspectOptionsOf(flags) }),
      );
    });
  const extend = settling(queue, "extend", "Keep messages for longer, as their work takes it.").requiredOption(
    "--visibility <duration>",
    "for how long nobody else gets them, from now on, in seconds or like 500ms, 2s, 5m",
    parseDurationMs,
  );
  withConnectionOptions(extend).action((name: string, receipts: readonly string[], flags: ExtendFlags) =>
    settle("extended", name, receipts, flags, terminal, (of, all) =>
      of.extend(all, flags.visibility, inspectOptionsOf(flags)),
    ),
  );
}

function settling(queue: Command, verb: string, description: string): Command {
  return queue
    .command(verb)
    .description(description)
    .argument("<name>", "the queue")
    .argument("<receipts...>", leasedHelp);
}

/** (L1) */
async function settle(
  done: string,
  name: string,
  receipts: readonly string[],
  flags: ConnectionFlags,
  { stdout, stderr }: Terminal,
  how: Settle,
): Promise<void> {
  const ends = await withClient(flags, (client) => how(client.queue(name), receipts));
  const refused = ends.flatMap((error, at) => (error === undefined ? [] : [{ receipt: receipts[at] ?? "", error }]));
  const count = receipts.length - refused.length;
  if (flags.json === true) {
    stdout.write(valueJson({ [done]: count, refused: refused.map(({ receipt }) => receipt) }, "line"));
  } else {
    stdout.write(`${done} ${count} message${count === 1 ? "" : "s"}`);
    if (receipts.length > 1) {
      for (const { receipt, error } of refused) stderr.write(printable(`not ${receipt}: ${error.message}`));
    }
  }
  await stdout.written("applied");
  const [first] = refused;
  if (first === undefined) return;
  if (receipts.length === 1) throw first.error;
  const { code, message, node, cause } = first.error;
  const counted = `${message} (${count} of ${receipts.length} messages were ${done})`;
  throw new MpregError(code, counted, { outcome: first.error.outcome, node, cause });
}

const ackHelp = `
A receipt is good as long as its lease: for visibilityMs of the queue after it was received, or as --visibility and extend have it. A
message that came to somebody else meanwhile is his, and is told as stale.

Example, a worker in a shell:
  message="$(mpreg queue receive jobs --json)"
  receipt="$(jq -r .receipt <<< "$message")"
  if work "$message"; then mpreg queue ack jobs "$receipt"; else mpreg queue release jobs "$receipt" --delay 1m; fi`;

const releaseHelp = `
Its receive counts: where the queue has maxReceives, it becomes a dead letter in the end, with --error as the reason.`;

/**
 * `mpreg queue schedule`, `unschedule` and `schedules`: messages that a queue sends itself, at times.
 *
 * (H1) A time is a moment: one without a zone is refused, since nobody could know which is meant.
 */
import type { Schedule } from "@mpreg/core/queues";
import { type Command, InvalidArgumentError, Option } from "commander";
import { addHeader, parseDurationMs, parseValue } from "../input/options.js";
import { valueJson } from "../render/json.js";
import { scheduleText } from "../render/queues.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";

interface ScheduleFlags extends ConnectionFlags {
  readonly cron?: string;
  readonly timeZone?: string;
  /** In ms. */
  readonly every?: number;
  readonly at?: number;
  readonly missed?: Schedule["missed"];
  readonly group?: string;
  readonly delay?: number;
  readonly ttl?: number;
  readonly priority?: number;
  readonly header?: Readonly<Record<string, string>>;
}

export function defineSchedules(queue: Command, terminal: Terminal): void {
  defineSchedule(queue, terminal);
  defineUnschedule(queue, terminal);
  const command = queue
    .command("schedules")
    .description("List the schedules of a queue: when each is due next, and what has become of it.")
    .argument("<name>", "the queue");
  withConnectionOptions(command).action(async (name: string, flags: ConnectionFlags) => {
    const schedules = await withClient(flags, (client) => client.queue(name).schedules(inspectOptionsOf(flags)));
    for (const each of schedules) terminal.stdout.write(toldOf(each, flags));
  });
}

function defineSchedule(queue: Command, { stdout }: Terminal): void {
  const command = queue
    .command("schedule")
    .description("Have a queue send itself a message at times; a schedule of that name is changed.")
    .argument("<name>", "the queue")
    .argument("<schedule>", "the name of the schedule: 1 to 80 letters, digits, dots, - and _")
    .argument("<value>", "JSON where it is JSON, else a text as it is")
    .option("--cron <expression>", 'such as "0 3 * * *" (minute hour day month weekday), with seconds first, or @daily')
    .option("--time-zone <name>", "of the expression, such as Europe/Berlin (default: UTC)")
    .option(
      "--every <duration>",
      "each time that so much has passed, in seconds or like 500ms, 5m, 1h",
      parseDurationMs,
    )
    .option("--at <time>", "once, such as 2030-01-31T12:00:00Z or 2030-01-31T12:00:00+01:00", parseTime)
    .addOption(
      new Option("--missed <what>", "times that passed while nobody could see to them (default: one)").choices([
        "one",
        "all",
        "skip",
      ]),
    )
    .option("--group <name>", "in a fifo queue, messages of a group come in order, one at a time")
    .option("--delay <duration>", "how long nobody receives it", parseDurationMs)
    .option("--ttl <duration>", "how long it lives at most", parseDurationMs)
    .option("--priority <n>", "0 to 9, in a priority queue (default: 4)", Number)
    .option("--header <name=value>", "a header of the message (repeatable)", addHeader);
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action(async (name: string, schedule: string, text: string, flags: ScheduleFlags) => {
      const { cron, timeZone, every: everyMs, at, missed, group, delay: delayMs, ttl: ttlMs, priority } = flags;
      const sent = { group, delayMs, ttlMs, priority, headers: flags.header, value: parseValue(text, "the value") };
      const wish = { ...inspectOptionsOf(flags), ...sent, cron, timeZone, everyMs, at, missed };
      const made = await withClient(flags, (client) => client.queue(name).schedule(schedule, wish));
      stdout.write(toldOf(made, flags));
      await stdout.written("applied");
    });
}

function defineUnschedule(queue: Command, { stdout }: Terminal): void {
  const command = queue
    .command("unschedule")
    .description("End a schedule of a queue.")
    .argument("<name>", "the queue")
    .argument("<schedule>", "the name of the schedule");
  withConnectionOptions(command).action(async (name: string, schedule: string, flags: ConnectionFlags) => {
    const removed = await withClient(flags, (client) =>
      client.queue(name).unschedule(schedule, inspectOptionsOf(flags)),
    );
    stdout.write(flags.json === true ? valueJson({ removed }, "line") : removed ? "removed" : "there was none");
    await stdout.written("applied");
  });
}

function toldOf(schedule: Schedule, { json }: ConnectionFlags): string {
  return json === true ? valueJson(schedule, "line") : scheduleText(schedule);
}

/** (H1) */
function parseTime(given: string): number {
  const atMs = /T.*(?:Z|[+-]\d\d:?\d\d)$/.test(given.trim()) ? Date.parse(given) : NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw new InvalidArgumentError("It is a time with its zone, like 2030-01-31T12:00:00Z.");
}

const help = `
Each time makes one message, whatever crashes. Its headers mpreg-schedule and mpreg-due say which schedule has made it, and for when.

Examples:
  mpreg queue schedule reports nightly '{"kind":"all"}' --cron "0 3 * * *" --time-zone Europe/Berlin
  mpreg queue schedule jobs sweep now --every 5m --missed skip
  mpreg queue schedules reports
  mpreg queue unschedule reports nightly`;

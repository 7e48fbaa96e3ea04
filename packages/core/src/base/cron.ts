/**
 * Cron: the times that expressions like `0 3 * * *` stand for, over a library that knows them and the time zones (`croner` of npm).
 *
 * (K1) What is refused is refused with the reason and what would work.
 * (K2) No text makes the library work for long: strangers ask.
 */
import type { Cron, CronTimes } from "./capabilities.js";
import { MpregError } from "./errors.js";
import { quoted } from "./names.js";
import { thrownText } from "./thrown.js";

/** What is used of npm's `croner`: its class. */
export type CronLibrary = new (
  expression: string,
  options: { readonly timezone: string; readonly paused: true },
) => { nextRun(after: Date): Date | null };

/** What an expression looks like, for messages. */
const cronForms =
  'five fields (minute hour day month weekday) such as "0 3 * * *", six with seconds first, or "@daily"';

const zoneForms = 'what works is a name of the IANA data base such as "Europe/Berlin", or "UTC"';

const charactersMax = 128;
/** Fields and nicknames: what else the library takes, such as a date, is no expression. */
const form = /^(?:@[a-z]+|\S+(?:\s+\S+){4,5})$/i;

/** The {@link Cron} that a node works with; `load` is called when it is first wanted. */
export function createCron(load: () => CronLibrary): Cron {
  return {
    parse: (expression, timeZone): CronTimes => {
      const who = `the cron expression ${quoted(expression)}`;
      if (expression.length > charactersMax) {
        throw refusal(`${who} has ${expression.length} characters; at most ${charactersMax} work`);
      }
      if (!form.test(expression)) throw refusal(`${who} is none: it has ${cronForms}`);
      const next = (after: number): number | undefined => times.nextRun(new Date(after))?.getTime();
      let times: InstanceType<CronLibrary>;
      try {
        times = new (load())(expression, { timezone: timeZone, paused: true });
        next(0); // an unknown time zone shows only now
      } catch (error) {
        const why = thrownText(error);
        if (/time ?zone/i.test(why)) throw refusal(`${who}: no time zone ${quoted(timeZone)} is known; ${zoneForms}`); // (K1)
        throw refusal(`${who} in the time zone ${quoted(timeZone)}: ${why}; what works is ${cronForms}`); // (K1)
      }
      return { next };
    },
  };
}

function refusal(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

/** Actions on the attributes of a queue, and what a redrive policy asks of the queue that it names. */
import type { QueueSettings } from "../../../queues/index.js";
import { extrasOf } from "../attributes/extras.js";
import { mayRedrive, parseRedriveAllowPolicy, redrivePolicyText } from "../attributes/redrive-policy.js";
import { checkAsked, ofStats } from "../attributes/rules.js";
import { attributesOf, putStats, settingsOf } from "../attributes/settings.js";
import { SqsError, invalidParameter } from "../errors.js";
import { isFifoName, queueArn } from "../names.js";
import type { Turn } from "../turn.js";
import type { Action } from "./action.js";

export const getQueueAttributes: Action<"GetQueueAttributes"> = (
  { QueueUrl, AttributeNames: names = [] },
  turn,
  done,
) => {
  checkAsked(names);
  turn.checkSeen(turn.nameIn(QueueUrl));
  turn.queue(QueueUrl, (record) => {
    const all = attributesOf(record, turn.host.place);
    const told = (): void => {
      const asked = names.includes("All") ? all : new Map([...all].filter(([name]) => names.includes(name)));
      done({ Attributes: asked.size === 0 ? undefined : asked });
    };
    if (!names.some((name) => name === "All" || ofStats.includes(name))) return told();
    turn.operate<"stats">(record.name, { op: "stats" }, (stats) => {
      putStats(all, stats);
      told();
    });
  });
};

export const setQueueAttributes: Action<"SetQueueAttributes"> = ({ QueueUrl, Attributes }, turn, done) => {
  const { place } = turn.host;
  turn.change(QueueUrl, ({ name, settings: before }) => {
    if (Attributes.has("FifoQueue") && !isFifoName(name))
      throw new SqsError("InvalidAttributeName", "Unknown Attribute FifoQueue.");
    const settings = settingsOf(Attributes, before.order === "fifo", before, place, turn.call.wallMs);
    checkRedrive(name, settings, turn, () => {
      turn.update(name, settings, () => {
        done(undefined);
      });
    });
  });
};

/** Goes on where the dead-letter queue of `settings`, if they name one, is there, of the same type, and lets `name` use it. */
export function checkRedrive(
  name: string,
  { deadLetter, maxReceives }: Partial<QueueSettings>,
  turn: Turn,
  then: () => void,
): void {
  if (deadLetter === undefined || maxReceives === undefined) return then();
  const { place } = turn.host;
  const refuse = (reason: string): SqsError =>
    invalidParameter(redrivePolicyText({ arn: queueArn(deadLetter, place), maxReceives }), "RedrivePolicy", reason);
  if (deadLetter === name) throw refuse("Dead letter target must not be the source queue itself.");
  turn.find(deadLetter, (target) => {
    if (target === undefined) throw refuse("Dead letter target does not exist.");
    if ((target.settings.order === "fifo") !== isFifoName(name))
      throw refuse("Dead-letter queue must be same type of queue as the source.");
    const allowed = parseRedriveAllowPolicy(extrasOf(target.settings).attributes["RedriveAllowPolicy"] ?? "", place);
    if (!mayRedrive(name, allowed))
      throw refuse("The RedriveAllowPolicy of the dead-letter queue does not allow this source.");
    then();
  });
}

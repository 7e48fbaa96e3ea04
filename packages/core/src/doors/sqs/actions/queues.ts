/**
 * Actions on queues as such: to make, find, list, empty and delete them.
 *
 * What differs from AWS, on purpose: deleting and purging are over when they are answered, so that nobody has to wait for
 * 60 seconds before the same name is made, or the same queue purged, again.
 */
import { noSuchQueue, SqsError } from "../errors.js";
import { sqsLimits } from "../limits.js";
import { checkSqsName, isFifoName, isSqsName, queueUrl } from "../names.js";
import { attributesOf, settingsOf } from "../attributes/settings.js";
import { withOwnTags } from "../attributes/extras.js";
import { checkRange } from "../messages/checks.js";
import type { QueueRecord } from "../backend.js";
import type { SqsInputs, Texts } from "../types.js";
import type { Turn } from "../turn.js";
import type { Action } from "./action.js";
import { checkRedrive } from "./attributes.js";
import { checkTags } from "./tags.js";

export const createQueue: Action<"CreateQueue"> = ({ QueueName: name, Attributes, tags }, turn, done) => {
  const { place } = turn.host;
  const attributes = withoutFalse(name, Attributes ?? new Map());
  const isFifo = attributes.get("FifoQueue") === "true";
  checkSqsName(name, isFifo);
  const settings = settingsOf(attributes, isFifo, undefined, place, turn.call.wallMs);
  const own = [...(tags ?? [])];
  checkTags(own);
  checkRedrive(name, settings, turn, () => {
    const all = { ...settings, tags: withOwnTags({ tags: settings.tags ?? {} }, own) };
    turn.ask<CreateEnd>(
      (end) => turn.backend.create(name, all, end),
      ({ record, isNew }) => {
        if (!isNew) checkSame(record, attributes, turn);
        done({ QueueUrl: queueUrl(name, turn.call.origin, place) });
      },
    );
  });
};

/** `FifoQueue: false` is what a standard queue is anyway. */
function withoutFalse(name: string, attributes: Texts): Texts {
  if (attributes.get("FifoQueue") !== "false" || isFifoName(name)) return attributes;
  return new Map([...attributes].filter(([key]) => key !== "FifoQueue"));
}

/** Throws `QueueNameExists` where the queue that is there is another one than was asked for. */
function checkSame(record: QueueRecord, attributes: Texts, turn: Turn): void {
  const there = attributesOf(record, turn.host.place);
  for (const [name, value] of attributes) {
    const isSame = value === (there.get(name) ?? "") || sameJson(value, there.get(name));
    if (isSame) continue;
    throw new SqsError(
      "QueueNameExists",
      `A queue already exists with the same name and a different value for attribute ${name}`,
    );
  }
}

function sameJson(a: string, b: string | undefined): boolean {
  if (b === undefined || !a.startsWith("{") || !b.startsWith("{")) return false;
  return canonical(JSON.parse(a)) === canonical(JSON.parse(b));
}

/** Without regard to the order of members, and to numbers as texts. */
function canonical(json: unknown): string {
  if (typeof json !== "object" || json === null) return JSON.stringify(String(json));
  return JSON.stringify(
    Object.entries(json)
      .map(([key, value]) => [key, canonical(value)])
      .sort(),
  );
}

export const getQueueUrl: Action<"GetQueueUrl"> = ({ QueueName: name, QueueOwnerAWSAccountId: owner }, turn, done) => {
  const { place } = turn.host;
  if (owner !== undefined && owner !== place.account) throw noSuchQueue();
  if (!isSqsName(name)) throw noSuchQueue();
  turn.checkSeen(name);
  turn.find(name, (record) => {
    if (record === undefined) throw noSuchQueue();
    done({ QueueUrl: queueUrl(name, turn.call.origin, place) });
  });
};

export const deleteQueue: Action<"DeleteQueue"> = ({ QueueUrl }, turn, done) => {
  turn.operate<"delete">(turn.nameIn(QueueUrl), { op: "delete" }, () => {
    done(undefined);
  });
};

export const purgeQueue: Action<"PurgeQueue"> = ({ QueueUrl }, turn, done) => {
  turn.operate<"purge">(turn.nameIn(QueueUrl), { op: "purge" }, () => {
    done(undefined);
  });
};

export const listQueues: Action<"ListQueues"> = (input, turn, done) => {
  checkPage(input);
  turn.list(input.QueueNamePrefix ?? "", (records) => {
    const { urls, token } = pageOf(records, input, turn);
    done({ QueueUrls: urls.length === 0 ? undefined : urls, NextToken: token });
  });
};

export const listDeadLetterSourceQueues: Action<"ListDeadLetterSourceQueues"> = (input, turn, done) => {
  checkPage(input);
  turn.checkSeen(turn.nameIn(input.QueueUrl));
  turn.queue(input.QueueUrl, ({ name }) => {
    turn.list("", (records) => {
      const sources = records.filter(({ settings }) => settings.deadLetter === name);
      const { urls, token } = pageOf(sources, input, turn);
      done({ queueUrls: urls, NextToken: token });
    });
  });
};

interface CreateEnd {
  readonly record: QueueRecord;
  readonly isNew: boolean;
}

type Page = Pick<SqsInputs["ListQueues"], "MaxResults" | "NextToken">;

function checkPage({ MaxResults }: Page): void {
  checkRange(MaxResults, "MaxResults", 1, sqsLimits.listMax);
}

/** The token is the last name of the page before: what is made or deleted meanwhile neither hides nor repeats others. */
function pageOf(
  records: readonly QueueRecord[],
  { MaxResults, NextToken }: Page,
  { host: { place, platform }, call }: Turn,
): { readonly urls: readonly string[]; readonly token: string | undefined } {
  let after = "";
  if (NextToken !== undefined) {
    const bytes = platform.fromBase64(NextToken);
    if (bytes === undefined) throw new SqsError("InvalidParameterValue", "Invalid or expired next token.");
    after = platform.utf8.decode(bytes, 0, bytes.length);
  }
  const names = records
    .map(({ name }) => name)
    .filter((name) => isSqsName(name) && name > after)
    .sort();
  const page = names.slice(0, MaxResults ?? sqsLimits.listMax);
  const last = page.at(-1);
  const hasMore = MaxResults !== undefined && names.length > page.length && last !== undefined;
  return {
    urls: page.map((name) => queueUrl(name, call.origin, place)),
    token: hasMore ? platform.toBase64(platform.utf8.encode(last)) : undefined,
  };
}

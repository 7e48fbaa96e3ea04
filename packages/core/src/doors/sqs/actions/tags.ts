/** Actions on tags and permissions. Permissions are kept and told (as a policy), and decide nothing. */
import { type Extras, extrasOf, ownTags, reservedTags, tagsWith, withOwnTags } from "../attributes/extras.js";
import { SqsError, invalidParameter } from "../errors.js";
import { sqsLimits } from "../limits.js";
import { isActionName } from "../protocol/model.js";
import type { Action } from "./action.js";

export const tagQueue: Action<"TagQueue"> = ({ QueueUrl, Tags }, turn, done) => {
  turn.change(QueueUrl, ({ name, settings }) => {
    const tags = [...new Map([...ownTags(settings.tags), ...Tags])];
    checkTags(tags);
    turn.update(name, { tags: withOwnTags(settings, tags) }, () => {
      done(undefined);
    });
  });
};

export const untagQueue: Action<"UntagQueue"> = ({ QueueUrl, TagKeys }, turn, done) => {
  turn.change(QueueUrl, ({ name, settings }) => {
    const tags = ownTags(settings.tags).filter(([key]) => !TagKeys.includes(key));
    turn.update(name, { tags: withOwnTags(settings, tags) }, () => {
      done(undefined);
    });
  });
};

export const listQueueTags: Action<"ListQueueTags"> = ({ QueueUrl }, turn, done) => {
  turn.checkSeen(turn.nameIn(QueueUrl));
  turn.queue(QueueUrl, ({ settings }) => {
    const tags = ownTags(settings.tags);
    done({ Tags: tags.length === 0 ? undefined : new Map(tags) });
  });
};

/** All tags that a queue is to have; throws `InvalidParameterValue`. */
export function checkTags(tags: readonly (readonly [string, string])[]): void {
  const { tagsMax, tagKeyMax, tagValueMax } = sqsLimits;
  if (tags.length > tagsMax)
    throw new SqsError("InvalidParameterValue", `A queue has at most ${tagsMax} tags; these are ${tags.length}.`);
  for (const [key, value] of tags) {
    if (key === "" || key.length > tagKeyMax)
      throw invalidParameter(
        key.slice(0, 200),
        "Key",
        `Tag keys must be between 1 and ${tagKeyMax} characters in length.`,
      );
    if (key.toLowerCase().startsWith(reservedTags))
      throw invalidParameter(key, "Key", "System tags cannot be added/updated by requester.");
    if (value.length > tagValueMax)
      throw invalidParameter(
        value.slice(0, 300),
        "Value",
        `Tag values must be at most ${tagValueMax} characters in length.`,
      );
  }
}

const labelForm = /^[A-Za-z0-9_-]{1,80}$/;

export const addPermission: Action<"AddPermission"> = (input, turn, done) => {
  const { QueueUrl, Label: label, AWSAccountIds: accounts, Actions: actions } = input;
  if (!labelForm.test(label))
    throw invalidParameter(
      label.slice(0, 200),
      "Label",
      "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
    );
  if (accounts.length === 0)
    throw new SqsError("MissingParameter", "The request must contain the parameter PrincipalId.");
  if (actions.length === 0) throw new SqsError("MissingParameter", "The request must contain the parameter Actions.");
  const { permissionActionsMax } = sqsLimits;
  if (actions.length > permissionActionsMax)
    throw new SqsError(
      "OverLimit",
      `${actions.length} Actions were found, maximum allowed is ${permissionActionsMax}.`,
    );
  for (const action of actions)
    if (action !== "*" && !isActionName(action))
      throw invalidParameter(action, "ActionName", "Please refer to the appropriate WSDL for a list of valid actions.");
  for (const account of accounts)
    if (!/^\d{12}$/.test(account)) throw invalidParameter(account, "PrincipalId", "Unable to verify.");
  turn.change(QueueUrl, ({ name, settings }) => {
    const extras = extrasOf(settings);
    if (Object.hasOwn(extras.permissions, label)) throw invalidParameter(label, "Label", "Already exists.");
    const permissions = { ...extras.permissions, [label]: { accounts, actions } };
    turn.update(name, { tags: tagsWith(settings.tags, { ...extras, permissions }) }, () => {
      done(undefined);
    });
  });
};

export const removePermission: Action<"RemovePermission"> = ({ QueueUrl, Label: label }, turn, done) => {
  turn.change(QueueUrl, ({ name, settings }) => {
    const extras: Extras = extrasOf(settings);
    if (!Object.hasOwn(extras.permissions, label))
      throw invalidParameter(label, "Label", "can't find label on existing policy.");
    const permissions = Object.fromEntries(Object.entries(extras.permissions).filter(([each]) => each !== label));
    turn.update(name, { tags: tagsWith(settings.tags, { ...extras, permissions }) }, () => {
      done(undefined);
    });
  });
};

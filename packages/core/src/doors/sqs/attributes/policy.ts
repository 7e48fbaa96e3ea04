/**
 * Policy: what `AddPermission` has granted, told as AWS tells it: statements of the attribute `Policy`.
 *
 * (P1) They are kept and told, and decide nothing: who may do what is the node's policy.
 */
import type { Permission } from "./extras.js";
import { objectIn } from "./rules.js";

/** `policy`, or the one that AWS makes where there was none, with a statement for each permission; `undefined` where there is neither. */
export function policyWith(
  policy: string | undefined,
  permissions: Readonly<Record<string, Permission>>,
  arn: string,
): string | undefined {
  const granted = Object.entries(permissions);
  if (granted.length === 0) return policy;
  const before =
    policy === undefined ? { Version: "2008-10-17", Id: `${arn}/SQSDefaultPolicy` } : objectIn(policy, "Policy");
  const { Statement: known = [] } = before as { readonly Statement?: unknown };
  const statements: readonly unknown[] = Array.isArray(known) ? known : [known];
  return JSON.stringify({ ...before, Statement: [...statements, ...granted.map((each) => statementOf(each, arn))] });
}

function statementOf([label, { accounts, actions }]: readonly [string, Permission], arn: string): object {
  const principals = accounts.map((account) => `arn:aws:iam::${account}:root`);
  const names = actions.map((action) => `SQS:${action}`);
  return {
    Sid: label,
    Effect: "Allow",
    Principal: { AWS: oneOrAll(principals) },
    Action: oneOrAll(names),
    Resource: arn,
  };
}

/** A list of one is written without brackets. */
function oneOrAll(texts: readonly string[]): string | readonly string[] | undefined {
  return texts.length === 1 ? texts[0] : texts;
}

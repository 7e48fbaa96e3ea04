/**
 * Policy guard: between the node and a policy of its user's making.
 *
 * (P1) A policy that throws, or answers anything but a decision, has denied. Those who asked hear no more than that; why
 *      stands in the node's log.
 */
import type { Decision, Policy } from "@mpreg/core/base";

const failed: Decision = { allow: false, reason: "the node's policy failed" };

/** `policy` as the core needs it: it never throws. `onFailure` hears what went wrong. */
export function guardedPolicy(policy: Policy, onFailure: (error: unknown) => void): Policy {
  return (subject, action) => {
    try {
      const decision: unknown = policy(subject, action);
      if (isDecision(decision)) return decision;
      onFailure(new TypeError(`The policy must answer { allow: true } or { allow: false, reason }, at once`));
    } catch (error) {
      onFailure(error);
    }
    return failed; // (P1)
  };
}

function isDecision(decision: unknown): decision is Decision {
  if (typeof decision !== "object" || decision === null || !("allow" in decision)) return false;
  if (decision.allow === true) return true;
  return decision.allow === false && "reason" in decision && typeof decision.reason === "string";
}

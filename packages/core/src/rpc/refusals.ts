/**
 * Refusals: why something that is asked for may not be called at all, whoever offers it.
 *
 * (R1) What is refused here has not begun.
 */
import { MpregError } from "../base/index.js";
import type { RpcHost } from "./host.js";
import type { RpcLimits } from "./limits.js";
import type { AskOrigin } from "./origin.js";
import { type Wanted, rangeRefusal } from "./dispatch/providers.js";

/** Why nothing may be called any more; `undefined` when it may. */
export function tooDeep(
  { nodeName }: RpcHost,
  { depthMax }: Pick<RpcLimits, "depthMax">,
  { depth }: AskOrigin,
): MpregError | undefined {
  if (depth <= depthMax) return undefined;
  const message = `Calls are nested ${depth} deep; the limit is ${depthMax}`;
  return new MpregError("too-deep", message, { node: nodeName }); // (R1)
}

/** Why `step` may not call what it wants; `undefined` when it may. */
export function refusalOf(
  host: RpcHost,
  { fun, terms }: Wanted,
  step: string,
  { caller }: AskOrigin,
): MpregError | undefined {
  const decision = host.policy(caller, { kind: "call", fun, onBehalfOf: undefined });
  if (decision.allow) return rangeRefusal(host, fun, terms)?.at({ step, node: host.nodeName });
  const message = `Cannot call "${fun}": ${decision.reason}`;
  return new MpregError("denied", message, { step, node: host.nodeName }); // (R1)
}

/** Options of the SQS door, checked, with every default. */
import { MpregError, checkOptions, kindOf, optionNames, quoted } from "@mpreg/core/base";

/** How a node serves clients of Amazon SQS: any AWS SDK, with only the endpoint changed. */
export interface SqsOptions {
  /** Port for HTTP (HTTPS where the node has a certificate); 0: any free one. */
  readonly port: number;
  /** Address for it to listen on, under the same rules as the node's. Default: the node's. */
  readonly host?: string | undefined;
  /**
   * Secret access keys by access key id, with what the policy is told of them. With any, only requests are let in that one of them has signed (Signature
   * Version 4). Without, everybody who can connect is let in.
   */
  readonly keys?: Readonly<Record<string, string | SqsKey>> | undefined;
  /** The region in the ARNs of queues. Default `us-east-1`. Requests may be signed for any. */
  readonly region?: string | undefined;
  /** The account in URLs and ARNs of queues, twelve digits. Default `000000000000`. */
  readonly account?: string | undefined;
  /** Requests that may be under way at once, waiting receives among them. One more is answered 503. Default 10,000. */
  readonly requestsMax?: number | undefined;
}

/** An access key, and what a policy finds of it in `subject.login`. */
export interface SqsKey {
  /** The secret access key. */
  readonly secret: string;
  readonly name?: string | undefined;
  readonly roles?: readonly string[] | undefined;
}

/** With every default. */
export interface ResolvedSqs {
  readonly port: number;
  readonly host: string;
  readonly keys: ReadonlyMap<string, SqsKey>;
  readonly region: string;
  readonly account: string;
  readonly requestsMax: number;
}

const names = optionNames<SqsOptions>({
  port: true,
  host: true,
  keys: true,
  region: true,
  account: true,
  requestsMax: true,
});

/** Throws `invalid-argument`, naming the option and what would work. `nodeHost`: where the node listens. */
export function resolveSqs(given: SqsOptions, nodeHost: string): ResolvedSqs {
  checkOptions(given, names, "sqs");
  const { port, host = nodeHost, keys = {}, region = "us-east-1", account = "000000000000" } = given;
  if (typeof (host as unknown) !== "string" || host === "")
    throw invalid(`sqs.host must be an address to listen on, got ${kindOf(host)}`);
  if (!/^[a-z]{2}(-[a-z0-9]+)+$/.test(region))
    throw invalid(`sqs.region must be the name of a region, such as us-east-1, got ${quoted(region)}`);
  if (!/^\d{12}$/.test(account)) throw invalid(`sqs.account must be twelve digits, got ${quoted(account)}`);
  const resolved = new Map<string, SqsKey>();
  for (const [id, key] of Object.entries(keys)) {
    if (!/^\w{1,128}$/.test(id))
      throw invalid(`sqs.keys has the access key id ${quoted(id)}; it must be 1 to 128 letters, digits and "_"`);
    resolved.set(id, keyOf(id, key));
  }
  return {
    port: whole("port", port, 0, 65_535),
    host,
    keys: resolved,
    region,
    account,
    requestsMax: whole("requestsMax", given.requestsMax ?? 10_000, 1, 1_000_000),
  };
}

const keyNames = optionNames<SqsKey>({ secret: true, name: true, roles: true });

function keyOf(id: string, given: string | SqsKey): SqsKey {
  const key: Readonly<Partial<Record<keyof SqsKey, unknown>>> = typeof given === "string" ? { secret: given } : given;
  const who = `sqs.keys.${id}`;
  if (typeof (given as unknown) !== "string") {
    if (typeof (given as unknown) !== "object") {
      throw invalid(`${who} must be a secret access key, or { secret, name, roles }, got ${kindOf(given)}`);
    }
    checkOptions(key, keyNames, who);
  }
  const { secret, name, roles = [] } = key;
  if (typeof secret !== "string" || secret === "")
    throw invalid(`${who} must have a secret access key, got ${kindOf(secret)}`);
  if (name !== undefined && typeof name !== "string") throw invalid(`${who}.name must be a text, got ${kindOf(name)}`);
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === "string"))
    throw invalid(`${who}.roles must be an array of texts, got ${kindOf(roles)}`);
  return { secret, name, roles };
}

function whole(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(`sqs.${name} must be a whole number from ${min} to ${max}, got ${String(value)}`);
}

function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

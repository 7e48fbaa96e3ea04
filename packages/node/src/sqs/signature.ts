/**
 * Signature: AWS Signature Version 4 of a request, in its `Authorization` header or in its query (a presigned URL).
 *
 * Source: "Signature Version 4 signing process" of the AWS reference. Regions are taken as they are signed: clients sign for
 * whichever they are set up for.
 *
 * (V1) With keys, only a request is let in that one of them has signed: its method, path, query, host, action and body.
 * (V2) A signature is good for `skewMs` before and after its time; that of a URL from then on as long as the URL says (`X-Amz-Expires`), at most seven days.
 * (V3) What is compared with a secret is compared in constant time.
 * (V4) A digest of the body that a request brings (`X-Amz-Content-Sha256`) is checked, with or without keys.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { SqsError } from "@mpreg/core/doors";

/** A request, as far as it is signed. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  /** Names in lower case; values of one name that came more than once in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Uint8Array;
}

/** Access keys by id. */
export type AccessKeys = ReadonlyMap<string, { readonly secret: string }>;

interface Signature {
  readonly accessKey: string;
  /** `20150830/us-east-1/sqs/aws4_request` */
  readonly scope: string;
  readonly date: string;
  readonly region: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20150830T123600Z` */
  readonly time: string;
  /** For how long it is good after that. */
  readonly goodMs: number;
  /** It stands in the query, which is signed but for itself. */
  readonly isInQuery: boolean;
}

const algorithm = "AWS4-HMAC-SHA256";
const service = "sqs";
const skewMs = 15 * 60_000;
const signingKeysMax = 64;
const expirySecondsMax = 7 * 24 * 3_600;
const signatureParameter = "X-Amz-Signature";

/** Who did not sign. */
export const anonymous = "anonymous";

/** What must be signed where it is there, because it decides something. */
const deciding = ["host", "x-amz-date", "x-amz-target", "x-amz-content-sha256", "x-amz-security-token"];

export class SignatureCheck {
  readonly #keys: AccessKeys;
  /** By secret, day and region; the oldest goes. */
  readonly #signingKeys = new Map<string, Buffer>();

  /** Without any `keys`, everybody is let in, and believed to be who they say. */
  constructor(keys: AccessKeys) {
    this.#keys = keys;
  }

  /** The access key id of whoever has sent it. Throws `SqsError`. */
  check(request: SignedRequest, wallMs: number): string {
    const bodyHash = this.#bodyHash(request);
    if (this.#keys.size === 0) return claimed(request);
    const signature = signatureOf(request);
    const secret = this.#keys.get(signature.accessKey)?.secret;
    if (secret === undefined)
      throw new SqsError("InvalidClientTokenId", "The security token included in the request is invalid.");
    checkTime(signature, wallMs);
    const expected = this.#sign(signature, secret, canonicalRequest(request, signature, bodyHash));
    if (!isSameText(expected, signature.signature)) throw mismatch(); // (V1)
    return signature.accessKey;
  }

  /** (V4) Only computed where somebody needs it. */
  #bodyHash({ headers, body }: SignedRequest): string {
    const given = headers.get("x-amz-content-sha256")?.[0];
    if (given === undefined && this.#keys.size === 0) return "";
    const actual = sha256(body);
    if (given !== undefined && given !== actual)
      throw new SqsError("SignatureDoesNotMatch", "The X-Amz-Content-Sha256 of the request is not that of its body.");
    return actual;
  }

  #sign({ scope, date, region, time }: Signature, secret: string, canonical: string): string {
    const text = [algorithm, time, scope, sha256(canonical)].join("\n");
    return hmac(this.#signingKey(secret, date, region), text).toString("hex");
  }

  #signingKey(secret: string, date: string, region: string): Buffer {
    const name = `${date}/${region}/${secret}`;
    const known = this.#signingKeys.get(name);
    if (known !== undefined) return known;
    const key = [date, region, service, "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${secret}`) as Buffer;
    const [oldest] = this.#signingKeys.keys();
    if (this.#signingKeys.size >= signingKeysMax && oldest !== undefined) this.#signingKeys.delete(oldest);
    this.#signingKeys.set(name, key);
    return key;
  }
}

/** Whether the query of a URL has, or might have, a signature. */
export function isSignedUrl(target: string): boolean {
  return target.includes(signatureParameter);
}

/** Who a request says it comes from. */
function claimed(request: SignedRequest): string {
  const isSigned = request.headers.has("authorization") || isSignedUrl(request.target);
  if (!isSigned) return anonymous; // without an error, which costs more than all else here
  try {
    return signatureOf(request).accessKey;
  } catch (error) {
    if (error instanceof SqsError) return anonymous;
    throw error;
  }
}

function signatureOf({ headers, target }: SignedRequest): Signature {
  const authorization = headers.get("authorization")?.[0];
  if (authorization === undefined) {
    if (isSignedUrl(target)) return signatureInQuery(target);
    throw new SqsError("MissingAuthenticationToken", "Request is missing Authentication Token");
  }
  if (!authorization.startsWith(`${algorithm} `)) throw incomplete(`Authorization must begin with ${algorithm}`);
  const parts = new Map(
    authorization
      .slice(algorithm.length + 1)
      .split(",")
      .map((each) => {
        const equals = each.indexOf("=");
        return [each.slice(0, equals).trim(), each.slice(equals + 1).trim()];
      }),
  );
  const given = {
    credential: parts.get("Credential"),
    signedHeaders: parts.get("SignedHeaders"),
    signature: parts.get("Signature"),
    time: headers.get("x-amz-date")?.[0],
  };
  return { ...signatureFrom(given), goodMs: skewMs, isInQuery: false };
}

/** The first of several of one name counts; all of them are signed. */
function signatureInQuery(target: string): Signature {
  const query = new Map([...queryOf(target)].reverse());
  if (query.get("X-Amz-Algorithm") !== algorithm) throw incomplete(`X-Amz-Algorithm must be ${algorithm}`);
  const given = {
    credential: query.get("X-Amz-Credential"),
    signedHeaders: query.get("X-Amz-SignedHeaders"),
    signature: query.get(signatureParameter),
    time: query.get("X-Amz-Date"),
  };
  const expires = query.get("X-Amz-Expires") ?? "";
  const seconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0;
  if (seconds < 1 || seconds > expirySecondsMax)
    throw incomplete(`X-Amz-Expires must be a number of seconds from 1 to ${expirySecondsMax}`);
  return { ...signatureFrom(given), goodMs: seconds * 1_000, isInQuery: true };
}

function signatureFrom({
  credential,
  signedHeaders,
  signature,
  time,
}: Readonly<Record<"credential" | "signedHeaders" | "signature" | "time", string | undefined>>): Omit<
  Signature,
  "goodMs" | "isInQuery"
> {
  if (credential === undefined || signedHeaders === undefined || signature === undefined || time === undefined)
    throw incomplete("Credential, SignedHeaders, Signature and X-Amz-Date are needed");
  const [accessKey, date, region, itsService, end, ...rest] = credential.split("/");
  if (!accessKey || !date || !region || itsService !== service || end !== "aws4_request" || rest.length > 0)
    throw incomplete("Credential must be KEY/DATE/REGION/sqs/aws4_request");
  if (!time.startsWith(date)) throw incomplete("the date of Credential must be that of X-Amz-Date");
  const scope = [date, region, service, end].join("/");
  return { accessKey, scope, date, region, signedHeaders: signedHeaders.split(";"), signature, time };
}

/** (V2) */
function checkTime({ time, goodMs, isInQuery }: Signature, wallMs: number): void {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  const signedMs = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  if (Number.isNaN(signedMs)) throw incomplete("X-Amz-Date must be like 20150830T123600Z");
  if (wallMs > signedMs + goodMs) {
    if (!isInQuery) throw skewed("expired", time, "now earlier", wallMs, -1);
    throw new SqsError(
      "SignatureDoesNotMatch",
      `Signature expired: the URL of ${time} was good for ${goodMs / 1_000} s`,
    );
  }
  if (wallMs < signedMs - skewMs) throw skewed("not yet current", time, "still later", wallMs, 1);
}

/** In the words of AWS, by which clients know that it is their clock. */
function skewed(what: string, time: string, how: string, wallMs: number, sign: 1 | -1): SqsError {
  const [limit, now] = [shown(wallMs + sign * skewMs), shown(wallMs)];
  const around = `${now} ${sign < 0 ? "-" : "+"} ${skewMs / 60_000} min.`;
  return new SqsError("SignatureDoesNotMatch", `Signature ${what}: ${time} is ${how} than ${limit} (${around})`);
}

function shown(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/[-:]|\.\d+/g, "");
}

/** (V1) */
function canonicalRequest({ method, target, headers }: SignedRequest, signature: Signature, bodyHash: string): string {
  const { signedHeaders } = signature;
  for (const name of deciding) {
    if (headers.has(name) && !signedHeaders.includes(name))
      throw new SqsError("SignatureDoesNotMatch", `The header ${name} must be among the signed ones.`);
  }
  const path = target.split("?", 1)[0] as string;
  const query = queryOf(target)
    .filter(([name]) => !(signature.isInQuery && name === signatureParameter))
    .map(([name, value]) => [encoded(name), encoded(value)] as const)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`);
  const lines = signedHeaders.map((name) => {
    const values = headers.get(name) ?? [];
    return `${name}:${values.map((each) => each.trim().replace(/ +/g, " ")).join(",")}\n`;
  });
  return [
    method,
    path.split("/").map(encoded).join("/"),
    query.join("&"),
    lines.join(""),
    signedHeaders.join(";"),
    bodyHash,
  ].join("\n");
}

function queryOf(target: string): (readonly [string, string])[] {
  const at = target.indexOf("?");
  if (at < 0) return [];
  return target
    .slice(at + 1)
    .split("&")
    .filter((each) => each !== "")
    .map((each) => {
      const equals = each.indexOf("=");
      return equals < 0 ? [decoded(each), ""] : [decoded(each.slice(0, equals)), decoded(each.slice(equals + 1))];
    });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new SqsError("MalformedInput", "The query has a percent sign that does not begin a character of UTF-8");
  }
}

/** RFC 3986: all but letters, digits and `-._~`. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** (V3) */
function isSameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function mismatch(): SqsError {
  return new SqsError(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
  );
}

function incomplete(reason: string): SqsError {
  return new SqsError("IncompleteSignature", `The signature of the request is not complete: ${reason}.`);
}

/**
 * Start: the SQS door of one node: a port that speaks HTTP.
 *
 * What a request means is `SqsDoor` of the core; here is how it comes in and goes out.
 *
 * (H1) No web page may use it: a request with a foreign `Origin` or `Host` is refused before it is read.
 * (H2) A receive whose caller has gone is taken back, so that nothing is leased to nobody.
 * (H3) What is read, and what waits, is bounded; one more is told so.
 * (H4) While the node drains, what is under way is answered, and its connection closed; what comes later is to be tried elsewhere.
 */
import { randomUUID } from "node:crypto";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import {
  type SqsAnswer,
  type SqsBackend,
  type SqsCall,
  SqsDoor,
  SqsError,
  ofCluster,
  sqsErrorAnswer,
} from "@mpreg/core/doors";
import { MpregError, type SqsLogin } from "@mpreg/core/base";
import { ownUrl } from "../options.js";
import { type AdmissionOptions, refusalOf } from "../transports/admission.js";
import { checkAddress, describeListenError, serverTls } from "../transports/listen.js";
import type { TlsOptions } from "../transports/types.js";
import { Arriving, type Body, readBody } from "./body.js";
import type { ResolvedSqs } from "./options.js";
import { sqsPlatform } from "./platform.js";
import { SignatureCheck, isSignedUrl, anonymous } from "./signature.js";

export interface SqsParts extends AdmissionOptions {
  readonly backend: SqsBackend;
  /** The queues as a client at that address has them; throws where it is not let in. Default: as everybody. */
  readonly backendOf?: ((address: string, login: SqsLogin) => SqsBackend) | undefined;
  readonly sqs: ResolvedSqs;
  readonly tls: TlsOptions | undefined;
  readonly insecure: boolean;
  readonly handshakeTimeoutMs: number;
  /** A request has failed of something that its caller may not see. */
  readonly failed: (action: string, error: unknown) => void;
  /** The door drains: receives that wait had better end. */
  readonly draining?: () => void;
}

export interface RunningSqs {
  /** The endpoint to give to clients. */
  readonly url: string;
  /** Requests that are not answered yet. */
  readonly waiting: number;
  /** Takes no more requests; resolves when those that wait are answered, or after `graceMs`. */
  drain(graceMs: number): Promise<void>;
  /** Takes no more requests, abandons those that wait, and resolves when all connections are gone. */
  close(): Promise<void>;
}

/** Clients keep their connections, and must not find one closed that they are about to use. */
const keepAliveTimeoutMs = 75_000;

/** Connections beside those of requests under way: those that are kept, and those over which one more is told so. Beyond them they are closed. */
const spareConnections = 1_000;

/** How long a request may take to arrive. */
const requestTimeoutMs = 60_000;

/** Rejects with `invalid-argument` where the port cannot be listened on. */
export async function startSqs(parts: SqsParts): Promise<RunningSqs> {
  const { sqs, tls, insecure, handshakeTimeoutMs } = parts;
  const { host, port } = sqs;
  checkAddress({ host, tls, insecure });
  const secure = serverTls(tls);
  const timeout = Math.ceil(handshakeTimeoutMs);
  const times = {
    headersTimeout: timeout,
    requestTimeout: Math.max(timeout, requestTimeoutMs),
    keepAliveTimeout: keepAliveTimeoutMs,
  };
  const server: Server =
    secure === undefined ? createServer(times) : createTlsServer({ ...secure, ...times, handshakeTimeout: timeout });
  server.maxConnections = sqs.requestsMax + spareConnections; // (H3)
  const requests = new Requests(parts, secure === undefined ? "http" : "https");
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    requests.take(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      reject(describeListenError(error, { host, port }));
    });
    server.listen({ host, port, exclusive: true }, resolve);
  });
  const listening = (server.address() as AddressInfo).port;
  const gone = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  return {
    url: ownUrl(secure === undefined ? "http" : "https", host, listening),
    get waiting() {
      return requests.size;
    },
    drain: async (graceMs) => {
      const closed = gone();
      server.closeIdleConnections();
      requests.drain();
      const late = setTimeout(() => {
        server.closeAllConnections();
      }, graceMs);
      await closed;
      clearTimeout(late);
    },
    close: async () => {
      const closed = gone();
      server.closeAllConnections(); // which takes back what waits (H2)
      await closed;
    },
  };
}

class Requests {
  readonly #parts: SqsParts;
  readonly #scheme: "http" | "https";
  readonly #door: SqsDoor;
  readonly #signatures: SignatureCheck;
  readonly #arriving = new Arriving();
  #isDraining = false;
  size = 0;

  constructor(parts: SqsParts, scheme: "http" | "https") {
    const { backend, failed, sqs } = parts;
    this.#parts = parts;
    this.#scheme = scheme;
    this.#door = new SqsDoor({ backend, platform: sqsPlatform, place: sqs, failed });
    this.#signatures = new SignatureCheck(sqs.keys);
  }

  /** (H4) */
  drain(): void {
    this.#isDraining = true;
    this.#parts.draining?.();
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    const refusal = refusalOf(request, this.#parts); // (H1)
    if (refusal !== undefined) {
      request.resume();
      const { status, reason } = refusal;
      response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`Refused: ${reason}\n`);
      return;
    }
    this.size += 1;
    let cancel: (() => void) | undefined;
    response.once("close", () => {
      this.size -= 1;
      cancel?.(); // (H2) does nothing where it was answered
    });
    const known = { amzTarget: first(request, "x-amz-target"), requestId: randomUUID() };
    readBody(request, this.#arriving, (body) => {
      if (body.kind === "broken") return;
      try {
        const call = this.#callOf(request, body, known);
        cancel = this.#door.handle(call, (answer) => {
          if (this.#isDraining) response.setHeader("connection", "close"); // (H4)
          write(response, answer);
        });
      } catch (error) {
        const told = this.#told(error);
        if (body.kind !== "complete" || this.#isDraining) response.setHeader("connection", "close"); // what follows of it is not read
        write(response, sqsErrorAnswer(known, told));
      }
    });
  }

  #told(error: unknown): SqsError {
    if (error instanceof SqsError) return error;
    if (error instanceof MpregError) return ofCluster(error);
    this.#parts.failed("a request", error);
    return new SqsError("InternalFailure", "The log of the node says why.");
  }

  /** Throws `SqsError`, or why the policy does not let it in, for what does not reach the door. */
  #callOf(request: IncomingMessage, body: Body, known: Pick<SqsCall, "amzTarget" | "requestId">): SqsCall {
    const { requestsMax } = this.#parts.sqs;
    if (body.kind === "too-large")
      throw new SqsError("RequestEntityTooLarge", `The body of a request has at most ${body.bytesMax} bytes.`); // (H3)
    if (body.kind !== "complete" || this.size > requestsMax)
      throw new SqsError("ServiceUnavailable", "Too many requests are under way; try again later."); // (H3)
    if (this.#isDraining) throw new SqsError("ServiceUnavailable", "The node is about to end; try again."); // (H4)
    const { method = "GET", url: target = "/", headers } = request;
    const wallMs = Date.now();
    const caller = this.#isUnsigned(request)
      ? anonymous
      : this.#signatures.check({ method, target, headers: headersOf(request), body: body.bytes }, wallMs);
    return {
      ...known,
      method,
      target,
      contentType: headers["content-type"] ?? "",
      body: body.bytes,
      origin: `${this.#scheme}://${headers.host ?? ""}`,
      caller,
      backend: this.#parts.backendOf?.(request.socket.remoteAddress ?? "", this.#loginOf(caller)),
      wallMs,
    };
  }

  /** Whether nothing of it has to be checked. */
  #isUnsigned({ headers, url = "" }: IncomingMessage): boolean {
    if (this.#parts.sqs.keys.size > 0 || headers.authorization !== undefined) return false;
    return headers["x-amz-content-sha256"] === undefined && !isSignedUrl(url);
  }

  #loginOf(caller: string): SqsLogin {
    const { keys } = this.#parts.sqs;
    const { name, roles = [] } = keys.get(caller) ?? {};
    const accessKeyId = caller === anonymous ? undefined : caller;
    return { door: "sqs", accessKeyId, signed: keys.size > 0, name, roles };
  }
}

function write(response: ServerResponse, { status, contentType, headers, body }: SqsAnswer): void {
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

function first(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function headersOf({ rawHeaders }: IncomingMessage): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    const value = rawHeaders[at + 1] as string;
    const known = headers.get(name);
    if (known === undefined) headers.set(name, [value]);
    else known.push(value);
  }
  return headers;
}

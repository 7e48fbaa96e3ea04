/**
 * Router: HTTP on the node's port, beside the WebSockets: who may ask for what, and the form of every answer.
 *
 * What the answers say is `health.ts` and `metrics.ts`. That a request comes from no web page was checked before
 * (`transports/admission.ts`).
 *
 * (R1) Nothing is told that the policy was not asked about.
 * (R2) HEAD answers as GET, without the body; other methods and unknown paths are told what there is.
 * (R3) No answer is kept by anybody on the way, and every request gets one: an answer that fails is a 500 without a cause.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Observed, Policy } from "@mpreg/core/base";
import { subprotocol } from "@mpreg/core/wire";

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What is answered at a path. */
export type Route = () => HttpAnswer | Promise<HttpAnswer>;

export interface RouterOptions {
  readonly policy: Policy;
  /** The path `/livez` answers what is observed as `livez`, and so on. */
  readonly routes: Readonly<Record<Observed, Route>>;
  /** A route has thrown. */
  readonly failed: (path: string, error: unknown) => void;
}

export class Router {
  readonly #options: RouterOptions;

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** Answers the request. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume(); // whatever else it brings is not read
    const path = (request.url ?? "/").split("?", 1)[0] as string;
    let answer: HttpAnswer;
    let headers = {};
    if (path === "/") {
      answer = text(426, `This is an mpreg node. ${howToConnect} Over HTTP there are ${this.#paths}.`);
      headers = { upgrade: "websocket" };
    } else if (!this.#has(path)) {
      answer = text(404, `There is no ${JSON.stringify(path)} here; there are ${this.#paths}.`); // (R2)
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      answer = text(405, `${path} takes GET and HEAD, not ${String(request.method)}.`); // (R2)
      headers = { allow: "GET, HEAD" };
    } else {
      answer = await this.#observed(path, request);
    }
    const { status, contentType, body } = answer;
    const length = Buffer.byteLength(body);
    response.writeHead(status, {
      "content-type": contentType,
      "content-length": length,
      "cache-control": "no-store", // (R3)
      ...headers,
    });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  async #observed(path: string, { socket }: IncomingMessage): Promise<HttpAnswer> {
    const what = path.slice(1) as Observed;
    const address = socket.remoteAddress ?? "";
    const subject = { kind: "client", address, credentials: undefined, via: undefined } as const;
    const decision = this.#options.policy(subject, { kind: "observe", what }); // (R1)
    if (!decision.allow) return text(403, `Refused: ${decision.reason}`);
    try {
      return await this.#options.routes[what]();
    } catch (error) {
      this.#options.failed(path, error);
      return text(500, `${path} failed; the log of this node says why.`); // (R3)
    }
  }

  #has(path: string): boolean {
    return Object.hasOwn(this.#options.routes, path.slice(1));
  }

  get #paths(): string {
    return Object.keys(this.#options.routes)
      .map((each) => `/${each}`)
      .join(", ");
  }
}

const howToConnect = `Connect with a client, or open a WebSocket with the subprotocol ${subprotocol}.`;

/** A line for people. */
export function text(status: number, line: string): HttpAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body: `${line}\n` };
}

/**
 * DNS: seeds from SRV records (RFC 2782).
 *
 * (R1) All targets are seeds, whatever their priority and weight: a node links to everybody.
 * (R2) A name that has no records, or whose only target is ".", has no seeds. A server that does not answer, or fails,
 *      takes nothing back.
 * (R3) Asked again about every half minute with jitter; after a failure sooner, then ever later up to the same.
 */
import { Resolver } from "node:dns/promises";
import type { Random } from "@mpreg/core/base";
import type { Logger } from "../log.js";
import { isNodeUrl } from "../node-url.js";
import { Troubles, reasonOf } from "./troubles.js";
import type { Seeds, Source } from "./types.js";

export interface DnsTimes {
  readonly refreshMs: number;
  /** First wait after a failure; doubled up to `refreshMs`. */
  readonly retryMs: number;
  /** How long a server has to answer, the first time. */
  readonly timeoutMs: number;
}

const defaultTimes: DnsTimes = { refreshMs: 30_000, retryMs: 1_000, timeoutMs: 2_000 };
const tries = 2;

/** The name does not exist, or has no such records: an answer, not a failure. (R2) */
const emptyCodes: readonly unknown[] = ["ENOTFOUND", "ENODATA"];

export class DnsSource implements Source {
  readonly name: string;
  readonly #service: string;
  readonly #random: Random;
  readonly #troubles: Troubles;
  readonly #times: DnsTimes;
  readonly #resolver: Resolver;
  #seeds: Seeds = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosed = false;

  /** `service` is a name like `_mpreg._tcp.example.com`; `servers` are asked instead of the system's. */
  constructor(
    service: string,
    servers: readonly string[] | undefined,
    log: Logger,
    random: Random,
    times: DnsTimes = defaultTimes,
  ) {
    this.name = `dns ${service}`;
    this.#service = service;
    this.#random = random;
    this.#troubles = new Troubles(log);
    this.#times = times;
    this.#resolver = new Resolver({ timeout: times.timeoutMs, tries });
    if (servers !== undefined) this.#resolver.setServers(servers);
  }

  start(seeds: Seeds): void {
    this.#seeds = seeds;
    void this.#ask();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#resolver.cancel();
  }

  async #ask(): Promise<void> {
    const answer = await this.#resolve();
    if (this.#isClosed) return;
    if (answer.kind === "urls") {
      this.#failures = 0;
      this.#seeds(answer.urls);
    } else this.#failures += 1;
    if (answer.reason === undefined) this.#troubles.over(this.#service);
    else
      this.#troubles.tell(
        this.#service,
        { name: this.#service, reason: answer.reason },
        "no peers from DNS; trying on",
      );
    this.#timer = setTimeout(() => void this.#ask(), this.#waitMs());
    this.#timer.unref();
  }

  /** (R3) */
  #waitMs(): number {
    const { refreshMs, retryMs } = this.#times;
    const jitter = 0.75 + this.#random.next() / 2; // nodes that started together are not to ask together for ever
    if (this.#failures === 0) return refreshMs * jitter;
    return Math.min(refreshMs, retryMs * 2 ** Math.min(this.#failures - 1, 30)) * jitter;
  }

  async #resolve(): Promise<Answer> {
    try {
      const records = await this.#resolver.resolveSrv(this.#service);
      const urls = srvUrls(this.#service, records); // (R1)
      return { kind: "urls", urls, reason: urls.length === 0 ? "no usable target" : undefined };
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      return { kind: emptyCodes.includes(code) ? "urls" : "failed", urls: [], reason: reasonOf(error) };
    }
  }
}

interface Answer {
  readonly kind: "urls" | "failed";
  readonly urls: readonly string[];
  /** Why there are no seeds. */
  readonly reason: string | undefined;
}

/** The addresses that the SRV records of `service` name; with `wss` for a service like `_mpreg-tls`. */
export function srvUrls(
  service: string,
  records: readonly { readonly name: string; readonly port: number }[],
): readonly string[] {
  const scheme = /^_[^.]*-tls\./i.test(service) ? "wss" : "ws";
  return records
    .filter(({ name }) => name !== "" && name !== ".") // (R2)
    .map(({ name, port }) => `${scheme}://${name.replace(/\.$/, "")}:${port}`)
    .filter(isNodeUrl);
}

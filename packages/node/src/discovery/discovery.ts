/**
 * Discovery: all sources of seeds that a node has, run together.
 *
 * (C1) What a source tells is passed on when it differs from what it told before, and never after the close.
 * (C2) Of one source `seedsMax` seeds are used at most: every seed is dialled again and again.
 */
import { type Random, shownUrl } from "@mpreg/core/base";
import type { Logger } from "../log.js";
import { DnsSource } from "./dns.js";
import { FileSource } from "./file.js";
import { type MdnsNode, MdnsSource } from "./mdns/mdns.js";
import type { ResolvedDiscovery } from "./options.js";
import { Troubles } from "./troubles.js";
import type { Source } from "./types.js";

const seedsMax = 256;
const networksEveryMs = 10_000;

/** The sources that the options ask for. */
export function sourcesOf(options: ResolvedDiscovery, node: MdnsNode, log: Logger, random: Random): readonly Source[] {
  const { mdns, dns, dnsServers, file } = options;
  return [
    ...(file === undefined ? [] : [new FileSource(file, log)]),
    ...[...new Set(dns)].map((service) => new DnsSource(service, dnsServers, log, random)),
    ...(mdns === undefined ? [] : [new MdnsSource(node, { ...mdns, lookEveryMs: networksEveryMs }, log, random)]),
  ];
}

export class Discovery {
  readonly #sources: readonly Source[];
  readonly #tell: (source: string, urls: readonly string[]) => void;
  readonly #log: Logger;
  readonly #troubles: Troubles;
  /** What each source told last. */
  readonly #told = new Map<string, string>();
  #isClosed = false;

  constructor(sources: readonly Source[], log: Logger, tell: (source: string, urls: readonly string[]) => void) {
    this.#sources = sources;
    this.#tell = tell;
    this.#log = log;
    this.#troubles = new Troubles(log);
  }

  start(): void {
    for (const source of this.#sources) {
      source.start((urls) => {
        this.#pass(source.name, urls);
      });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#sources.map((source) => source.close()));
  }

  #pass(source: string, urls: readonly string[]): void {
    const unique = [...new Set(urls)].sort();
    const seeds = unique.slice(0, seedsMax); // (C2)
    const text = seeds.join(" ");
    if (this.#isClosed || text === (this.#told.get(source) ?? "")) return; // (C1)
    this.#told.set(source, text);
    if (unique.length > seedsMax)
      this.#troubles.tell(source, { source, used: seedsMax }, "too many peers found; the others are not used");
    this.#log.debug({ source, urls: seeds.map(shownUrl) }, "peers found");
    this.#tell(source, seeds);
  }
}

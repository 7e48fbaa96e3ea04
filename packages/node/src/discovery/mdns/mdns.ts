/**
 * mDNS: seeds from multicast DNS on the local network, and this node's announcement there.
 *
 * Joins the parts: sockets (`multicast.ts`), what is said (`announcer.ts`), what is heard (`browser.ts`).
 *
 * (M1) No trouble with multicast is the node's: it is logged once, and tried again.
 */
import type { Random } from "@mpreg/core/base";
import type { Logger } from "../../log.js";
import { Troubles, reasonOf } from "../troubles.js";
import type { Seeds, Source } from "../types.js";
import { Announcer } from "./announcer.js";
import { Browser } from "./browser.js";
import { Multicast, type MulticastOptions } from "./multicast.js";
import { serviceName, sightingsIn } from "./records.js";

/** The port of multicast DNS. */
export const mdnsPort = 5353;

export interface MdnsNode {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  /** How it is reached from the network in which this machine has `address`. */
  urlsAt(address: string): readonly string[];
}

export class MdnsSource implements Source {
  readonly name = "mdns";
  readonly #multicast: Multicast;
  readonly #announcer: Announcer;
  readonly #browser: Browser;
  #seeds: Seeds = () => undefined;

  constructor(node: MdnsNode, options: MulticastOptions, log: Logger, random: Random) {
    const { id, name, cluster } = node;
    const troubles = new Troubles(log);
    this.#multicast = new Multicast(options, {
      opened: (address) => {
        troubles.over(`listen ${address}`);
        this.#announcer.opened(address);
        this.#browser.opened();
      },
      closed: (address) => {
        this.#announcer.closed(address);
      },
      query: (query, address) => {
        this.#announcer.query(query, address);
      },
      response: (response) => {
        this.#browser.heard(sightingsIn(response));
      },
      trouble: (address, doing, error) => {
        troubles.tell(
          `${doing} ${address}`,
          { address, port: options.port, reason: reasonOf(error) },
          "no multicast DNS; trying on",
        ); // (M1)
      },
      sent: (address) => {
        troubles.over(`send ${address}`);
      },
    });
    this.#announcer = new Announcer({
      random,
      announcementAt: (address) => ({ id, name, cluster, urls: node.urlsAt(address) }),
      respond: (records, address) => this.#multicast.respond(records, address),
    });
    this.#browser = new Browser(id, cluster, {
      random,
      ask: () => {
        this.#multicast.query(serviceName);
      },
      found: (urls) => {
        this.#seeds(urls);
      },
    });
  }

  start(seeds: Seeds): void {
    this.#seeds = seeds;
    this.#multicast.start();
  }

  /** Says goodbye. */
  async close(): Promise<void> {
    this.#browser.close();
    await this.#announcer.close();
    await this.#multicast.close();
  }
}

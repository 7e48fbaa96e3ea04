/** What is known of members: what they have signed, and a table of them on a clock of its own. */
import { type MemberChange, type MembershipOptions, profiles } from "../../src/membership/index.js";
import { type Applied, Members, type ReceivedRecord } from "../../src/membership/members.js";
import { signAccusation, signRecord } from "../../src/membership/records.js";
import type { Entry } from "../../src/membership/types.js";
import type { Accusation, NodeRecord, Signed } from "../../src/wire/index.js";
import { Clock } from "./clock.js";
import { idOf, recordOf } from "./news.js";
import { signerOf } from "./signer.js";
import { utf8 } from "./wire.js";

/** The timings that tests are written for. */
export const options: MembershipOptions = profiles.lan;

/** The record as it arrives, signed by the node `signer`. */
export function received(record: NodeRecord, signer: string = record.name): ReceivedRecord {
  return { record, ...signRecord(record, signerOf(signer), utf8) };
}

export function accusationOf(target: string, accuser: string, changes: Partial<Accusation> = {}): Accusation {
  return { verdict: "suspect", target: idOf(target), incarnation: 1, accuser: idOf(accuser), ...changes };
}

/** The accusation as the node `signer` signs it. */
export function signedBy(accusation: Accusation, signer: string): Signed {
  return signAccusation(accusation, signerOf(signer), utf8);
}

/** A table of members, and all that it tells. Whose suspicion ends is down. */
export class MemberTable extends Clock {
  readonly members: Members;
  readonly changes: string[] = [];
  readonly forgotten: string[] = [];
  readonly #names = new Map<string, string>();

  constructor(given: Partial<MembershipOptions> = {}, self = "self") {
    super();
    this.members = new Members(
      idOf(self),
      { ...options, ...given },
      {
        schedule: this.schedule,
        unschedule: this.unschedule,
        changed: ({ member, before }: MemberChange) => {
          this.changes.push(`${member.record.name}: ${before ?? "unknown"} > ${member.state}`);
        },
        ending: (entry) => {
          this.changes.push(`${entry.record.name}: suspicion about to end`);
        },
        expired: (entry, nowMs) => {
          this.members.down(entry, nowMs);
        },
        forgotten: (nodeId) => {
          this.forgotten.push(this.#names.get(nodeId) ?? nodeId);
        },
      },
    );
  }

  /** Members of these names have said that they are there. */
  join(...names: readonly string[]): void {
    for (const name of names) this.record(name);
  }

  /** A record that the key of `name` has signed, unless the test says otherwise. */
  record(name: string, changes: Partial<NodeRecord> = {}, isGenuine: () => boolean = () => true): Applied {
    this.#names.set(idOf(name), name);
    const record = recordOf(name, changes);
    const body = Uint8Array.of(record.incarnation, record.sequence);
    const message = { record, hopsLeft: 3, signature: new Uint8Array(64), body };
    return this.members.record(idOf(name), message, isGenuine, this.nowMs);
  }

  accuse(
    target: string,
    accuser: string,
    changes: Partial<Accusation> = {},
    isGenuine: () => boolean = () => true,
  ): Applied {
    return this.members.accusation(accusationOf(target, accuser, changes), isGenuine, this.nowMs);
  }

  get(name: string): Entry {
    const entry = this.members.get(idOf(name));
    if (entry === undefined) throw new Error(`"${name}" is not known`);
    return entry;
  }

  /** What is believed of the member. */
  beliefOf(name: string): string {
    const entry = this.members.get(idOf(name));
    if (entry === undefined) return "unknown";
    return `${entry.record.incarnation} ${entry.state} ${entry.record.sequence}`;
  }
}

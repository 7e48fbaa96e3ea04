/** Stranger node: what a stranger who says he is a node tells of himself, and of others. */
import type { Signer } from "@mpreg/core/base";
import { Announcements } from "@mpreg/core/catalog";
import { nodeIdOf } from "@mpreg/core/link";
import { hopsMax, sign } from "@mpreg/core/membership";
import { type NodeRecord, type OfferRecord, Writer, writeRecord, writeRecordBody } from "@mpreg/core/wire";
import { utf8 } from "../../src/capabilities.js";

/** A function as a node offers it, with nothing special about it. */
export function offerOf(fun: string): OfferRecord {
  return {
    fun,
    resources: [],
    version: undefined,
    tags: [],
    scope: "cluster",
    concurrencyMax: undefined,
    idempotent: "no",
  };
}

/** The message in which the node of `signer` tells of itself; `fields` say what is not as a good node would have it. */
export function recordOf(signer: Signer, name: string, fields: Partial<NodeRecord> = {}): Uint8Array {
  const body = new Writer(utf8);
  writeRecordBody(body, {
    publicKey: signer.publicKey,
    run: new Uint8Array(8),
    name,
    cluster: "default",
    urls: [],
    incarnation: 1,
    sequence: 1,
    boot: 1,
    left: false,
    observers: [],
    coordinate: undefined,
    outlived: undefined,
    ...fields,
  });
  const writer = new Writer(utf8);
  writeRecord(writer, { hopsLeft: hopsMax, ...sign("mpreg.v2 node record\n", body.take().slice(), signer) });
  writer.end();
  return writer.take();
}

/**
 * The message in which `signer` tells what the node of `publicKey` offers in its life that began with incarnation `boot`;
 * good if the key is its own.
 */
export function offersOf(
  signer: Signer,
  offers: readonly OfferRecord[],
  { publicKey = signer.publicKey, boot = 1 } = {},
): Uint8Array {
  const nodeId = nodeIdOf(publicKey, signer);
  const announcements = new Announcements(nodeId, { signer, utf8, ownerOf: () => undefined });
  for (const offer of offers) announcements.offer(offer);
  const message = announcements.announce(boot);
  if (message === undefined) throw new Error("there is nothing to announce");
  return message;
}

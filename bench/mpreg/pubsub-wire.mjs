/** Topics of a node, with a load that is encoded beforehand and read no further than to its body: the node alone, without our client. */
import { importMpreg } from "./build.mjs";
import { kinds, message, openLink, readVarint, text, u32, varint } from "./wire-link.mjs";

const digits = Buffer.from("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
const idDigits = 6;
/** As much as a node lets be under way to one link: what is beyond waits in a buffer there, which costs the node a copy. */
const windowBytes = 8 * 1024 * 1024;
/** What was taken is told so much later at most, as our client does: told with each frame it would be half of what a subscriber does. */
const toldMs = 10;
const overflow = 4;
const window = 7;
/** How a value that is bytes begins: MessagePack's bin 8. */
const bin8 = 0xc4;

/**
 * A whole `publish`, but for the digits of its id and its body, which is its end.
 *
 * @param {number} bodyBytes below 256
 * @param {string} topic
 */
export function makeTemplate(bodyBytes, topic) {
  const timestamp = varint(Date.now());
  const id = text("0".repeat(idDigits));
  const head = Buffer.concat([text(topic), id]);
  const whole = message(kinds.publish, head, timestamp, [0, bin8, bodyBytes], new Uint8Array(bodyBytes));
  return { whole, idAt: whole.indexOf(head) + head.length - idDigits };
}

/** @param {{ address: string, topics: string[] }} options */
export async function openPublisher({ address, topics }) {
  const link = await openLink(address, () => {});
  /** @type {ReturnType<typeof makeTemplate>[]} */
  let templates = [];
  let sequence = 0;
  return {
    publish: (/** @type {number} */ topic, /** @type {Buffer} */ body) => {
      if (templates.length === 0) templates = topics.map((each) => makeTemplate(body.length, each));
      const { whole, idAt } = templates[topic];
      const { chunk, at } = link.room(whole.length);
      whole.copy(chunk, at, 0, whole.length - body.length);
      for (let place = at + idAt + idDigits - 1, rest = sequence++; rest > 0; rest = Math.floor(rest / 64)) {
        chunk[place--] = digits[rest % 64];
      }
      chunk.set(body, at + whole.length - body.length);
      link.count(whole.length);
    },
    taken: () => link.hasRoom(),
  };
}

/** @param {number} number @param {string} pattern @returns {(readonly number[] | Uint8Array)[]} */
function wish(number, pattern) {
  const asked = text("block-publisher");
  const bytes = varint(windowBytes);
  const fields = [overflow, ...u32(asked.length), ...asked, window, ...u32(bytes.length), ...bytes, 0];
  return [varint(number), [1], text(pattern), fields];
}

/** It is sure of its own node only: who measures waits until it is reached. @param {{ address: string, pattern: string, onMessage: (body: Uint8Array) => void }} options */
export async function openSubscriber({ address, pattern, onMessage }) {
  const number = 1;
  let untold = 0;
  const tell = () => {
    if (untold > 0) link.add(message(kinds.taken, varint(number), varint(untold)));
    untold = 0;
  };
  const link = await openLink(address, (kind, bytes, start, end) => {
    if (kind !== kinds.deliver) throw new Error(`A message of kind ${kind} came instead of what was published`);
    let at = start;
    for (let left = bytes[at++]; left > 0; left--) at = readVarint(bytes, at).end; // its numbers
    if (untold === 0) setTimeout(tell, toldMs);
    untold += end - at;
    if (untold >= windowBytes / 4) tell();
    at += 1 + bytes[at]; // its topic, whose length has one byte
    at += 1 + bytes[at]; // its id
    at = readVarint(bytes, at).end; // its time
    if (bytes[at] !== 0 || bytes[at + 1] !== bin8) throw new Error("A message came that is not what was published");
    onMessage(bytes.subarray(at + 3, end));
  });
  await link.ask(kinds.subscribe, ...wish(number, pattern));
}

/** @param {{ address: string }} options */
export async function openIdle({ address }) {
  const link = await openLink(address, () => {});
  let number = 0;
  return (/** @type {string[]} */ patterns) =>
    Promise.all(patterns.map((pattern) => link.ask(kinds.subscribe, ...wish(++number, pattern))));
}

/**
 * Whether nodes of this build have topics: a function of a child module.
 *
 * @returns {Promise<string | undefined>} why they have not
 */
export async function whyUnavailable() {
  const { createNode } = await importMpreg();
  const node = await createNode({ name: "asked", port: 0, log: "fatal" });
  const link = await openLink(node.url, () => {});
  try {
    await link.ask(kinds.subscribe, ...wish(1, "a.*"));
    return undefined;
  } catch (error) {
    return `this build's nodes have no topics yet: ${/** @type {Error} */ (error).message}`;
  }
}

/** The bare broker's driver with subscribers that lose every hundredth message, and get every thousandth one twice. */
import { openSubscriber as open } from "../peers/pubsub/bare.mjs";

export { openPublisher } from "../peers/pubsub/bare.mjs";

/** @param {{ address: any, pattern: string, onMessage: (body: Uint8Array) => void }} options */
export function openSubscriber({ onMessage, ...options }) {
  let count = 0;
  return open({
    ...options,
    onMessage: (/** @type {Uint8Array} */ body) => {
      count++;
      if (count % 100 === 50) return;
      onMessage(body);
      if (count % 1_000 === 1) onMessage(body);
    },
  });
}

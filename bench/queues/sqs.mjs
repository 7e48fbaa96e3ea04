/**
 * The SQS door: batches of ten that are sent, received and deleted, by requests that were written beforehand, and by the AWS SDK; and the same SDK
 * against a server that answers all alike, which is what the SDK leaves to be had.
 */
import { createRequire } from "node:module";
import { withChildren } from "../lib/child.mjs";
import { withQueueNode } from "./brokers.mjs";

const wireModule = new URL("sqs-wire.mjs", import.meta.url);
const sdkModule = new URL("sqs-sdk.mjs", import.meta.url);
const cannedModule = new URL("sqs-canned.mjs", import.meta.url);
const sdk = "@aws-sdk/client-sqs";
const warmUpShare = 0.5;

const onDoor = withQueueNode({ sqs: true });

/** @type {(work: (at: { sqsUrl: string }) => Promise<any>) => Promise<any>} */
const onCanned = (work) => withChildren(async (open) => work({ sqsUrl: await open(cannedModule).call("serve") }));

/**
 * @param {{ name: string, title: string, load: URL, at: typeof onCanned, whyUnavailable?: () => string | undefined }} about
 */
const contestant = ({ load, at, ...about }) => ({
  ...about,
  family: /** @type {const} */ ("mpreg"),
  group: /** @type {const} */ ("sqs"),
  measure: (/** @type {import("./exchange.mjs").Budget} */ { sqsMs }) =>
    at(({ sqsUrl }) =>
      withChildren(async (open) => {
        const child = open(load);
        await child.call("open", { url: sqsUrl });
        await child.call("run", { ms: sqsMs * warmUpShare });
        return { messagesPerSecond: await child.call("run", { ms: sqsMs }) };
      }),
    ),
});

export const sqs = [
  contestant({
    name: "queues-sqs-wire",
    title: "SQS door: requests that were written beforehand",
    load: wireModule,
    at: onDoor,
  }),
  contestant({
    name: "queues-sqs-sdk",
    title: "SQS door: the AWS SDK",
    load: sdkModule,
    at: onDoor,
    whyUnavailable: whyNoSdk,
  }),
  contestant({
    name: "queues-sqs-canned",
    title: "the AWS SDK and a server that answers all alike",
    load: sdkModule,
    at: onCanned,
    whyUnavailable: whyNoSdk,
  }),
];

function whyNoSdk() {
  try {
    createRequire(import.meta.url).resolve(sdk);
    return undefined;
  } catch {
    return `${sdk} is not installed`;
  }
}

/** The AWS SDK's own client, as its users take it, with only the endpoint changed: a child module. */
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
  SendMessageBatchCommand,
} from "@aws-sdk/client-sqs";

const loops = 16;
const batch = 10;
const body = "x".repeat(200);
const Entries = Array.from({ length: batch }, (_, index) => ({ Id: `${index}`, MessageBody: body }));

/** @type {SQSClient} */
let client;
/** @type {string | undefined} */
let QueueUrl;

/** @param {{ url: string }} job */
export async function open({ url }) {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
  client = new SQSClient({ endpoint: url, region: "us-east-1", credentials, maxAttempts: 1 });
  ({ QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "sdk" })));
}

/** @param {{ ms: number }} job @returns {Promise<number>} messages that were sent, received and deleted, per second */
export async function run({ ms }) {
  const startedMs = performance.now();
  const untilMs = startedMs + ms;
  let deleted = 0;
  await Promise.all(
    Array.from({ length: loops }, async () => {
      while (performance.now() < untilMs) {
        await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
        const { Messages = [] } = await client.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: batch }),
        );
        if (Messages.length === 0) continue;
        const receipts = Messages.map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }));
        const { Successful = [] } = await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: receipts }));
        deleted += Successful.length;
      }
    }),
  );
  return deleted / ((performance.now() - startedMs) / 1_000);
}

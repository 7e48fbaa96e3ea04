/** A server that gives every SQS request the same answer as the last one of its kind: what an SDK can do where the queue costs nothing. A child module. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const batch = 10;
const Body = "x".repeat(200);
const MD5OfBody = createHash("md5").update(Body).digest("hex");
const ten = (/** @type {(index: number) => object} */ make) => Array.from({ length: batch }, (_, index) => make(index));
const id = (/** @type {number} */ index) => `00000000-0000-4000-8000-00000000000${index}`;

/** @type {Record<string, object>} */
const answers = {
  CreateQueue: { QueueUrl: "http://127.0.0.1/000000000000/sdk" },
  SendMessageBatch: {
    Successful: ten((index) => ({ Id: `${index}`, MessageId: id(index), MD5OfMessageBody: MD5OfBody })),
  },
  ReceiveMessage: {
    Messages: ten((index) => ({ MessageId: id(index), ReceiptHandle: `${"r".repeat(40)}${index}`, MD5OfBody, Body })),
  },
  DeleteMessageBatch: { Successful: ten((index) => ({ Id: `${index}` })) },
};

/** @returns {Promise<string>} */
export function serve() {
  const ready = new Map(Object.entries(answers).map(([name, answer]) => [`AmazonSQS.${name}`, JSON.stringify(answer)]));
  const server = createServer((request, response) => {
    request.resume();
    request.once("end", () => {
      const answer = ready.get(String(request.headers["x-amz-target"]));
      response.writeHead(answer === undefined ? 400 : 200, {
        "Content-Type": "application/x-amz-json-1.0",
        "Content-Length": Buffer.byteLength(answer ?? "{}"),
      });
      response.end(answer ?? "{}");
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      resolve(`http://127.0.0.1:${port}`);
    });
  });
}

import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { startSqsDoor } from "./support.js";

test("a message is sent, received with what it was sent with, and deleted", async () => {
  const { client, failures, url } = await startSqsDoor();
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "orders" }));
  expect(QueueUrl).toBe(`${url}/000000000000/orders`);
  const sent = await client.send(
    new SendMessageCommand({
      QueueUrl,
      MessageBody: `{"n":1,"text":"ü 🎈 <&>\\r"}`,
      MessageAttributes: {
        kind: { DataType: "String", StringValue: "new" },
        size: { DataType: "Number.int", StringValue: "42" },
        raw: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255, 7]) },
      },
      MessageSystemAttributes: {
        AWSTraceHeader: { DataType: "String", StringValue: "Root=1-5759e988-bd862e3fe1be46a994272793" },
      },
    }),
  );
  expect(sent.MD5OfMessageBody).toMatch(/^[0-9a-f]{32}$/);
  const { Messages: [message] = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] }),
  );
  expect(message?.MD5OfMessageAttributes).toBe(sent.MD5OfMessageAttributes);
  expect(message?.MessageId).toBe(sent.MessageId);
  expect(message?.Body).toBe(`{"n":1,"text":"ü 🎈 <&>\\r"}`);
  expect(message?.MessageAttributes).toEqual({
    kind: { DataType: "String", StringValue: "new" },
    size: { DataType: "Number.int", StringValue: "42" },
    raw: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255, 7]) },
  });
  expect(message?.Attributes).toMatchObject({ ApproximateReceiveCount: "1", SenderId: "AKIDEXAMPLE" });
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  expect(Attributes).toMatchObject({ ApproximateNumberOfMessages: "0", ApproximateNumberOfMessagesNotVisible: "0" });
  expect(failures).toEqual([]);
});

/** Changes of one queue by several clients at once. */
import {
  AddPermissionCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListQueueTagsCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { startNode } from "../support/cluster.js";
import { temporaryFolder } from "../support/folders.js";
import { clientOf } from "./support.js";

test("tags, permissions and attributes that are set at once at a door are all there (C1)", async () => {
  const node = await startNode({ sqs: { port: 0 }, dataDir: await temporaryFolder() });
  const client = clientOf(node.sqsUrl ?? "");
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "q", tags: { old: "1", kept: "1" } }));
  const numbers = Array.from({ length: 10 }, (_, index) => index);
  const permission = { Label: "l", AWSAccountIds: ["123456789012"], Actions: ["*"] };
  await Promise.all([
    ...numbers.map((number) => client.send(new TagQueueCommand({ QueueUrl, Tags: { [`k${number}`]: "1" } }))),
    client.send(new UntagQueueCommand({ QueueUrl, TagKeys: ["old"] })),
    client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { ReceiveMessageWaitTimeSeconds: "3" } })),
    client.send(new AddPermissionCommand({ QueueUrl, ...permission })),
    client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { KmsDataKeyReusePeriodSeconds: "300" } })),
    client.send(new AddPermissionCommand({ QueueUrl, ...permission, Label: "not a label" })).catch(() => undefined),
  ]);
  const { Tags = {} } = await client.send(new ListQueueTagsCommand({ QueueUrl }));
  expect(Object.keys(Tags).sort()).toEqual([...numbers.map((number) => `k${number}`), "kept"]);
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  expect(Attributes).toMatchObject({ ReceiveMessageWaitTimeSeconds: "3", KmsDataKeyReusePeriodSeconds: "300" });
  expect(Attributes?.Policy).toContain("123456789012");
});

test("a change that waits and whose caller has gone is not in the way of the next one (C1)", async () => {
  const node = await startNode({ sqs: { port: 0 }, dataDir: await temporaryFolder() });
  const client = clientOf(node.sqsUrl ?? "");
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "q" }));
  const gone = new AbortController();
  const tag = (name: string, abortSignal?: AbortSignal): Promise<unknown> =>
    client.send(
      new TagQueueCommand({ QueueUrl, Tags: { [name]: "1" } }),
      abortSignal === undefined ? {} : { abortSignal },
    );
  const all = [tag("a"), tag("b", gone.signal).catch(() => undefined), tag("c")];
  gone.abort();
  await Promise.all(all);
  const missing = client.send(new TagQueueCommand({ QueueUrl: `${QueueUrl}x`, Tags: { a: "1" } }));
  await expect(missing).rejects.toMatchObject({ name: "QueueDoesNotExist" });
  await tag("d");
  const { Tags } = await client.send(new ListQueueTagsCommand({ QueueUrl }));
  expect(Tags).toMatchObject({ a: "1", c: "1", d: "1" });
});

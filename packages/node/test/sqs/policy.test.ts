/** What clients of the SQS door may do: the policy sees which key has signed, at the door and, as far as nodes tell it, at the queue's owner. */
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListQueueTagsCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  type SQSClient,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import type { Action, Policy, Subject } from "@mpreg/core";
import { createNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { startMesh, startNode } from "../support/cluster.js";
import { temporaryFolder } from "../support/folders.js";
import { clientOf } from "./support.js";

const keys = {
  AKADMIN: { secret: "admin-secret", name: "ann", roles: ["send", "receive", "browse", "manage"] },
  AKSHOP: { secret: "shop-secret", name: "the shop", roles: ["send"] },
  AKWORK: { secret: "work-secret", roles: ["receive"] },
  AKGONE: "gone-secret",
};

interface Seen {
  readonly subject: Subject;
  readonly action: Action;
}

/** Says yes to what a key has the role for, and notes what it was asked about queues. */
function byRole(seen: Seen[]): Policy {
  return (subject, action) => {
    if ("queue" in action) seen.push({ subject, action });
    if (subject.kind !== "client" || subject.login?.door !== "sqs") return { allow: true };
    const { accessKeyId, roles, signed } = subject.login;
    if (action.kind === "accept") {
      return accessKeyId === "AKGONE" ? { allow: false, reason: "it has left" } : { allow: true };
    }
    if (!("queue" in action)) return { allow: true };
    if (signed && roles.includes(action.kind)) return { allow: true };
    return { allow: false, reason: `${String(accessKeyId)} may not ${action.kind}` };
  };
}

async function door() {
  const seen: Seen[] = [];
  const node = await startNode({ dataDir: await temporaryFolder(), policy: byRole(seen), sqs: { port: 0, keys } });
  const as = (accessKeyId: string, secretAccessKey: string): SQSClient =>
    clientOf(node.sqsUrl ?? "", { credentials: { accessKeyId, secretAccessKey } });
  return { seen, node, as };
}

const denied = (reason: RegExp) => ({
  name: "AccessDenied",
  message: expect.stringMatching(reason) as string,
  $metadata: { httpStatusCode: 403 },
});

test("what a key may do is what the policy says of it, each action on its own (A1)", async () => {
  const { as, seen } = await door();
  const admin = as("AKADMIN", "admin-secret");
  const shop = as("AKSHOP", "shop-secret");
  const work = as("AKWORK", "work-secret");
  const { QueueUrl } = await admin.send(new CreateQueueCommand({ QueueName: "orders" }));
  const mayNot = async (client: SQSClient, what: string, ...commands: readonly object[]): Promise<void> => {
    const why = new RegExp(`^Not allowed to .* queue "orders": AK[A-Z]+ may not ${what}$`);
    for (const command of commands)
      await expect(client.send(command as SendMessageCommand)).rejects.toMatchObject(denied(why));
  };
  await shop.send(new SendMessageCommand({ QueueUrl, MessageBody: "first" }));
  await mayNot(shop, "receive", new ReceiveMessageCommand({ QueueUrl }));
  await mayNot(
    shop,
    "manage",
    new CreateQueueCommand({ QueueName: "orders" }),
    new PurgeQueueCommand({ QueueUrl }),
    new DeleteQueueCommand({ QueueUrl }),
  );
  await mayNot(
    shop,
    "browse",
    new GetQueueUrlCommand({ QueueName: "orders" }),
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["VisibilityTimeout"] }),
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
    new ListQueueTagsCommand({ QueueUrl }),
    new ListDeadLetterSourceQueuesCommand({ QueueUrl }),
  );
  await mayNot(
    work,
    "send",
    new SendMessageCommand({ QueueUrl, MessageBody: "second" }),
    new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: "1", MessageBody: "third" }] }),
  );
  const { Messages: [message] = [] } = await work.send(new ReceiveMessageCommand({ QueueUrl }));
  expect(message?.Body).toBe("first");
  expect((await admin.send(new ListQueuesCommand({}))).QueueUrls).toEqual([QueueUrl]);
  expect((await shop.send(new ListQueuesCommand({}))).QueueUrls).toBeUndefined();
  const ofShop = seen.find(
    ({ subject }) =>
      subject.kind === "client" && subject.login?.door === "sqs" && subject.login.accessKeyId === "AKSHOP",
  );
  expect(ofShop).toMatchObject({
    subject: { kind: "client", address: "127.0.0.1", login: { signed: true, name: "the shop", roles: ["send"] } },
    action: { kind: "send", queue: "orders", onBehalfOf: undefined },
  });
});

test("who is not accepted is told so before anything is looked at, and a stranger's signature as AWS does", async () => {
  const { as } = await door();
  await expect(as("AKGONE", "gone-secret").send(new ListQueuesCommand({}))).rejects.toMatchObject(
    denied(/^it has left$/),
  );
  await expect(as("AKADMIN", "guessed").send(new ListQueuesCommand({}))).rejects.toMatchObject({
    name: "SignatureDoesNotMatch",
  });
  await expect(as("AKNONE", "guessed").send(new ListQueuesCommand({}))).rejects.toMatchObject({
    name: "InvalidClientTokenId",
  });
});

test("without keys the policy is told that nobody has checked which one it is", async () => {
  const seen: Seen[] = [];
  const node = await startNode({ dataDir: await temporaryFolder(), policy: byRole(seen), sqs: { port: 0 } });
  const client = clientOf(node.sqsUrl ?? "");
  await expect(client.send(new CreateQueueCommand({ QueueName: "orders" }))).rejects.toMatchObject(
    denied(/may not manage/),
  );
  expect(seen[0]?.subject).toMatchObject({ login: { accessKeyId: "AKIDEXAMPLE", signed: false, roles: [] } });
});

test("the owner of a queue sees for whom the door's node asks (A2)", async () => {
  const seen: Seen[] = [];
  const [, near] = await startMesh(
    {
      name: "owner",
      dataDir: await temporaryFolder(),
      policy: (subject, action) => {
        if ("queue" in action) seen.push({ subject, action });
        const { onBehalfOf } = "onBehalfOf" in action ? action : { onBehalfOf: undefined };
        return action.kind === "receive" && onBehalfOf?.kind === "client"
          ? { allow: false, reason: "not for clients" }
          : { allow: true };
      },
    },
    { name: "near", sqs: { port: 0 } },
  );
  const client = clientOf(near?.sqsUrl ?? "");
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "orders" }));
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "first" }));
  await expect(client.send(new ReceiveMessageCommand({ QueueUrl }))).rejects.toMatchObject(denied(/not for clients/));
  const send = seen.find(({ action }) => action.kind === "send");
  expect(send?.action).toMatchObject({ onBehalfOf: { kind: "client", address: "127.0.0.1", via: "near" } });
});

test("keys are checked when they are given", async () => {
  const given = (key: unknown) => createNode({ log: "silent", sqs: { port: 0, keys: { AK: key as string } } });
  await expect(given(7)).rejects.toThrow(
    /sqs\.keys\.AK must be a secret access key, or \{ secret, name, roles \}, got number/,
  );
  await expect(given("")).rejects.toThrow(/sqs\.keys\.AK must have a secret access key/);
  await expect(given({ secret: "s", role: ["a"] })).rejects.toThrow(/roles/);
  await expect(given({ secret: "s", roles: "a" })).rejects.toThrow(/sqs\.keys\.AK\.roles must be an array of texts/);
});

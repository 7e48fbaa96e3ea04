import { readFileSync, writeFileSync } from "node:fs";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import * as sdk from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { type Scene, asking, tried } from "./actions.js";
import { startSqsDoor } from "./support.js";

const guide = new URL("../../../../docs/guides/sqs.md", import.meta.url);
const opening = "<!-- made by packages/node/test/sqs/supported.test.ts -->\n";
const deadArn = "arn:aws:sqs:us-east-1:000000000000:dead";

async function sceneOf(): Promise<Scene> {
  const started = await startSqsDoor();
  const { client, advance } = started;
  const create = async (QueueName: string, Attributes: Record<string, string>, tags = {}): Promise<string> =>
    (await client.send(new CreateQueueCommand({ QueueName, Attributes, tags }))).QueueUrl ?? "";
  const dead = await create("dead", {});
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: 2 });
  const orders = await create("orders", { RedrivePolicy }, { stage: "test" });
  const send = (MessageBody: string): Promise<unknown> => {
    const MessageAttributes = {
      "trace.id": { DataType: "String", StringValue: "7" },
      other: { DataType: "Number", StringValue: "1" },
    };
    return client.send(
      new SendMessageCommand({ QueueUrl: orders, MessageBody, MessageGroupId: "tenant", MessageAttributes }),
    );
  };
  const lease = async (): Promise<string> =>
    (await client.send(new ReceiveMessageCommand({ QueueUrl: orders }))).Messages?.[0]?.ReceiptHandle ?? "";
  await send("dead one");
  for (const _time of [1, 2]) {
    await lease();
    advance(30_000); // the lease is over; the second time the message is a dead letter
  }
  await send("first");
  const attribute = async (name: string): Promise<string | undefined> => {
    const answer = await client.send(new GetQueueAttributesCommand({ QueueUrl: orders, AttributeNames: ["All"] }));
    return answer.Attributes?.[name as "Policy"];
  };
  const moveSlowly = async (): Promise<string> => {
    const input = { SourceArn: deadArn, MaxNumberOfMessagesPerSecond: 1 };
    return (await client.send(new StartMessageMoveTaskCommand(input))).TaskHandle ?? "";
  };
  return { ...started, orders, dead, deadArn, lease, attribute, moveSlowly };
}

test("every action that the SDK knows is tried", () => {
  const commands = Object.keys(sdk).filter((name) => name.endsWith("Command") && !name.startsWith("$"));
  expect(Object.keys(tried)).toEqual(commands.map((name) => name.slice(0, -"Command".length)).sort());
  expect(commands).toHaveLength(23);
});

describe.each(Object.entries(tried))("%s", (action, { sdk, query }) => {
  test("works with the SDK of AWS (JSON)", async () => {
    const scene = await sceneOf();
    await sdk(scene);
    expect(scene.failures).toEqual([]);
  });

  test("works as a form (Query), answered in XML", async () => {
    const scene = await sceneOf();
    await query(scene, asking(scene, action));
    expect(scene.failures).toEqual([]);
  });
});

test("the guide's table of supported actions is what is tried here (UPDATE_DOCS=1 rewrites it)", () => {
  const rows = Object.entries(tried).map(([action, { note = "" }]) => ["`" + action + "`", "yes", "yes", note]);
  const cells = [["action", "JSON", "Query/XML", "what differs from AWS"], ...rows];
  const widths = [0, 1, 2, 3].map((at) => Math.max(...cells.map((row) => (row[at] as string).length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] as number)).join(" | ")} |\n`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |\n`;
  const table = `${opening}\n${line(cells[0] as string[])}${rule}${rows.map(line).join("")}`;
  const text = readFileSync(guide, "utf8");
  const at = text.indexOf(opening);
  const end = text.indexOf("\n\n", at + opening.length + 1) + 1;
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(guide, text.slice(0, at) + table + text.slice(end));
  else expect(text.slice(at, end)).toBe(table);
});

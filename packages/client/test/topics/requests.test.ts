/** Requests over topics: who answers, and what becomes of those whom nobody answers. */
import { createNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, startPair } from "../../../node/test/support/cluster.js";

test("whoever responds answers each request once; answers find who has asked, however many ask (Q1, Q2)", async () => {
  const { node, client } = await startPair();
  const others = [await clientOf(node), await clientOf(node)];
  await client.respond("double.*", ({ topic, payload }) => [topic, (payload as number) * 2]);
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => others[i % 2]!.publishRequest(`double.${i}`, i)),
  );
  expect(answers).toEqual(Array.from({ length: 200 }, (_, i) => [`double.${i}`, i * 2]));
});

test("of two members of a group one answers", async () => {
  const { node, client } = await startPair();
  const other = await clientOf(node);
  let answered = 0;
  const answer = (): number => ++answered;
  await client.respond("q", answer, { group: "g" });
  await other.respond("q", answer, { group: "g" });
  for (let i = 1; i <= 10; i++) expect(await client.publishRequest("q", null)).toBe(i);
});

test("an error of the responder reaches whoever has asked, with its message; so does an answer that cannot be sent (Q3)", async () => {
  const { node, client } = await startPair();
  const responder = await clientOf(node);
  await responder.respond("fails", () => {
    throw new Error("not today");
  });
  await responder.respond("odd", () => () => 1);
  await expect(client.publishRequest("fails", 1)).rejects.toMatchObject({
    code: "handler-error",
    outcome: "applied",
    message: "not today",
  });
  await expect(client.publishRequest("odd", 1)).rejects.toMatchObject({ code: "not-encodable", outcome: "applied" });
});

test("without a subscription that matches, a request fails at once, and says so", async () => {
  const { client } = await startPair();
  await expect(client.publishRequest("nobody", 1)).rejects.toMatchObject({
    code: "no-provider",
    outcome: "not-applied",
    message: 'Nobody answers requests of "nobody": there is no subscription that matches it',
  });
});

test("whoever hears and does not answer is waited for as long as allowed; a signal ends that before", async () => {
  const { client } = await startPair();
  await client.subscribe("silent");
  await expect(client.publishRequest("silent", 1, { timeoutMs: 50 })).rejects.toMatchObject({
    code: "deadline",
    outcome: "unknown",
    message: 'The request of "silent" was not answered within 50 ms',
  });
  const controller = new AbortController();
  const asked = client.publishRequest("silent", 1, { signal: controller.signal });
  controller.abort("enough");
  await expect(asked).rejects.toMatchObject({ code: "cancelled", cause: "enough" });
});

test("what is no responder, and options that only a publish has, are refused", async () => {
  const { client } = await startPair();
  const refused = async (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => "granted",
      (error: unknown) => (error as Error).message,
    );
  const wrong = (value: unknown): never => value as never;
  expect(await refused(client.respond("q", wrong(undefined)))).toBe(
    "respond: what answers must be a function, got undefined",
  );
  expect(await refused(client.respond("q", () => 1, wrong({ backlog: 5 })))).toMatch(
    /^respond has no option "backlog"/,
  );
  expect(await refused(client.respond("q", () => 1, wrong({ onMessage: () => 1 })))).toMatch(/no option "onMessage"/);
  expect(await refused(client.publishRequest("q", 1, wrong({ replyTo: "mine" })))).toMatch(
    /^publishRequest has no option "replyTo"/,
  );
  expect(await refused(client.publishRequest("q", 1, { timeoutMs: -1 }))).toMatch(/^publishRequest: timeoutMs/);
});

test("a message that asks for no answer is left alone by responders", async () => {
  const { client } = await startPair();
  let calls = 0;
  await client.respond("q", () => ++calls);
  await client.publish("q", 1);
  expect(await client.publishRequest("q", 1)).toBe(1);
});

test("an answer that goes nowhere is told to the responder's client (Q3)", async () => {
  const node = await createNode({ log: "silent", discovery: { mdns: false } });
  try {
    const client = await clientOf(node);
    const status = client.status();
    await client.respond("q", () => 1);
    await client.publish("q", 1, { replyTo: "mpreg.not.yours" });
    const kinds: string[] = [];
    for await (const event of status) {
      kinds.push(event.kind);
      if (event.kind !== "answer-lost") continue;
      expect(event.error).toMatchObject({ code: "denied" });
      break;
    }
    expect(kinds).toEqual(["connected", "answer-lost"]);
  } finally {
    await node.close();
  }
});

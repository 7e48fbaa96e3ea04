/** A user and a password in an address are for the server, not for errors and logs. */
import { connect } from "@mpreg/client";
import { expect, onTestFinished, test } from "vitest";
import { startNode } from "../../node/test/support/cluster.js";
import { eventually } from "../../node/test/support/eventually.js";
import { failureOf } from "../../node/test/support/failure.js";
import { startLog } from "../../node/test/support/log.js";
import { freePort } from "../../node/test/support/proxy.js";

test("no error of a client tells the password of its address", async () => {
  const nowhere = `me:secret@127.0.0.1:${await freePort()}`;
  const messages = [
    (await failureOf(connect(`http://${nowhere}`))).message,
    (await failureOf(connect(nowhere))).message,
    (await failureOf(connect(`ws://${nowhere}`))).message,
    (await failureOf(connect([`ws://${nowhere}/a`, `ws://${nowhere}/b`]))).message,
  ];
  const node = await startNode({ name: "a" });
  const url = node.url.replace("ws://", "ws://me:secret@");
  const [cut, closed] = [await connect(url, { reconnect: false }), await connect(url)];
  node.register("hold", () => new Promise(() => undefined));
  const failures = [cut, closed].map((client) => failureOf(client.call("hold")));
  await eventually("both calls run", () => node.nodes()[0]?.running === 2);
  await closed.close();
  messages.push((await failureOf(closed.call("echo"))).message);
  await node.close();
  for (const failure of failures) messages.push((await failure).message);
  messages.push((await failureOf(cut.call("echo"))).message);
  for (const message of messages) expect(message).not.toContain("secret");
  const addresses = messages.filter((message) => message.includes("***@127.0.0.1:"));
  expect(addresses).toHaveLength(messages.length - 1); // one was told by the node itself
});

test("no line of a node's log tells the password of a peer's address", async () => {
  const { log, lines } = startLog("debug");
  const node = await startNode({ log, peers: [`ws://me:secret@127.0.0.1:${await freePort()}`] });
  onTestFinished(() => node.close());
  await eventually("the dial has failed", () =>
    lines.some((line) => JSON.stringify(line).includes("peer not reached")),
  );
  expect(JSON.stringify(lines)).toContain("ws://***@127.0.0.1:");
  expect(JSON.stringify(lines)).not.toContain("secret");
});

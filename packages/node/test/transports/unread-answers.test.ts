/** Answers that nobody reads: what they may take together, on both protocols. */
import type { CreateNodeOptions } from "@mpreg/node";
import { type Writer, writeCall } from "@mpreg/core/wire";
import { describe, expect, test } from "vitest";
import { startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { get, upgradeHeaders } from "../support/http.js";
import { startLog } from "../support/log.js";
import { frame, rawWebSocket } from "../support/raw-socket.js";
import { Stranger, codec, frameOf } from "../support/stranger.js";

const megabyte = 1024 * 1024;

/** A client that asks, and reads when it is told to. */
interface Silent {
  ask(number: number, megabytes: number): void;
  /** Reads on until the answer has come. */
  read(number: number): Promise<void>;
  /** Reads on until the node has ended the connection. */
  readToEnd(): Promise<void>;
  leave(): void;
}

type Connect = (url: string) => Promise<Silent>;

const json: Connect = async (url) => {
  const raw = await rawWebSocket(url, "json");
  raw.socket.pause();
  return {
    ask: (number, megabytes) => {
      const cmds = [{ name: "made", fun: "make", args: [megabytes * megabyte] }];
      raw.socket.write(frame(JSON.stringify({ role: "rpc", u: `answer ${number}`, cmds })));
    },
    read: async (number) => {
      raw.socket.resume();
      await eventually("it has come", () => raw.lastReceived().includes(`"u":"answer ${number}"`));
    },
    readToEnd: async () => {
      raw.socket.resume();
      await eventually("it notices", () => raw.ended());
    },
    leave: () => raw.socket.destroy(),
  };
};

const native: Connect = async (url) => {
  const stranger = await Stranger.connect(url);
  stranger.socket.pause();
  return {
    ask: (number, megabytes) => {
      const options = { resources: [], timeoutMs: 0, waitForCapacityMs: 0, summary: false, terms: undefined };
      const args = codec.encode([megabytes * megabyte], "args");
      stranger.send(
        frameOf((writer: Writer) => {
          writeCall(writer, number + 1, { fun: "make", args, ...options });
        }),
      );
    },
    read: async (number) => {
      stranger.socket.resume();
      await stranger.message("answer", number + 1);
    },
    readToEnd: async () => {
      stranger.socket.resume();
      await stranger.dismissed();
    },
    leave: () => {
      stranger.socket.terminate();
    },
  };
};

describe.each<[string, Connect]>([
  ["JSON", json],
  ["native", native],
])("answers on the %s protocol that nobody reads", (_protocol, connect) => {
  /** A node on which they may take 40 MiB. */
  async function start(limits: CreateNodeOptions["limits"] = {}) {
    const { log, lines } = startLog("warn");
    const node = await startNode({ log, limits: { answersBytesMax: 40 * megabyte, ...limits } });
    let made = 0;
    node.register("make", (length: number) => {
      made += 1;
      return "x".repeat(length);
    });
    return {
      node,
      lines,
      silent: () => connect(node.url),
      /** Asks for so many answers, and waits until they are made. */
      ask: async (client: Silent, megabytes: number, times: number): Promise<void> => {
        const before = made;
        for (let i = 0; i < times; i++) client.ask(i, megabytes);
        await eventually("all is made", () => made === before + times);
      },
    };
  }

  // what the kernel takes of a connection, up to 10 MB, does not wait here: the sizes leave room for it

  test("take so much together, and whoever has left most unread is let go (G2, I4)", async () => {
    const { silent, ask } = await start({ answersBytesMax: 120 * megabyte });
    const [little, most, some] = [await silent(), await silent(), await silent()];
    // small enough that a native client is sent them, and does not have to fetch them
    await ask(little, 1 / 8, 20 * 8);
    await ask(most, 1 / 8, 98 * 8);
    await ask(some, 1 / 8, 44 * 8);
    await most.readToEnd();
    await little.read(20 * 8 - 1);
    await some.read(44 * 8 - 1);
    const late = await silent();
    await ask(late, 1 / 8, 90 * 8); // what the others have read does not count any more
    await late.read(90 * 8 - 1);
    await ask(late, 1, 1); // and it has not been let go behind the answer
  });

  test("do not count any more when the one who was to read them has left", async () => {
    const { node, silent, ask } = await start({ connectionsMax: 2 });
    const [leaving, late] = [await silent(), await silent()];
    await ask(leaving, 34, 1);
    leaving.leave();
    await eventually("the node has noticed", async () => (await get(node.url, upgradeHeaders)).status === 101);
    await ask(late, 34, 1);
    await late.read(0);
    await ask(late, 1, 1); // and it has not been let go behind the answer
  });

  test("may be too much by being one", async () => {
    const { silent, ask } = await start();
    const greedy = await silent();
    await ask(greedy, 60, 1);
    await greedy.readToEnd();
  });
});

test("the log tells who was let go for unread replies of the JSON protocol", async () => {
  const { log, lines } = startLog("warn");
  const node = await startNode({ log, limits: { answersBytesMax: 10 * megabyte } });
  node.register("make", (length: number) => "x".repeat(length));
  const client = await json(node.url);
  client.ask(0, 30);
  await client.readToEnd();
  const reason = "the replies that wait to be read exceed 10485760 bytes (limits.answersBytesMax)";
  expect(lines).toMatchObject([
    { msg: "connection ended", protocol: "json-v1", reason: `${reason}, and this connection held most` },
  ]);
});

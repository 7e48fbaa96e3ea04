import { type AddressInfo, type Socket, connect, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Relay } from "../../src/lab/relay.js";

/** What the first `event` of the kind tells. */
function once(from: NodeJS.EventEmitter, event: string): Promise<unknown[]> {
  return new Promise((resolve) => {
    from.once(event, (...told: unknown[]) => {
      resolve(told);
    });
  });
}

/** A node as far as the relay can tell: it answers with the first line of what it hears. */
async function startFarEnd(): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (chunk: Buffer) => socket.write(chunk.toString().split("\r\n", 1)[0] ?? ""));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Connects, and says in two pieces what a WebSocket client says first. */
async function dial(url: string): Promise<Socket> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.setNoDelay(true).write("GET ");
  socket.write(`${pathname} HTTP/1.1\r\nhost: x\r\n\r\n`);
  return socket;
}

async function startRelay(): Promise<Relay> {
  const relay = new Relay();
  await relay.start();
  onTestFinished(() => relay.close());
  relay.locate("b", await startFarEnd());
  return relay;
}

test("bytes pass between nodes of one side; a cut ends what is open and what comes later, until they are joined (Y1)", async () => {
  const relay = await startRelay();
  const [open, other] = [await dial(relay.urlOf("a", "b")), await dial(relay.urlOf("c", "b"))];
  for (const socket of [open, other]) expect(String((await once(socket, "data"))[0])).toMatch(/^GET \/[ac]\/b HTTP/);
  const closed = once(open, "close");
  relay.part(["a"]);
  await closed;
  await once(await dial(relay.urlOf("a", "b")), "close");
  expect(other.destroyed).toBe(false);
  relay.join(["a"]);
  const again = await dial(relay.urlOf("a", "b"));
  expect(String((await once(again, "data"))[0])).toBe("GET /a/b HTTP/1.1");
});

test("whoever names nobody, or does not come to the point, is let go", async () => {
  const relay = await startRelay();
  await once(await dial(relay.urlOf("a", "nobody")), "close");
  const endless = await dial(relay.urlOf("a", "b").replace(/\/a\/b$/, `/${"x".repeat(2_000)}`));
  await once(endless, "close");
});

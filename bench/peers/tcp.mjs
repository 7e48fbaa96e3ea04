/** The bare limit: MessagePack over a plain TCP socket, writes of one turn of the event loop joined into one. */
import { connect as connectSocket, createServer } from "node:net";
import { pack, unpack } from "msgpackr";

/** Calls `onMessage` for each length-prefixed message as it completes, `onBatchEnd` after each chunk. */
function readMessages(socket, onMessage, onBatchEnd) {
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let offset = 0;
    while (rest.length - offset >= 4) {
      const length = rest.readUInt32LE(offset);
      if (rest.length - offset - 4 < length) break;
      onMessage(unpack(rest.subarray(offset + 4, offset + 4 + length)));
      offset += 4 + length;
    }
    rest = rest.subarray(offset);
    onBatchEnd();
  });
}

function frame(message) {
  const body = pack(message);
  const header = Buffer.allocUnsafe(4);
  header.writeUInt32LE(body.length);
  return [header, body];
}

export function serve() {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.setNoDelay(true);
      let answers = [];
      readMessages(
        socket,
        ([id, , value]) => answers.push(...frame([id, value])),
        () => {
          if (answers.length > 0) socket.write(Buffer.concat(answers));
          answers = [];
        },
      );
    });
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}

export async function connect({ address: port }) {
  const socket = connectSocket(port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.setNoDelay(true);
  const waiting = new Map();
  let nextId = 0;
  let queue = [];
  readMessages(
    socket,
    ([id, value]) => {
      waiting.get(id)(value);
      waiting.delete(id);
    },
    () => {},
  );
  const flush = () => {
    socket.write(Buffer.concat(queue));
    queue = [];
  };
  return (value) =>
    new Promise((resolve) => {
      const id = ++nextId;
      waiting.set(id, resolve);
      if (queue.length === 0) process.nextTick(flush);
      queue.push(...frame([id, "echo", value]));
    });
}

/** The bare limit of our transport: WebSocket, all messages of one turn of the event loop in one frame. Variants: `json`, `msgpack`. */
import { pack, unpack } from "msgpackr";
import { WebSocket, WebSocketServer } from "ws";

const codecs = {
  json: { encode: JSON.stringify, decode: JSON.parse },
  msgpack: { encode: pack, decode: unpack },
};

export function serve({ variant }) {
  const { encode, decode } = codecs[variant];
  return new Promise((resolve) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false }, () =>
      resolve(server.address().port),
    );
    server.on("connection", (socket) => {
      let queue = [];
      const flush = () => {
        socket.send(encode(queue));
        queue = [];
      };
      socket.on("message", (data) => {
        for (const [id, , value] of decode(data)) {
          if (queue.length === 0) process.nextTick(flush);
          queue.push([id, value]);
        }
      });
    });
  });
}

export async function connect({ address: port, variant }) {
  const { encode, decode } = codecs[variant];
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  await new Promise((resolve) => socket.once("open", resolve));
  const waiting = new Map();
  let nextId = 0;
  let queue = [];
  socket.on("message", (data) => {
    for (const [id, value] of decode(data)) {
      waiting.get(id)(value);
      waiting.delete(id);
    }
  });
  const flush = () => {
    socket.send(encode(queue));
    queue = [];
  };
  return (value) =>
    new Promise((resolve) => {
      const id = ++nextId;
      waiting.set(id, resolve);
      if (queue.length === 0) process.nextTick(flush);
      queue.push([id, "echo", value]);
    });
}

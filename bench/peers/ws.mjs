/** WebSocket, one message per frame: as most applications use it. Variants: `json`, `msgpack`. */
import { pack, unpack } from "msgpackr";
import { WebSocket, WebSocketServer } from "ws";

const jsonCall = {
  request: (id, value) => JSON.stringify({ u: id, f: "echo", a: value }),
  answer: (data) => {
    const { u, a } = JSON.parse(data);
    return JSON.stringify({ u, r: a });
  },
  read: (data) => {
    const { u, r } = JSON.parse(data);
    return [u, r];
  },
};

const msgpackCall = {
  request: (id, value) => pack([id, "echo", value]),
  answer: (data) => {
    const [id, , value] = unpack(data);
    return pack([id, value]);
  },
  read: unpack,
};

const formats = { json: jsonCall, msgpack: msgpackCall };

export function serve({ variant }) {
  const { answer } = formats[variant];
  return new Promise((resolve) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false }, () =>
      resolve(server.address().port),
    );
    server.on("connection", (socket) => socket.on("message", (data) => socket.send(answer(data))));
  });
}

export async function connect({ address: port, variant }) {
  const { request, read } = formats[variant];
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  await new Promise((resolve) => socket.once("open", resolve));
  const waiting = new Map();
  let nextId = 0;
  socket.on("message", (data) => {
    const [id, value] = read(data);
    waiting.get(id)(value);
    waiting.delete(id);
  });
  return (value) =>
    new Promise((resolve) => {
      const id = ++nextId;
      waiting.set(id, resolve);
      socket.send(request(id, value));
    });
}

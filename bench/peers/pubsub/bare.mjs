/**
 * What is possible: a broker of a few lines that slices length-prefixed bytes and understands nothing of them but the topic.
 * It has no backlog, no bound, no answer; neighbours in a chunk that go to the same subscribers leave as one slice.
 *
 * A frame is its length (4 bytes), the length of the topic or pattern (1 byte), that text, and the body; one without a body subscribes.
 */
import { connect, createServer } from "node:net";

const headerBytes = 5;

/** Calls `onFrame` with where each complete frame begins and ends, `onChunkEnd` after the last one of a chunk. */
function readFrames(socket, onFrame, onChunkEnd = () => {}) {
  let rest = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("data", (chunk) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let start = 0;
    while (bytes.length - start >= headerBytes) {
      const end = start + bytes.readUInt32LE(start);
      if (end > bytes.length) break;
      onFrame(bytes, start, end);
      start = end;
    }
    rest = bytes.subarray(start);
    onChunkEnd(bytes);
  });
}

function makeFrame(text, body) {
  const frame = Buffer.allocUnsafe(headerBytes + text.length + body.length);
  frame.writeUInt32LE(frame.length);
  frame[4] = text.length;
  frame.latin1Write(text, headerBytes);
  frame.set(body, headerBytes + text.length);
  return frame;
}

const textOf = (bytes, start) => bytes.latin1Slice(start + headerBytes, start + headerBytes + bytes[start + 4]);

/** The broker: a function of a child module. */
export function serve() {
  /** Subscribers, by pattern, and those of a topic that was asked for before. */
  const patterns = [];
  const found = new Map();
  const find = (topic) => {
    const sockets = patterns.filter(({ matches }) => matches.test(topic)).map(({ socket }) => socket);
    found.set(topic, sockets);
    return sockets;
  };
  const subscribe = (pattern, socket) => {
    const matches = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", "[^.]+")}$`);
    patterns.push({ matches, socket });
    found.clear();
    socket.write(makeFrame("", Buffer.alloc(0)));
  };
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      let run = { sockets: [], start: 0, end: 0 };
      const send = (bytes) => {
        if (run.end === run.start) return;
        const slice = bytes.subarray(run.start, run.end);
        for (const each of run.sockets) each.write(slice);
      };
      readFrames(
        socket,
        (bytes, start, end) => {
          const text = textOf(bytes, start);
          if (start + headerBytes + text.length === end) return subscribe(text, socket);
          const sockets = found.get(text) ?? find(text);
          if (start === run.end && isSame(sockets, run.sockets)) run.end = end;
          else {
            send(bytes);
            run = { sockets, start, end };
          }
        },
        (bytes) => {
          send(bytes);
          run = { sockets: [], start: 0, end: 0 };
        },
      );
    });
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}

const isSame = (some, others) =>
  some === others || (some.length === others.length && some.every((each, i) => each === others[i]));

async function openSocket(port) {
  const socket = connect(port, "127.0.0.1");
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

export async function openPublisher({ address, topics }) {
  const socket = await openSocket(address);
  socket.setNoDelay(true);
  let frames = [];
  let isFull = false;
  const flush = () => {
    isFull = !socket.write(Buffer.concat(frames));
    frames = [];
  };
  return {
    publish: (topic, body) => {
      if (frames.length === 0) process.nextTick(flush);
      frames.push(makeFrame(topics[topic], body));
    },
    taken: async () => {
      await new Promise((resolve) => process.nextTick(resolve));
      if (isFull) await new Promise((resolve) => socket.once("drain", resolve));
    },
  };
}

export async function openSubscriber({ address, pattern, onMessage }) {
  const socket = await openSocket(address);
  await new Promise((resolve) => {
    readFrames(socket, (bytes, start, end) => {
      const bodyStart = start + headerBytes + bytes[start + 4];
      if (bodyStart === end) resolve(undefined);
      else onMessage(bytes.subarray(bodyStart, end));
    });
    socket.write(makeFrame(pattern, Buffer.alloc(0)));
  });
}

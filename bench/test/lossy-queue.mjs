/** A queue of lines of JSON, for tests: it confirms everything, loses one message of each hundred and delivers another one twice. A child module, and a driver of it. */
import { createServer, connect } from "node:net";
import { createInterface } from "node:readline";

/** @type {import("node:net").Socket | undefined} */
let receiver;

/** @returns {Promise<number>} its port */
export function serve() {
  const server = createServer((socket) => {
    createInterface({ input: socket }).on("line", (line) => {
      if (line === "receive") return void (receiver = socket);
      const { number } = JSON.parse(line);
      const copies = number % 100 === 7 ? 0 : number % 100 === 3 ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) receiver?.write(`${line}\n`);
      socket.write("confirmed\n");
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
    });
  });
}

/** @param {{ address: number }} options */
export async function openSender({ address }) {
  const socket = connect(address, "127.0.0.1");
  /** @type {((value: unknown) => void)[]} */
  const waiting = [];
  createInterface({ input: socket }).on("line", () => waiting.shift()?.(undefined));
  return (/** @type {object} */ order) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      socket.write(`${JSON.stringify(order)}\n`);
    });
}

/** @param {{ address: number, onMessage: (order: any) => void }} options */
export async function openReceiver({ address, onMessage }) {
  const socket = connect(address, "127.0.0.1");
  socket.write("receive\n");
  createInterface({ input: socket }).on("line", (line) => onMessage(JSON.parse(line)));
}

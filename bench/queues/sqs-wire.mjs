/** Requests to an SQS door, written beforehand but for receipts, over connections of their own that wait for each answer: a child module. */
import { Agent, request } from "node:http";
import { connect } from "node:net";

const connections = 64;
const batch = 10;
const body = "x".repeat(200);
const sent = JSON.stringify({
  Entries: Array.from({ length: batch }, (_, index) => ({ Id: `${index}`, MessageBody: body })),
});
const receiptStart = '"ReceiptHandle":"';

/** @type {URL} */
let door;
/** @type {string} */
let queueUrl;
/** @type {Line[]} */
const lines = [];

/** @param {{ url: string }} job */
export async function open({ url }) {
  door = new URL(url);
  queueUrl = JSON.parse(await ask("CreateQueue", '{"QueueName":"wire"}')).QueueUrl;
  for (let index = 0; index < connections; index++) lines.push(await openLine());
}

/**
 * @param {string} action
 * @param {string} json
 * @returns {Promise<string>}
 */
function ask(action, json) {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const asked = request(door, { method: "POST", headers: headersOf(action), agent }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += chunk));
      answer.on("end", () => (answer.statusCode === 200 ? resolve(text) : reject(new Error(text))));
    });
    asked.once("error", reject);
    asked.end(json);
  });
}

const headersOf = (/** @type {string} */ action) => ({
  "X-Amz-Target": `AmazonSQS.${action}`,
  "Content-Type": "application/x-amz-json-1.0",
});

/**
 * @param {string} action
 * @param {string} json
 */
function requestOf(action, json) {
  const headers = Object.entries({ Host: door.host, ...headersOf(action), "Content-Length": Buffer.byteLength(json) });
  return `POST / HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${json}`;
}

/** A connection with one request under way. */
class Line {
  #socket;
  #text = "";
  /** @type {(body: string) => void} */
  #told = () => {};

  /** @param {import("node:net").Socket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => this.#take(String(chunk)));
    socket.once("close", () => {
      throw new Error("The door has closed a connection");
    });
  }

  /** @param {string} text @returns {Promise<string>} the body of the answer */
  ask(text) {
    this.#socket.write(text);
    return new Promise((resolve) => (this.#told = resolve));
  }

  /** @param {string} chunk */
  #take(chunk) {
    this.#text += chunk;
    const end = this.#text.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = /content-length: *(\d+)/i.exec(this.#text.slice(0, end));
    if (length === null) throw new Error(`An answer without a length came: ${this.#text.slice(0, 200)}`);
    const whole = end + 4 + Number(length[1]);
    if (this.#text.length < whole) return;
    const told = this.#text.slice(end + 4, whole);
    if (!this.#text.startsWith("HTTP/1.1 200")) throw new Error(`The door has answered ${this.#text.slice(0, whole)}`);
    this.#text = "";
    this.#told(told);
  }
}

/** @returns {Promise<Line>} */
function openLine() {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(door.port), door.hostname);
    socket.setNoDelay(true);
    socket.once("error", reject);
    socket.once("connect", () => resolve(new Line(socket)));
  });
}

/** @param {{ ms: number }} job @returns {Promise<number>} messages that were sent, received and deleted, per second */
export async function run({ ms }) {
  const url = `"QueueUrl":${JSON.stringify(queueUrl)}`;
  const sends = requestOf("SendMessageBatch", `{${url},${sent.slice(1)}`);
  const receives = requestOf("ReceiveMessage", `{${url},"MaxNumberOfMessages":${batch}}`);
  const startedMs = performance.now();
  const untilMs = startedMs + ms;
  let deleted = 0;
  await Promise.all(
    lines.map(async (line) => {
      while (performance.now() < untilMs) {
        const done = await line.ask(sends);
        if (done.includes('"Failed":[{')) throw new Error(`Messages were refused: ${done}`);
        const receipts = receiptsOf(await line.ask(receives));
        if (receipts.length === 0) continue;
        const entries = receipts.map((receipt, index) => `{"Id":"${index}","ReceiptHandle":"${receipt}"}`);
        const gone = await line.ask(requestOf("DeleteMessageBatch", `{${url},"Entries":[${entries.join(",")}]}`));
        if (gone.includes('"Failed":[{')) throw new Error(`Messages were not deleted: ${gone}`);
        deleted += receipts.length;
      }
    }),
  );
  return deleted / ((performance.now() - startedMs) / 1_000);
}

/** @param {string} answer */
function receiptsOf(answer) {
  const receipts = [];
  for (let at = answer.indexOf(receiptStart); at >= 0; at = answer.indexOf(receiptStart, at)) {
    at += receiptStart.length;
    receipts.push(answer.slice(at, answer.indexOf('"', at)));
  }
  return receipts;
}

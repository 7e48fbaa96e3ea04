/** Topics on the JSON protocol, over real sockets: the frames as they were captured, native clients beside, slow readers. */
import { expect, onTestFinished, test } from "vitest";
import { type RawData, WebSocket } from "ws";
import { clientOf, startMesh, startPair } from "./support/cluster.js";
import { eventually } from "./support/eventually.js";

/** A client that sends and keeps frames as they are. */
class FrameClient {
  readonly frames: string[] = [];
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: RawData) => this.frames.push((data as Buffer).toString("utf8")));
  }

  static async connect(url: string): Promise<FrameClient> {
    const socket = new WebSocket(url);
    onTestFinished(() => {
      socket.terminate();
    });
    const client = new FrameClient(socket);
    await new Promise((resolve) => socket.once("open", resolve));
    return client;
  }

  /** Sends a frame, and waits for as many frames; answers them. */
  async exchange(frame: string, answers: number): Promise<string[]> {
    const before = this.frames.length;
    this.socket.send(Buffer.from(frame));
    await eventually("the frames are there", () => this.frames.length >= before + answers);
    return this.frames.slice(before);
  }

  /** Subscribes as `id`, without a backlog. */
  async subscribe(id: string, pattern: string): Promise<void> {
    const patterns = [{ pattern, exact_match: false }];
    const subscription = { subscription_id: id, patterns, subscriber: "me", created_at: 1, get_backlog: false };
    const [answer] = await this.exchange(JSON.stringify({ role: "pubsub-subscribe", subscription, u: id }), 1);
    expect(JSON.parse(answer!)).toMatchObject({ success: true, error: null });
  }

  /** What its subscriptions were told. */
  get told(): Notification[] {
    const all = this.frames.map((frame) => JSON.parse(frame) as Notification);
    return all.filter(({ role }) => role === "pubsub-notification");
  }
}

interface Notification {
  readonly role: string;
  readonly subscription_id: string;
  readonly missed_before?: number;
  readonly message: { readonly topic: string; readonly payload: unknown; readonly message_id: string };
}

const message = (topic: string, id: string, payload: unknown, headers: object = {}): object => ({
  topic,
  payload,
  timestamp: 1795164203.2627647,
  message_id: id,
  publisher: "pubsub_client_01M7W1ZSWWPQMHXYMKMGXE7VAR",
  headers,
  routing_path: null,
  current_hop: null,
});

const published = (u: string, what: object): string => JSON.stringify({ role: "pubsub-publish", message: what, u });
const ack = (u: string): string =>
  JSON.stringify({ role: "pubsub-ack", operation_id: u, success: true, error: null, u: `ack_${u}` });

test("the frames that were captured of the reference get its answers, byte by byte (Y4)", async () => {
  const { node } = await startPair();
  const client = await FrameClient.connect(node.url);
  const id = "01M7W1ZT1N6QSXAF6KMWJ636N4";
  const subscription = {
    subscription_id: id,
    patterns: [
      { pattern: "user.*.login", exact_match: false },
      { pattern: "order.#", exact_match: false },
    ],
    subscriber: "pubsub_client_01M7W1ZSWWPQMHXYMKMGXE7VAR",
    created_at: 1795164203.0612953,
    get_backlog: true,
    backlog_seconds: 300,
  };
  const subscribe = JSON.stringify({ role: "pubsub-subscribe", subscription, u: "01M7W1ZT1NJ4JHQEBFCGKSFHGC" });
  expect(await client.exchange(subscribe, 1)).toEqual([ack("01M7W1ZT1NJ4JHQEBFCGKSFHGC")]);
  const login = message("user.123.login", "01M7W1ZT7Y6K6MGJW4F9PA74ES", { username: "alice" });
  const u = "01M7W1ZT7Y8C1Y6AX67BBQAR2Z";
  expect(await client.exchange(published(u, login), 2)).toEqual([
    JSON.stringify({
      role: "pubsub-notification",
      message: login,
      subscription_id: id,
      u: `notification_01M7W1ZT7Y6K6MGJW4F9PA74ES_${id}`,
    }),
    ack(u),
  ]);
  expect(await client.exchange(published("p", message("user.123.profile.login", "m", { n: 2 })), 1)).toEqual([
    ack("p"),
  ]);
  const unsubscribe = JSON.stringify({ role: "pubsub-unsubscribe", subscription_id: id, u: "x" });
  expect(await client.exchange(unsubscribe, 1)).toEqual([ack("x")]);
  expect(await client.exchange(published("p", login), 1)).toEqual([ack("p")]);
});

test("clients of both protocols, at two nodes, hear each other, and answer each other's requests", async () => {
  const [a, b] = await startMesh({ name: "a" }, { name: "b" });
  const json = await FrameClient.connect(a!.url);
  const native = await clientOf(b!);
  await json.subscribe("mine", "news.#");
  await (await native.subscribe("orders.*")).everywhere();
  await native.respond("double", ({ payload }) => (payload as number) * 2);
  const orders = await native.subscribe("orders.*");
  await (await (await clientOf(a!)).subscribe("news.#")).everywhere(); // then what the JSON client wants is known, too
  await native.publish(
    "news.today",
    { text: "hello", big: 2n ** 60n, set: new Set([1]) },
    { headers: { region: "eu" } },
  );
  const [first] = await eventually("it is told", () => (json.told.length > 0 ? json.told : undefined));
  expect(first!.message).toMatchObject({
    topic: "news.today",
    payload: { text: "hello", big: Number(2n ** 60n), set: [1] },
    headers: { region: "eu" },
  });
  expect(json.frames.at(-1)).toContain('"big":1152921504606846976');
  await json.exchange(published("1", message("orders.new", "m-1", { id: 7 }, { urgent: "true" })), 1);
  const { value } = await orders[Symbol.asyncIterator]().next();
  expect([value!.topic, value!.payload, value!.id, value!.headers["urgent"]]).toEqual([
    "orders.new",
    { id: 7 },
    "m-1",
    "true",
  ]);
  await json.subscribe("reply", "reply.1");
  const question = message("double", "q", 21, { reply_to: "reply.1", correlation_id: "c-1" });
  await eventually("the responder answers", async () => {
    await json.exchange(published("q", question), 1); // until its node has heard of the reply's subscription
    return json.told.some(({ subscription_id: id }) => id === "reply");
  });
  const answer = json.told.find(({ subscription_id: id }) => id === "reply");
  expect(answer!.message).toMatchObject({ topic: "reply.1", payload: 42, headers: { correlation_id: "c-1" } });
});

test("a client that reads nothing loses its oldest messages, is told how many, and keeps nobody waiting (P4)", async () => {
  const { node, client: publisher } = await startPair();
  const [slow, quick] = [await FrameClient.connect(node.url), await FrameClient.connect(node.url)];
  await slow.subscribe("s", "a");
  await quick.subscribe("q", "a");
  slow.socket.pause();
  const payload = "x".repeat(10_000);
  const count = 4_000;
  for (let at = 0; at < count; at++) {
    await publisher.publish("a", payload, { id: `m${at}` });
    if (at % 100 === 99) await eventually("the quick one keeps up", () => quick.frames.length >= at - 100); // however busy the machine
  }
  await eventually("the quick one has all", () => quick.frames.length === 1 + count);
  expect(quick.told.some(({ missed_before: missed }) => missed !== undefined)).toBe(false);
  slow.socket.resume();
  const told = await eventually("the slow one has the last", () => {
    return slow.frames.at(-1)!.includes(`m${count - 1}`) ? slow.told : undefined;
  });
  const missed = told.reduce((sum, { missed_before: before = 0 }) => sum + before, 0);
  expect(missed).toBeGreaterThan(1_000);
  expect(told.length + missed).toBe(count);
});

test("a thousand connections that go leave nothing (P5)", async () => {
  const { node, client } = await startPair();
  const clients = await Promise.all(Array.from({ length: 1_000 }, () => FrameClient.connect(node.url)));
  await Promise.all(clients.map((each, at) => each.subscribe("s", at % 2 === 0 ? "a" : `b.${at}.#`)));
  expect(await client.publish("a", 1, { confirm: "local" })).toMatchObject({ handed: 500 });
  for (const { socket } of clients) socket.terminate();
  await eventually("nobody is subscribed any more", async () => {
    const { handed, waiting } = await client.publish("a", 1, { confirm: "local" });
    return handed + waiting === 0;
  });
});

test("the intermediate results of a request come to the topic that it names while it runs, whatever node runs its steps (C1)", async () => {
  const [a, b] = await startMesh({ name: "a" }, { name: "b" });
  const json = await FrameClient.connect(a!.url);
  let isLetOn = (): void => undefined;
  const letOn = new Promise<void>((resolve) => (isLetOn = resolve));
  b!.register("double", async (value: number) => Promise.resolve(value * 2));
  a!.register("wait", async (value: number) => letOn.then(() => value + 1));
  await eventually("the function is known", () => a!.functions().some(({ name }) => name === "double"));
  const topic = "mpreg.rpc.request.01H.progress";
  await json.subscribe("mine", "mpreg.rpc.request.01H.#");
  const cmds = [
    { name: "first", fun: "double", args: [3], kwargs: {}, locs: [] },
    { name: "second", fun: "wait", args: ["first"], kwargs: {}, locs: [] },
  ];
  const request = { role: "rpc", cmds, u: "01H", intermediate_result_callback_topic: topic };
  const [first] = await json.exchange(JSON.stringify(request), 1); // the second step waits
  const notification = JSON.parse(first!) as Notification;
  expect([notification.role, notification.message.topic]).toEqual(["pubsub-notification", topic]);
  expect(Object.entries(notification.message.payload as object).slice(0, 6)).toEqual([
    ["request_id", "01H"],
    ["level_index", 0],
    ["level_results", { first: 6 }],
    ["accumulated_results", { first: 6 }],
    ["total_levels", 2],
    ["completed_levels", 1],
  ]);
  isLetOn();
  await eventually("it is answered", () => json.frames.some((frame) => frame.startsWith('{"r":')));
  expect(json.told.at(-1)!.message.payload).toMatchObject({
    level_results: { second: 7 },
    accumulated_results: { first: 6, second: 7 },
    completed_levels: 2,
  });
  expect(JSON.parse(json.frames.at(-1)!)).toMatchObject({ r: { second: 7 }, error: null, u: "01H" });
});

test("a topic of the client's own gets them at another node, and its backlog has them", async () => {
  const [a, b] = await startMesh({ name: "a" }, { name: "b" });
  const json = await FrameClient.connect(a!.url);
  const native = await clientOf(b!);
  const results = await native.subscribe("my.progress");
  await results.everywhere();
  const cmds = [{ name: "x", fun: "echo", args: [1], kwargs: {}, locs: [] }];
  const request = { role: "rpc", cmds, u: "1", intermediate_result_callback_topic: "my.progress" };
  await json.exchange(JSON.stringify(request), 1);
  const { value } = await results[Symbol.asyncIterator]().next();
  expect(value!.payload).toMatchObject({ request_id: "1", level_results: { x: 1 }, completed_levels: 1 });
  const late = await (await clientOf(a!)).subscribe("my.*", { backlog: 10 });
  const { value: kept } = await late[Symbol.asyncIterator]().next();
  expect(kept!.id).toBe(value!.id);
});

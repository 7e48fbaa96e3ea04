/** The queues of the real client in a simulated world. */
import { queueCalls } from "@mpreg/core/program";
import { Caller } from "@mpreg/core/rpc";
import { createCodec } from "@mpreg/core/values";
import { Session } from "../../../client/src/session.js";
import { sessionOptions } from "../../../client/test/support/session-options.js";
import { utf8 } from "../../src/capabilities/utf8.js";
import type { ConnectQueuesClient, World } from "../../src/index.js";
import { WorldPlatform } from "./session-client.js";

/** What is done at the end of a turn may settle promises, too. */
class StirringPlatform extends WorldPlatform {
  readonly #stirs: () => void;

  constructor(world: World, name: string, stirred: () => void) {
    super(world, name, stirred);
    this.#stirs = stirred;
  }

  override endOfTurn(callback: () => void): void {
    super.endOfTurn(() => {
      callback();
      this.#stirs();
    });
  }
}

export const connectQueues: ConnectQueuesClient = (world, name, nodes, stirred) => {
  const platform = new StirringPlatform(world, name, stirred);
  const urls = nodes.map((node) => world.network.urlOf(node));
  const session = new Session(platform, sessionOptions(urls, createCodec(utf8)));
  session.open(stirred, (failures) => {
    world.violated("client-connects", `${name} cannot connect: ${failures.map(({ reason }) => reason).join(", ")}`);
  });
  const caller = new Caller(session, undefined);
  let ids = 0;
  const { queue } = queueCalls(() =>
    Object.assign(
      session.queueHost((fun, args, asked) => caller.call(fun, args, asked)),
      { newId: () => `${name}.${++ids}` }, // one that is drawn would change what is drawn next
    ),
  );
  return {
    queue,
    publish: (topic, payload) =>
      session.topics.publishing
        .publish(topic, payload, { confirm: "subscribers" }, undefined)
        .then((told) => told?.handed ?? 0),
    close: () => {
      session.close("the client has closed");
    },
  };
};

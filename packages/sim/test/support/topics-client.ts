/** The topics of the real client in a simulated world. */
import { createCodec } from "@mpreg/core/values";
import { Session } from "../../../client/src/session.js";
import { sessionOptions } from "../../../client/test/support/session-options.js";
import { utf8 } from "../../src/capabilities/utf8.js";
import type { ConnectTopicsClient } from "../../src/index.js";
import { WorldPlatform } from "./session-client.js";

export const connectTopics: ConnectTopicsClient = (world, name, nodes, { stirred, publishesLost }) => {
  const platform = new WorldPlatform(world, name, stirred);
  const urls = nodes.map((node) => world.network.urlOf(node));
  const session = new Session(platform, sessionOptions(urls, createCodec(utf8)));
  session.open(stirred, (failures) => {
    world.violated("client-connects", `${name} cannot connect: ${failures.map(({ reason }) => reason).join(", ")}`);
  });
  const follow = async (): Promise<void> => {
    for await (const event of session.status.read()) if (event.kind === "publishes-lost") publishesLost(event.count);
  };
  void follow();
  return {
    get connections() {
      return platform.opened;
    },
    get node() {
      return session.nodeName;
    },
    subscribe: (patterns, options) => session.topics.subscribe(patterns, options),
    publish: (topic, payload, priority) =>
      session.topics.publishing.publish(topic, payload, priority === undefined ? undefined : { priority }, undefined),
    close: () => {
      session.close("the client has closed");
    },
  };
};

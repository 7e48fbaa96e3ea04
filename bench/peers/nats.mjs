/** NATS: request and reply through a broker, JSON bodies. */
import { connect as connectNats } from "@nats-io/transport-node";

export async function serve({ natsUrl }) {
  const connection = await connectNats({ servers: natsUrl });
  connection.subscribe("echo", {
    callback: (_error, message) => message.respond(JSON.stringify(JSON.parse(message.string()))),
  });
  await connection.flush();
  return natsUrl;
}

export async function connect({ address: natsUrl }) {
  const connection = await connectNats({ servers: natsUrl });
  return async (value) => JSON.parse((await connection.request("echo", JSON.stringify(value))).string());
}

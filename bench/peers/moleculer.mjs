/** Moleculer 0.14: two brokers over its TCP transport, an action that answers its parameters. */
import moleculer from "moleculer";

function createBroker(nodeID, namespace) {
  return new moleculer.ServiceBroker({ nodeID, namespace, transporter: "TCP", logger: false, metrics: false });
}

/** The address is a namespace of this process's own: brokers of another run on the same machine do not join. */
export async function serve() {
  const namespace = `bench-${process.pid}`;
  const broker = createBroker("server", namespace);
  broker.createService({ name: "bench", actions: { echo: (context) => context.params } });
  await broker.start();
  return namespace;
}

export async function connect({ address: namespace }) {
  const broker = createBroker("client", namespace);
  await broker.start();
  await broker.waitForServices("bench", 20_000);
  return (value) => broker.call("bench.echo", value);
}

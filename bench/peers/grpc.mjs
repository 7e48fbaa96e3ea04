/** gRPC (@grpc/grpc-js): one unary method, JSON bodies. */
import grpc from "@grpc/grpc-js";

const serialize = (value) => Buffer.from(JSON.stringify(value));
const deserialize = (bytes) => JSON.parse(bytes);
const service = {
  echo: {
    path: "/Bench/echo",
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  },
};

export function serve() {
  const server = new grpc.Server();
  server.addService(service, { echo: (call, callback) => callback(null, call.request) });
  return new Promise((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
}

export async function connect({ address: port }) {
  const Client = grpc.makeGenericClientConstructor(service, "Bench");
  const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  return (value) =>
    new Promise((resolve, reject) => client.echo(value, (error, answer) => (error ? reject(error) : resolve(answer))));
}

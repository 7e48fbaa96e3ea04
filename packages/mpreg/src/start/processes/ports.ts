/** Ports: what several processes are to listen on, looked for before the first one is started. */
import { type AddressInfo, type Server, createServer } from "node:net";
import { CommandError } from "../../failure.js";

export interface Ports {
  readonly sharedPort: number;
  /** One for each process. */
  readonly ports: readonly number[];
}

/**
 * The port for clients and behind it one for each process; with port 0, any free ones. Throws where one is in use: who reads that
 * need not look for it in the log of a process.
 */
export async function findPorts(host: string, port: number, processes: number): Promise<Ports> {
  const servers: Server[] = [];
  try {
    for (let offset = 0; offset <= processes; offset++) {
      servers.push(await listening(host, port === 0 ? 0 : port + offset));
    }
    const [sharedPort = 0, ...ports] = servers.map((server) => (server.address() as AddressInfo).port);
    return { sharedPort, ports };
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function listening(host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "the port is in use" : error.message;
      const ports = "clients come to the port, and each process listens on one of those behind it";
      reject(new CommandError(1, `Cannot listen on ${host}:${port}: ${why}; ${ports}`, error));
    });
    server.listen(port, host, () => {
      resolve(server);
    });
  });
}

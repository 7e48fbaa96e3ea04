import { createServer } from "node:net";

/** @returns {Promise<number>} a loopback port that nobody listened on a moment ago, for programs that cannot pick one */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

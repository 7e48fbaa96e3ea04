/** Documentation names ports (9000 to 9999); its programs run on free ones. */
import { createServer } from "node:net";

const portPattern = /(?<=port:?[ =]*|:)9\d{3}\b/g;

async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      return new Promise((resolve) => {
        const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => String(server.address().port));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Resolves to a function that puts free ports into a text where `code` has fixed ones, the same one for the same port. */
export async function portReplacement(code) {
  const fixed = [...new Set(code.match(portPattern))];
  const free = await freePorts(fixed.length);
  return (text) => text.replaceAll(portPattern, (port) => free[fixed.indexOf(port)] ?? port);
}

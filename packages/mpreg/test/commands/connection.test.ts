import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, type Server, createServer } from "node:net";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createNode } from "@mpreg/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { mpreg, temporaryFolder } from "../processes.js";

const certificates = new URL("../../../node/test/support/tls/", import.meta.url);

/** Listens on a port of its own; answers that port. */
async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe("what does not answer as a node", () => {
  test("--timeout also holds for connecting: whoever takes the connection and says nothing is given up", async () => {
    const port = await listen(createServer());
    for (const command of [["call", "echo", "1"], ["nodes"], ["functions"]]) {
      const { exitCode, stderr } = await mpreg([...command, "--url", `ws://127.0.0.1:${port}`, "--timeout", "200ms"]);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^mpreg: Cannot connect to .*\n {2}not-connected, nothing took effect\n$/);
    }
  });

  test("a web server is told from a node", async () => {
    const port = await listen(createHttpServer((_request, response) => response.end("hello")));
    const { exitCode, stderr } = await mpreg(["nodes", "--url", `ws://127.0.0.1:${port}`]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("Something else listens there, not a node of mpreg");
  });

  test("the wrong one of ws: and wss:, and a certificate that is not trusted, are told with what would work", async () => {
    const [cert, key] = ["cert.pem", "key.pem"].map((name) => fileURLToPath(new URL(name, certificates))) as [
      string,
      string,
    ];
    const plain = await createNode({ log: "silent" });
    onTestFinished(() => plain.close());
    const secure = await createNode({ log: "silent", tls: { cert: readFileSync(cert), key: readFileSync(key) } });
    onTestFinished(() => secure.close());

    const hintOf = async (...args: string[]): Promise<string | undefined> =>
      (await mpreg(["nodes", "--url", ...args])).stderr.trimEnd().split("\n").at(-1);
    expect(await hintOf(plain.url.replace("ws:", "wss:"))).toBe("  It speaks ws:, without TLS");
    expect(await hintOf(secure.url.replace("wss:", "ws:"))).toBe("  It may speak wss:, with TLS");
    expect(await hintOf(secure.url)).toBe("  --tls-ca FILE names certificates to trust");
    expect(await mpreg(["nodes", "--json", "--url", secure.url, "--tls-ca", cert])).toMatchObject({ exitCode: 0 });
    const nothing = join(temporaryFolder(), "nothing.pem");
    writeFileSync(nothing, "-----BEGIN NOTHING-----");
    expect(await mpreg(["nodes", "--url", secure.url, "--tls-ca", nothing])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`There is no certificate in ${nothing}`),
    });
  });
});

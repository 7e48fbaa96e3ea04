/**
 * The client in a real browser: its build, bundled as a user's page would bundle it, calls a node from Chromium.
 *
 * The page is served by a server of its own, so its origin is foreign to the node.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { createNode } from "mpreg";
import type { MpregNode } from "mpreg";
import { chromium } from "playwright-core";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

/** What the page offers to the test. */
const pageProgram = `
  import { connect } from "@mpreg/client";
  window.tryOut = async (url) => {
    const client = await connect(url);
    try {
      const bytes = Uint8Array.from({ length: 300 }, (_, index) => index);
      const [echoed, date] = await Promise.all([client.call("echo", [{ text: "hi there!", bytes }]), client.call("echo", [new Date(0)])]);
      const graph = client.graph();
      const shouted = graph.call("shout", [graph.call("echo", ["over two steps"])]);
      return {
        text: echoed.text,
        bytesAreEqual: echoed.bytes.length === 300 && echoed.bytes.every((byte, index) => byte === bytes[index]),
        isDate: date instanceof Date && date.getTime() === 0,
        graph: await graph.run(shouted),
      };
    } finally {
      await client.close();
    }
  };
`;

/** A fresh profile, headless, silent towards the network, and without the sandbox that a container does not allow. */
const chromiumFlags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let profileFolder: string;
let browser: BrowserContext;
let pageServer: Server;
let origin: string;

async function bundle(): Promise<string> {
  const result = await build({
    stdin: { contents: pageProgram, resolveDir: import.meta.dirname },
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  return result.outputFiles[0]!.text;
}

beforeAll(async () => {
  const script = await bundle();
  pageServer = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(
      isScript ? script : `<!doctype html><title>mpreg</title><script type="module" src="/page.js"></script>`,
    );
  });
  await new Promise<void>((resolve) => pageServer.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(pageServer.address() as AddressInfo).port}`;
  profileFolder = await mkdtemp(join(tmpdir(), "mpreg-chromium-"));
  browser = await chromium.launchPersistentContext(profileFolder, {
    executablePath: execFileSync("which", ["chromium"], { encoding: "utf8" }).trim(),
    args: chromiumFlags,
  });
});

afterAll(async () => {
  await browser.close();
  await new Promise((resolve) => pageServer.close(resolve));
  await rm(profileFolder, { recursive: true, force: true });
});

async function openPage(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(origin);
  await page.waitForFunction("typeof window.tryOut === 'function'");
  return page;
}

function startNode(allowedOrigins: readonly string[]): Promise<MpregNode> {
  return createNode({ name: "for-the-browser", port: 0, allowedOrigins, log: "silent" });
}

test("a page whose origin the node allows calls it and runs a graph", async () => {
  await using node = await startNode([origin]);
  node.register("shout", (text: string) => text.toUpperCase());
  const page = await openPage();
  expect(await page.evaluate(`window.tryOut(${JSON.stringify(node.url)})`)).toEqual({
    text: "hi there!",
    bytesAreEqual: true,
    isDate: true,
    graph: "OVER TWO STEPS",
  });
});

test("a page whose origin the node does not allow is refused", async () => {
  await using node = await startNode([]);
  const page = await openPage();
  const outcome = page.evaluate(`window.tryOut(${JSON.stringify(node.url)}).then(() => "connected", () => "refused")`);
  expect(await outcome).toBe("refused");
});

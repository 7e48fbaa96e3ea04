/** mosquitto's clients at the door of a process, and a native client at another one. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { connect } from "mpreg";
import { expect, onTestFinished, test } from "vitest";
import { startNode } from "../test/processes.js";

const run = promisify(execFile);

/** What a child prints, up to the first text that holds `part`. */
function printed(child: ChildProcess, part: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = "";
    child.stdout?.on("data", (piece: Buffer) => {
      all += piece.toString();
      if (all.includes(part)) resolve(all);
    });
    child.once("exit", () => {
      reject(new Error(`it has ended, and never said ${part}: ${all}`));
    });
  });
}

test("mosquitto's clients publish and subscribe, together with a native client of another node", async () => {
  const started = await startNode(["--port", "0", "--name", "door", "--mqtt-port", "0", "--log", "warn"]);
  const other = await startNode(["--port", "0", "--name", "other", "--peers", started.url, "--log", "warn"]);
  const { port } = new URL((JSON.parse(started.output[0] as string) as { readonly mqtt: string }).mqtt);
  const publish = async (...args: string[]): Promise<void> => {
    await run("mosquitto_pub", ["-p", port, "-V", "mqttv311", ...args]);
  };

  await using native = await connect(other.url);
  const heard = await native.subscribe("house.#");
  await heard.everywhere();
  await publish("-t", "house/lamp", "-m", "kept", "-q", "1", "-r");
  const { value: message } = await heard[Symbol.asyncIterator]().next();
  expect(message?.topic).toBe("house.lamp");
  expect(message?.payload).toEqual(new TextEncoder().encode("kept"));

  const args = ["-p", port, "-V", "mqttv311", "-d", "-q", "2", "-t", "house/+", "-F", "> %t %q %r %p"];
  const subscriber = spawn("mosquitto_sub", args);
  onTestFinished(() => void subscriber.kill("SIGKILL"));
  const last = printed(subscriber, "> house/end");
  expect(await printed(subscriber, "> house/lamp")).toMatch(/^Subscribed \(mid: 1\): 1$/m);
  await publish("-t", "house/lamp", "-m", "é", "-q", "2");
  await publish("-t", "house/end", "-m", "", "-q", "0");
  const got = (await last).split("\n").filter((line) => line.startsWith("> "));
  expect(got).toEqual(["> house/lamp 1 1 kept", "> house/lamp 1 0 é", expect.stringMatching(/^> house\/end 1 0/)]);
  const fromNative = printed(subscriber, "> house/door");
  // until the other node knows that somebody wants it here
  while ((await native.publish("house.known", "", { confirm: "local" })).nodes === 0);
  await native.publish("house.door", { open: true });
  expect(await fromNative).toContain('> house/door 1 0 {"open":true}');

  await Promise.allSettled([publish("-t", "house/a.b", "-m", "x", "-q", "1")]); // how its client ends is not the node's
  expect(await started.told("may not publish")).toMatch(/could not be told from a/);
  await expect(run("mosquitto_sub", ["-p", port, "-c", "-i", "kept", "-t", "x", "-W", "5"])).rejects.toThrow();
  started.kill("SIGTERM");
  expect(await started.exitCode).toBe(0);
});

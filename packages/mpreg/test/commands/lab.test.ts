/** The lab over real processes: what is done to its nodes, what they make of it, and that nothing of it stays behind. */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { connect } from "@mpreg/client";
import { describe, expect, test, vi } from "vitest";
import { type Launched, launchCommand, mpreg } from "../processes.js";

const patience = { timeout: 20_000, interval: 20 };

/** Waits until the line was said `times` times. */
async function said({ output }: Launched, part: string, times = 1): Promise<void> {
  await vi
    .waitUntil(() => output.filter((line) => line.includes(part)).length >= times, patience)
    .catch(() => {
      throw new Error(`"${part}" was not said ${times} times in:\n${output.join("\n")}`);
    });
}

/** Where the nodes listen. */
function urlsOf({ output }: Launched): readonly string[] {
  return output.flatMap((line) => /is ready at (\S+)$/.exec(line)?.[1] ?? []);
}

/** Waits until nobody listens at any of `urls`: a frozen process would, a dead one does not. */
async function nobodyAt(urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    const isRefused = (): Promise<boolean> =>
      connect(url, { timeoutMs: 500 }).then(
        async (client) => {
          await client.close();
          return false;
        },
        (error: unknown) => (error as Error).message.includes("ECONNREFUSED"),
      );
    await vi.waitUntil(isRefused, patience);
  }
}

const labFolders = (): number => readdirSync(tmpdir()).filter((name) => name.startsWith("mpreg-lab-")).length;

describe("mpreg lab", { timeout: 60_000 }, () => {
  test("nodes meet; one that is killed is lost, and is back when it is started again; one that is cut off loses the others", async () => {
    const lab = launchCommand(["lab", "--nodes", "3"]);
    await said(lab, "all  agree: 3 of 3 nodes run");
    const [url = ""] = urlsOf(lab);
    await using client = await connect(url);
    for (const name of ["node-1", "node-2", "node-3"]) {
      expect(await client.call("where", [], { resources: [name], waitForCapacity: true })).toBe(name);
    }

    lab.type("2k");
    await said(lab, "node-2  has ended: SIGKILL");
    await said(lab, "node-1  has lost node-2");
    await said(lab, "node-3  has lost node-2");
    await said(lab, "all  agree: 2 of 3 nodes run");
    lab.type("r");
    await said(lab, "all  agree: 3 of 3 nodes run", 2);
    await said(lab, "node-1  has met node-2", 2);

    lab.type("n c"); // the one after, which is the third
    await said(lab, "node-3  is cut off from the others");
    await said(lab, "node-3  has lost node-1");
    await said(lab, "node-3  has lost node-2");
    await said(lab, "node-1  has lost node-3");
    await said(lab, "all  agree: 3 of 3 nodes run", 3); // each with those of its side
    lab.type("h");
    await said(lab, "node-3  has met node-1", 2);
    await said(lab, "all  agree: 3 of 3 nodes run", 4);

    lab.type("q");
    expect(await lab.exitCode).toBe(0);
    await nobodyAt(urlsOf(lab));
  });

  test("it parts its nodes as it was told; killed itself, it leaves nothing behind, not even what it has frozen (L1, G1)", async () => {
    const before = labFolders();
    const lab = launchCommand(["lab", "--nodes", "3", "--partition", "2,1"]);
    await said(lab, "node-1 node-2  are on a side of their own");
    await said(lab, "node-1  has lost node-3");
    await said(lab, "node-3  has lost node-1");
    expect(lab.output.some((line) => line.includes("node-1  has lost node-2"))).toBe(false);
    lab.type("2f");
    await said(lab, "node-2  is frozen");
    await said(lab, "node-1  has lost node-2");
    lab.kill("SIGKILL");
    await lab.exitCode;
    await nobodyAt(urlsOf(lab));
    await vi.waitUntil(() => labFolders() <= before, patience);
  });

  test("it kills now and then, starts again what it has killed, and ends in order when it is asked to", async () => {
    const lab = launchCommand(["lab", "--nodes", "3", "--kill-every", "1500ms"]);
    await said(lab, "is killed", 2);
    await said(lab, "starts again");
    lab.kill("SIGTERM");
    expect(await lab.exitCode).toBe(0);
    await nobodyAt(urlsOf(lab));
  });

  test.each([
    [["--nodes", "1"], "It is a number from 2 to 32."],
    [["--nodes", "3", "--partition", "3,1"], "--partition 3,1 takes more than the 3 nodes there are"],
    [["--partition", "3;1"], "It is a list of numbers above 0: 3,2."],
  ])("%j is wrong usage", async (args, message) => {
    const { exitCode, stderr } = await mpreg(["lab", ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});

/** What of the sources' seeds reaches the node. */
import { expect, test } from "vitest";
import { Discovery } from "../../src/discovery/discovery.js";
import type { Seeds, Source } from "../../src/discovery/types.js";
import { startLog } from "../support/log.js";

/** A source that tells what the test wants. */
class ToldSource implements Source {
  readonly name: string;
  tell: Seeds = () => undefined;

  constructor(name: string) {
    this.name = name;
  }

  start(seeds: Seeds): void {
    this.tell = seeds;
  }

  async close(): Promise<void> {
    this.tell(["ws://late:1"]);
  }
}

function startDiscovery() {
  const [a, b] = [new ToldSource("a"), new ToldSource("b")];
  const passed: [string, readonly string[]][] = [];
  const { log, lines } = startLog("info");
  const discovery = new Discovery([a, b], log, (source, urls) => passed.push([source, urls]));
  discovery.start();
  return { a, b, discovery, passed, lines };
}

test("what a source tells is passed on when it is news, and not after the close (C1)", async () => {
  const { a, b, discovery, passed } = startDiscovery();
  a.tell([]);
  a.tell(["ws://y:1", "ws://x:1", "ws://y:1"]);
  a.tell(["ws://x:1", "ws://y:1"]);
  b.tell(["ws://x:1"]);
  a.tell([]);
  a.tell([]);
  await discovery.close();
  a.tell(["ws://z:1"]);
  expect(passed).toEqual([
    ["a", ["ws://x:1", "ws://y:1"]],
    ["b", ["ws://x:1"]],
    ["a", []],
  ]);
});

test("of one source 256 seeds are used, and that there are more is logged (C2)", () => {
  const { a, b, passed, lines } = startDiscovery();
  a.tell(Array.from({ length: 300 }, (_, i) => `ws://h${i}:1`));
  b.tell(["ws://x:1"]);
  expect(passed.map(([, urls]) => urls.length)).toEqual([256, 1]);
  expect(lines).toEqual([{ level: 40, source: "a", used: 256, msg: "too many peers found; the others are not used" }]);
});

/**
 * The tests that need programs npm does not install, or the machine for themselves: what `npm run test:system` runs, and what
 * `npm test` names as not run.
 * A program is there if some file on the path has its name and, where it has `args`, succeeds with them.
 */
export const systemTests = [
  {
    file: "packages/mpreg/test-system/chaos.test.ts",
    shows:
      "five processes are killed, frozen, asked to end and started again under random graphs: all end truly, none twice",
    programs: [],
  },
  {
    file: "packages/mpreg/test-system/chromium-echo.test.ts",
    shows: "the client, bundled for the browser, calls a node from a page in Chromium",
    programs: [{ name: "chromium", debianPackage: "chromium" }],
  },
  {
    file: "packages/mpreg/test-system/disk-faults.test.ts",
    shows:
      "durable queues on a disk that is slow, fails or is full, and under a clock that jumps: told apart, nothing lost or told too early",
    programs: [
      { name: "strace", debianPackage: "strace" },
      { name: "faketime", debianPackage: "faketime" },
      { name: "unshare", debianPackage: "util-linux" },
    ],
  },
  {
    file: "packages/mpreg/test-system/json-client.test.ts",
    shows: "a Python program that speaks as the reference implementation's client works with a cluster of nodes",
    programs: [{ name: "python3", args: ["-c", "import websockets"], debianPackage: "python3-websockets" }],
  },
  {
    file: "packages/mpreg/test-system/killed-between.test.ts",
    shows: "a node is killed between a publisher and a subscriber, who goes on at another one and is told of the gap",
    programs: [],
  },
  {
    file: "packages/mpreg/test-system/many-killed.test.ts",
    shows: "of 24 processes under load, 16 go on answering while eight are killed at once",
    programs: [], // it takes the machine for itself: half a minute of two cores, 2 GB
  },
  {
    file: "packages/mpreg/test-system/many-subscribers.test.ts",
    shows: "ten thousand subscriptions and a thousand connections at one node: each gets its own messages, once",
    programs: [],
  },
  {
    file: "packages/mpreg/test-system/mosquitto.test.ts",
    shows: "mosquitto's clients publish and subscribe at a process, over TCP, beside a native client of another one",
    programs: [
      { name: "mosquitto_pub", debianPackage: "mosquitto-clients" },
      { name: "mosquitto_sub", debianPackage: "mosquitto-clients" },
    ],
  },
  {
    file: "packages/mpreg/test-system/queue-owner-killed.test.ts",
    shows:
      "the owners of two queues are killed 100 times each under load: what was sent is received, what was acknowledged never again",
    programs: [],
  },
  {
    file: "packages/mpreg/test-system/rolling-restart.test.ts",
    shows:
      "three processes under load are restarted one after the other by SIGTERM: no request is lost, none runs twice",
    programs: [],
  },
  {
    file: "packages/mpreg/test-system/slow-subscriber.test.ts",
    shows:
      "a subscriber frozen for a minute under load costs its node a bounded amount of memory, and the others nothing",
    programs: [],
  },
];

/** Does not load before it is told to: says that it begins, and waits for the answer. */
const gate = new BroadcastChannel("slow module");
await new Promise((loaded) => {
  gate.onmessage = loaded;
  gate.postMessage("loading");
});
gate.close();

let runs = 0;

/** How often this thread has run it. */
export default () => ++runs;

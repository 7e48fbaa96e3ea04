import { World } from "@mpreg/sim";
import { kinds } from "@mpreg/core/wire";
const n = Number(process.argv[2] ?? 200),
  from = Number(process.argv[3] ?? 60),
  secs = Number(process.argv[4] ?? 30);
const world = new World({
  seed: 1,
  patienceMs: 1e12,
  nodes: Array.from({ length: n }, (_, i) => ({ name: `n${i}`, functions: { [`f${i}`]: () => i } })),
});
const nodes = [...world.nodes.values()];
const names = Object.fromEntries(Object.entries(kinds).map(([k, v]) => [v, k]));
const bytes: Record<string, number> = {},
  count: Record<string, number> = {};
let on = false;
const send = world.network.send.bind(world.network);
world.network.send = (socket, frame) => {
  if (on) {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    for (let at = 0; at + 4 < frame.length;) {
      const len = view.getUint32(at);
      const k = names[frame[at + 4]!]!;
      bytes[k] = (bytes[k] ?? 0) + len + 4;
      count[k] = (count[k] ?? 0) + 1;
      at += 4 + len;
    }
  }
  return send(socket, frame);
};
const ev: Record<string, number> = {};
world.observers.add((o) => {
  if (on && o.kind === "reported") ev[o.event.kind] = (ev[o.event.kind] ?? 0) + 1;
});
await world.sleep(from * 1000);
on = true;
const f = world.network.counts.frames;
await world.sleep(secs * 1000);
const per = (x: Record<string, number>) =>
  JSON.stringify(Object.fromEntries(Object.entries(x).map(([k, v]) => [k, +(v / n / secs).toFixed(2)])));
console.log(
  "bytes/s/node",
  per(bytes),
  "count/s/node",
  per(count),
  JSON.stringify(ev),
  "frames",
  (world.network.counts.frames - f) / n / secs,
  "links",
  nodes.reduce((s, x) => s + x.size.links, 0) / n,
);

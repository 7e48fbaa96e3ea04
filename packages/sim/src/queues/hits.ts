/**
 * Hits: what befalls the disks and clocks of a world of queues.
 */
import type { World } from "../world.js";
import type { ClockStep, DiskFault } from "./plan.js";

export function applyDiskFaults(world: World, faults: readonly DiskFault[]): void {
  for (const fault of faults) {
    world.after(fault.atMs, () => {
      begin(world, fault);
    });
    world.after(fault.atMs + fault.forMs, () => {
      world.node(fault.node).disk.setFaults({});
      if (fault.kind === "failing") startAgain(world, fault.node);
    });
  }
}

export function applyClockSteps(world: World, steps: readonly ClockStep[]): void {
  for (const { atMs, node, byMs } of steps) {
    world.after(atMs, () => {
      world.node(node).setWallClock(byMs);
    });
  }
}

/** All disks are whole, and nodes whose stores may have frozen begin anew. */
export function restartFailed(world: World, faults: readonly DiskFault[]): void {
  for (const { node } of faults) world.node(node).disk.setFaults({});
  for (const { node, kind } of faults) if (kind === "failing") startAgain(world, node);
}

function begin(world: World, fault: DiskFault): void {
  const { disk, name } = world.node(fault.node);
  world.observe({ kind: "disturbed", what: `the disk of ${name} is ${fault.kind}` });
  switch (fault.kind) {
    case "full": {
      const used = disk.list().reduce((sum, file) => sum + disk.size(file), 0);
      return disk.setFaults({ bytesMax: used + fault.spareBytes });
    }
    case "slow":
      return disk.setFaults({ syncMs: fault.syncMs });
    case "failing":
      return disk.setFaults(fault);
  }
}

/** Whoever looks after the node has seen what its store has said. */
export function startAgain(world: World, name: string): void {
  const node = world.node(name);
  if (node.state === "paused") node.resume();
  if (node.state !== "down") node.crash({ silent: true });
  node.restart();
}

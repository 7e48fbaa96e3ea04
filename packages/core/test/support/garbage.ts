/** Garbage: what nothing holds any more is collected now. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Collects it; a weak reference holds its value until the end of the turn in which it was made or read. */
export async function collectGarbage(): Promise<void> {
  await new Promise(setImmediate);
  collect();
}

/** Bytes that are held, those of buffers included. */
export async function usedBytes(): Promise<number> {
  // the memory of buffers is given back beside the program, some time after they were found to be garbage
  for (let times = 0; times < 10; times++) await collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Load generator of the echo contestants: runs in its own process, imports the driver there and calls through it. */
import { measureCalls } from "./load.mjs";
import { assertEchoed, payload } from "./payload.mjs";

/**
 * @param {{ driver: string, variant: string | undefined, address: unknown, budget: import("./load.mjs").Budget }} job
 */
export async function measureEcho({ driver, variant, address, budget }) {
  const { connect } = await import(driver);
  /** @type {(value: unknown) => Promise<unknown>} */
  const echo = await connect({ address, variant });
  assertEchoed(await echo(payload));
  const figures = await measureCalls(() => echo(payload), budget);
  assertEchoed(await echo(payload));
  return figures;
}

/**
 * Run node: the life of `mpreg start`, from its options to the signal that ends it.
 *
 * (A1) It says that it is ready once the node listens and every module has registered its functions.
 * (A2) However it ends, the node says goodbye to the others first.
 */
import { type MpregNode, context, createNode } from "@mpreg/node";
import type { ExitCode } from "../failure.js";
import type { Terminal } from "../terminal.js";
import { readConfig } from "./config-file.js";
import { openLog } from "./log.js";
import { loadModules, registerAll } from "./modules.js";
import { readyJson, readyText } from "./ready.js";
import { type GivenSettings, settle } from "./settings.js";
import { closeInTime, stopRequested } from "./stop.js";
import { watchStrays } from "./strays.js";

export interface NodeRun {
  readonly configPath: string | undefined;
  /** What the command line says. */
  readonly given: GivenSettings;
  /** For a program, not a person. */
  readonly asJson: boolean;
}

/** Runs a node until this process is asked to end; throws what keeps it from starting, or ends it otherwise. */
export async function runNode({ configPath, given, asJson }: NodeRun, { stdout, stderr }: Terminal): Promise<void> {
  const stop = stopRequested();
  let node: MpregNode | undefined;
  let exitCode: ExitCode = 1;
  try {
    const settings = await settle(configPath === undefined ? {} : await readConfig(configPath), given);
    const log = openLog(settings.log, stderr, asJson);
    const { fatal } = watchStrays(log, handlerPlace);
    const modules = await loadModules(settings.modules);
    node = await createNode({ ...settings.node, log });
    const first = await Promise.race([registerAll(modules, node), stop, fatal]);
    if (first === "registered") {
      stdout.write(asJson ? readyJson(node) : readyText(node, settings, stdout)); // (A1)
      await stdout.written(); // whoever waits for it would wait for ever
      await Promise.race([stop, fatal]);
    }
    exitCode = 0;
  } finally {
    await closeInTime(async () => node?.close(), exitCode); // (A2)
  }
}

/** Which handler's code runs, as far as the asynchronous flow tells. */
function handlerPlace(): object {
  try {
    const { fun, request, step } = context();
    return { fun, request, step };
  } catch {
    return {}; // not in a handler
  }
}

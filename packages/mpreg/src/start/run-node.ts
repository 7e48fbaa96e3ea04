/**
 * Run node: the life of `mpreg start`, from its options to the signal that ends it.
 *
 * (A1) It says that it is ready once the node listens and every module has registered its functions.
 * (A2) However it ends, and however far it came, the node says goodbye to the others first; when it was asked to end it
 *      finishes what runs before that, and sends its clients elsewhere.
 * (A3) A node that one of its modules closes leaves a process with nothing to do: it ends, and says so.
 */
import { type MpregNode, context, createNode } from "@mpreg/node";
import { CommandError, type ExitCode } from "../failure.js";
import type { Stream, Terminal } from "../terminal.js";
import { readConfig } from "./config-file.js";
import { openLog } from "./log.js";
import { loadModules, registerAll } from "./modules.js";
import { listeningMessage } from "./processes/messages.js";
import { ownPlace, settingsAt } from "./processes/place.js";
import { processStopRequested } from "./processes/own-stop.js";
import { readyJson, readyOf, readyText } from "./ready.js";
import { type GivenSettings, type StartSettings, settle } from "./settings.js";
import { Stopped, closeInTime, stopRequested } from "./stop.js";
import { watchStrays } from "./strays.js";
import { waitFor } from "./waiting.js";

export interface NodeRun {
  readonly configPath: string | undefined;
  /** What the command line says. */
  readonly given: GivenSettings;
  /** For a program, not a person. */
  readonly asJson: boolean;
}

/** Runs a node until this process is asked to end; throws what keeps it from starting, or ends it otherwise. */
export async function runNode(run: NodeRun, terminal: Terminal): Promise<void> {
  const { stdout, stderr } = terminal;
  const place = ownPlace();
  const stop = place === undefined ? stopRequested() : processStopRequested();
  let node: MpregNode | undefined;
  let graceAskedMs = 0;
  let exitCode: ExitCode = 1;
  let graceMs = 0;
  try {
    const given = await Promise.race([readSettings(run, stderr), stop]);
    if (place === undefined && given.processes !== undefined) {
      const { runProcesses } = await import("./processes/run-processes.js");
      await runProcesses(given.processes, given, { stop, asJson: run.asJson, terminal });
      return;
    }
    const settings = place === undefined ? given : settingsAt(place, given);
    graceAskedMs = settings.graceMs;
    const log = openLog(settings.log, stderr, run.asJson);
    const { fatal } = watchStrays(log, handlerPlace);
    const modules = await Promise.race([loadModules(settings.modules, log), stop, fatal]);
    node = await createNode({ ...settings.node, log });
    if (place !== undefined) process.send?.(listeningMessage);
    await Promise.race([registerAll(modules, node, log), stop, fatal]);
    if (place !== undefined) process.send?.(readyOf(node));
    else stdout.write(run.asJson ? readyJson(node) : readyText(node, settings, stdout)); // (A1)
    await stdout.written(); // else whoever waits for it would wait for ever
    await Promise.race([stop, fatal, nothingLeft()]);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    exitCode = 0;
    graceMs = graceAskedMs;
  } finally {
    await closeInTime(async () => (graceMs > 0 ? node?.drain({ graceMs }) : node?.close()), graceMs, exitCode); // (A2)
  }
}

async function readSettings({ configPath, given, asJson }: NodeRun, stderr: Stream): Promise<StartSettings> {
  if (configPath === undefined) return settle({}, given);
  const log = openLog(given.log ?? "info", stderr, asJson); // the file may name another, once it is read
  return settle(await waitFor(readConfig(configPath), `the config ${configPath} to load`, log), given);
}

/** Rejects when nothing can happen in this process any more. (A3) */
function nothingLeft(): Promise<never> {
  return new Promise((_resolve, reject) => {
    process.once("beforeExit", () => {
      reject(new CommandError(1, "The node was closed, but not by a signal to this process: a module did it"));
    });
  });
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

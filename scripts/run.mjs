/**
 * Running programs from the scripts: the repository's root, its package manager, and children that behave like the foreground.
 *
 * Imports nothing that has to be installed.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a program with our terminal and environment, passes our signals on to it, and resolves to its exit code (128 + n when
 * signal n ended it). With `capture`, its output is collected instead of shown and resolves beside the code.
 */
export function run(program, args, { cwd = root, env = {}, capture = false, timeoutMs = 0 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: capture ? ["ignore", "pipe", "pipe"] : "inherit",
    });
    let stdout = "";
    let output = "";
    let timedOut = false;
    const deadline =
      timeoutMs > 0 &&
      setTimeout(() => {
        timedOut = true;
        child.kill("SIGKILL");
      }, timeoutMs);
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      output += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => (output += text));
    // A terminal sends Ctrl-C to the whole foreground group: passing it on would make it two.
    const forward = (signal) => !(signal === "SIGINT" && process.stdin.isTTY) && child.kill(signal);
    for (const signal of signals) process.on(signal, forward);
    const settle = () => {
      if (deadline) clearTimeout(deadline);
      for (const signal of signals) process.off(signal, forward);
    };
    child.on("error", (error) => {
      settle();
      reject(error);
    });
    child.on("close", (code, signal) => {
      settle();
      const exitCode = signal === null ? code : 128 + constants.signals[signal];
      resolve(capture ? { exitCode, stdout, output, timedOut } : exitCode);
    });
  });
}

/**
 * Ends this process, as by SIGTERM, when npm started it and ends: npm signals only the shell between it and us, and that shell
 * passes nothing on.
 */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    process.kill(process.pid, "SIGTERM");
  }, 500);
  watch.unref();
}

/** Runs a JavaScript file with this Node. */
export function runNode(file, args = [], options = {}) {
  return run(process.execPath, [...(options.nodeOptions ?? []), file, ...args], options);
}

/** Runs npm: the one that started us when there is one, else the one on the PATH. */
export function runNpm(args, options = {}) {
  const npm = process.env.npm_execpath;
  return npm?.endsWith(".js") ? runNode(npm, args, options) : run("npm", args, options);
}

/** The command line of an installed tool, e.g. `tool("typescript", "bin/tsc")`. */
export const tool = (packageName, file) => join(root, "node_modules", packageName, file);

/** Whether this file is the program (and not imported by another one). */
export const isProgram = (url) => process.argv[1] !== undefined && fileURLToPath(url) === process.argv[1];

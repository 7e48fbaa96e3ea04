/**
 * The JSON protocol, spoken by a Python program that does what the reference implementation's client does, with two
 * nodes that are processes of their own. What the program expects is in json-client/checks.py.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect } from "mpreg";
import { expect, onTestFinished, test } from "vitest";
import { startNode } from "../test/processes.js";

const folder = join(import.meta.dirname, "json-client");

/** A Python that has the library `websockets`: the first one on the path need not be the system's. */
function findPython(): string {
  const found = execFileSync("which", ["-a", "python3"], { encoding: "utf8" }).trim().split("\n");
  return found.find((path) => spawnSync(path, ["-c", "import websockets"]).status === 0)!;
}

test("a client like the reference's finds all that it knows, with what is better said so", async () => {
  const functions = ["--module", join(folder, "functions.mjs"), "--port", "0", "--log", "warn"];
  const entry = await startNode([...functions, "--name", "entry"]);
  await startNode([...functions, "--name", "worker", "--resources", "gpu,model-v2", "--peers", entry.url]);
  await using observer = await connect(entry.url);
  await observer.call("train", [1], { waitForCapacity: true });

  const program = spawn(findPython(), [join(folder, "checks.py"), entry.url], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  onTestFinished(() => void program.kill("SIGKILL"));
  const exitCode = new Promise((resolve) => program.once("exit", resolve));
  const said: string[] = [];
  for await (const line of createInterface({ input: program.stdout })) {
    if (line === "stop the node") entry.kill("SIGTERM");
    else said.push(line);
  }
  expect(said).toEqual([
    "passed deflate_is_declined",
    "passed every_json_type_comes_back",
    "passed a_reply_has_the_reference_s_fields_in_their_order",
    "passed text_binary_and_fragmented_frames_are_taken",
    "passed pings_are_answered_while_a_call_runs",
    "passed many_requests_of_a_socket_are_answered_as_they_end",
    "passed a_request_larger_than_a_mebibyte_is_taken",
    "passed references_in_args_and_kwargs_over_two_nodes",
    "passed results_and_own_names_are_data",
    "passed every_error_has_its_code",
    "passed status_is_answered",
    "passed levels_are_told_when_asked_for",
    "passed a_callback_topic_gets_each_level_before_the_reply",
    "passed what_is_published_comes_as_it_was_sent",
    "passed the_backlog_comes_when_it_is_asked_for",
    "passed refusals_of_topics_say_why",
    "passed a_request_over_topics_is_answered_at_its_reply_topic",
    "passed what_is_no_json_ends_its_connection_alone",
    "passed a_client_s_close_is_answered",
    "passed the_node_s_end_is_told",
  ]);
  expect(await exitCode).toBe(0);
  expect(await entry.exitCode).toBe(0);
});

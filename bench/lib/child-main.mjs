/** What runs in a child process: hosts the module named on the command line and calls its functions for the parent. */
import { basename } from "node:path";
import { profileFolderVariable, startProfile } from "./profile.mjs";

const [, , moduleUrl] = process.argv;
const module_ = await import(moduleUrl);
const profileFolder = process.env[profileFolderVariable];
const writeProfile = profileFolder === undefined ? undefined : await startProfile(profileFolder);
const functions = { ...module_, writeProfile: () => writeProfile?.(basename(moduleUrl, ".mjs")) };

process.on("message", async (/** @type {any} */ { id, name, argument }) => {
  try {
    const value = await functions[name](argument);
    process.send?.({ id, kind: "result", value });
  } catch (error) {
    process.send?.({
      id,
      kind: "error",
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
});
// A child never outlives the run, however the run ends.
process.on("disconnect", () => process.exit());

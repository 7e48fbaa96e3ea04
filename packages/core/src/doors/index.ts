/** Doors: other protocols in front of the same requests. */
export { JsonV1Door } from "./json-v1.js";
export type { Door, DoorHost } from "./types.js";

/** Link: one connection between two nodes, or between a client and a node. */
export { frameBytesMax } from "./frames.js";
export { Link } from "./link.js";
export { Outbox, answersFactor } from "./outbox.js";
export { nodeIdOf } from "./transcript.js";
export {
  type Goodbye,
  type GoodbyeCode,
  type LinkEnd,
  type LinkHost,
  type LinkId,
  type LinkOptions,
  type Remote,
  defaultLinkOptions,
} from "./types.js";

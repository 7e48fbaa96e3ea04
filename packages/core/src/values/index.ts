/** Values: what programs pass to each other, as bytes. */
export type { Bound } from "./reader.js";
export { type BufferClass, bufferUtf8 } from "./buffer-utf8.js";
export { type Codec, createCodec } from "./codec.js";
export { type Hole, filled, holesOf, itemsOf, listOf } from "./list.js";
export { type Picked, pick } from "./pick.js";
export { type ByteMemory, createSlab } from "./slab.js";
export type { ValueUtf8 } from "./buffer.js";
export { isWellFormed, utf8Length } from "./utf8.js";

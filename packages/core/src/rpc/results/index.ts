/** Results that stay where they were made. */
export { type CompleteAnswer, Downloads, isComplete } from "./downloads.js";
export { type Gathering, bytesOf, isFetchable, isRef, isStream } from "./gather.js";
export { Gathered } from "./gathered.js";
export { partOf } from "./part.js";
export type { Readings } from "./readings.js";
export type { ArrayTotal } from "./item-array.js";
export { type Arrays, type ResultMessage, Results } from "./results.js";
export { type KeptResults, idleMsOf } from "./kept.js";
export { Stream } from "./stream.js";

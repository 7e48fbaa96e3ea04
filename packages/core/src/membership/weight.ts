/** Weight: how much two nodes suit each other as partners; the same from both sides, and as good as random. */
import { hash32 } from "../structures/index.js";

/** 53 bits out of both ids. */
export function pairWeight(one: string, other: string): number {
  const pair = one < other ? `${one} ${other}` : `${other} ${one}`;
  return hash32(pair) * 2 ** 21 + (hash32(`${pair}.`) >>> 11);
}

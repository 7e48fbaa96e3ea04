/**
 * Keys: what somebody types at a lab, or a program writes to its stdin.
 */

/** What is to be done, with the selected node where it is done with one. */
export type Key =
  | { readonly kind: "kill" | "freeze" | "cut" | "restart" | "heal" }
  | { readonly kind: "quit" }
  | { readonly kind: "move"; readonly by: number }
  | { readonly kind: "select"; readonly index: number };

const keys: Readonly<Record<string, Key>> = {
  k: { kind: "kill" },
  f: { kind: "freeze" },
  c: { kind: "cut" },
  r: { kind: "restart" },
  h: { kind: "heal" },
  q: { kind: "quit" },
  "\u0003": { kind: "quit" }, // Ctrl-C, which a terminal that gives us each key does not make a signal
  n: { kind: "move", by: 1 },
  p: { kind: "move", by: -1 },
  "\u001b[B": { kind: "move", by: 1 },
  "\u001b[A": { kind: "move", by: -1 },
};

export const keysText: string =
  "1-9 n p select   k kill -9   f freeze, thaw   c cut off, join   h join all   r restart   q quit";

/** The keys in `typed`; what is none is passed over. */
export function parseKeys(typed: string): readonly Key[] {
  const found = typed.match(/\u001b\[[AB]|[\s\S]/g) ?? [];
  return found.flatMap((each) => {
    if (/^[1-9]$/.test(each)) return [{ kind: "select", index: Number(each) - 1 } as const];
    const key = Object.hasOwn(keys, each) ? keys[each] : undefined;
    return key === undefined ? [] : [key];
  });
}

/** Tells `onKey` what is typed, at once where stdin is a terminal; answers how to stop. The end of stdin changes nothing. */
export function readKeys(onKey: (key: Key) => void): () => void {
  const { stdin } = process;
  const onData = (chunk: Buffer): void => {
    for (const key of parseKeys(chunk.toString())) onKey(key);
  };
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on("data", onData).on("error", () => undefined);
  return () => {
    stdin.off("data", onData).pause();
    if (stdin.isTTY) stdin.setRawMode(false);
  };
}

/**
 * Names in messages: quoted so that they cannot be mistaken for the message, and the one that was probably meant.
 */

const shownCharactersMax = 80;

/** A name that is not so long that it hides the message. */
export function shortened(name: string): string {
  return name.length > shownCharactersMax ? `${name.slice(0, shownCharactersMax)}…` : name;
}

/** A name in quotes, shortened. */
export function quoted(name: string): string {
  return JSON.stringify(shortened(name));
}

/** Functions under `mpreg` are the nodes' own: no program registers one, and lists of functions do not show them. */
export function isBuiltInName(fun: string): boolean {
  return fun.startsWith("mpreg.");
}

const namesComparedMax = 1_000;
const comparedCharactersMax = 64;

/** The names most like `wanted`, best first: at most three, none that differs in more than a third of its characters. */
export function nearestNames(wanted: string, names: Iterable<string>): string[] {
  if (wanted.length > comparedCharactersMax) return [];
  const distanceMax = Math.max(1, Math.floor(wanted.length / 3));
  const found: { readonly name: string; readonly distance: number }[] = [];
  let compared = 0;
  for (const name of names) {
    if (compared++ === namesComparedMax) break;
    if (Math.abs(name.length - wanted.length) > distanceMax) continue;
    const distance = editDistance(wanted.toLowerCase(), name.toLowerCase());
    if (distance <= distanceMax) found.push({ name, distance });
  }
  return found
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** The end of a message about a name that does not exist: `; did you mean "clean"?`, or nothing. */
export function suggestion(wanted: string, names: Iterable<string>): string {
  const near = nearestNames(wanted, names);
  return near.length === 0 ? "" : `; did you mean ${near.map(quoted).join(" or ")}?`;
}

/** How many characters have to be inserted, deleted, replaced or swapped with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let distance = Math.min(at(row, j - 1) + (same ? 0 : 1), at(row, j) + 1, at(next, j - 1) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, at(before, j - 2) + 1);
      }
      next.push(distance);
    }
    before = row;
    row = next;
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] as number; // the caller stays inside
}

/**
 * Probing: tables of places with linear probing, as the trie's and the words' are: two numbers for each place, a hash and what
 * is there, 0 for nothing; their number of places is a power of two.
 */

/**
 * Empties the place of `number`, whose hash is `hash`, and moves what was probed past it back (Knuth, TAOCP vol. 3, 6.4,
 * algorithm R). `mask` is the number of places less one. It must be there.
 */
export function emptyPlace(places: Int32Array, mask: number, hash: number, number: number): void {
  let hole = hash & mask;
  while (places[hole * 2 + 1] !== number) hole = (hole + 1) & mask;
  for (let place = (hole + 1) & mask; places[place * 2 + 1] !== 0; place = (place + 1) & mask) {
    const home = (places[place * 2] as number) & mask;
    if (((place - home) & mask) < ((place - hole) & mask)) continue; // its home lies behind the hole
    places[hole * 2] = places[place * 2] as number;
    places[hole * 2 + 1] = places[place * 2 + 1] as number;
    hole = place;
  }
  places[hole * 2 + 1] = 0;
}

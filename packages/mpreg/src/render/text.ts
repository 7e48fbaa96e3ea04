/**
 * Text from elsewhere, made fit to be shown: names and messages come from other machines, a terminal obeys what it reads.
 *
 * (X1) Nothing that moves the cursor, changes colours or reverses the reading direction reaches the terminal.
 */

const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** `text` in one line. */
export function printable(text: string): string {
  return text.replace(unprintable, escaped); // (X1)
}

/** `text`, whose line ends and tabs stay. */
export function printableLines(text: string): string {
  return text.replace(unprintable, (character) =>
    character === "\n" || character === "\t" ? character : escaped(character),
  );
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

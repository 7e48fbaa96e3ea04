/**
 * Shown URL: an address as messages and logs may tell it.
 *
 * (U1) A user and a password are never told, whatever else is wrong with the address.
 */

/** An address whose authority is a host, with a port or without. */
const withoutUser = /^[a-z][a-z0-9+.-]*:\/\/(?:\[[^\]]*\]|[^/?#@:\s]*)(?::\d*)?(?:[/?#]|$)/i;

/** `url`, with `***` in the place of a user and a password. */
export function shownUrl(url: string): string {
  if (!url.includes("@") || withoutUser.test(url)) return url;
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1***@"); // (U1): a password may hold anything, an "@" too
}

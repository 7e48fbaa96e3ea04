/**
 * Changes: of the settings of one queue, at one door, one after the other.
 *
 * (C1) Tags, permissions and attributes are written as a whole: a change begins once the one before it has ended, and reads what that has written.
 */
export class Changes {
  /** By queue: the change that is under way, and those behind it. */
  readonly #lines = new Map<string, (() => void)[]>();

  /** Whether `begin` is the first, and may be called now; else it is called when its turn has come. (C1) */
  enter(queue: string, begin: () => void): boolean {
    const line = this.#lines.get(queue);
    if (line === undefined) this.#lines.set(queue, [begin]);
    else line.push(begin);
    return line === undefined;
  }

  /** It has ended, or does not wait any more. */
  leave(queue: string, begin: () => void): void {
    const line = this.#lines.get(queue) ?? [];
    const at = line.indexOf(begin);
    line.splice(at, 1);
    if (line.length === 0) this.#lines.delete(queue);
    else if (at === 0) line[0]?.();
  }
}

/** Several receives, until there are as many as are wanted. */
export async function byTurns<T>(receive: () => Promise<readonly T[]>, count: number): Promise<readonly T[]> {
  const all: T[] = [];
  while (all.length < count) all.push(...(await receive()));
  return all;
}

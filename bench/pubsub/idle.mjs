/** Subscriptions to which nothing is published, all on one connection: a child module. */

/** So many are asked for at once. */
const batch = 500;

/** @type {(patterns: string[]) => Promise<unknown>} */
let subscribe;
let count = 0;

/** @param {{ driver: string, address: any }} job */
export async function open({ driver, address }) {
  const { openIdle } = await import(driver);
  subscribe = await openIdle({ address });
}

/** @param {{ subscriptions: number }} job that are added */
export async function add({ subscriptions }) {
  const end = count + subscriptions;
  while (count < end) {
    const patterns = Array.from({ length: Math.min(batch, end - count) }, (_, index) => `idle.${count + index}.*`);
    await subscribe(patterns);
    count += patterns.length;
  }
}

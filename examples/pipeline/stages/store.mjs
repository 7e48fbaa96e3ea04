/**
 * Stage 7, store: tables become JSON files on the storage node's disk.
 *
 * (S1) A file appears whole or not at all: written under another name, flushed, then renamed.
 * (S2) A name from a request never leaves the folder.
 */
import { createHash } from "node:crypto";
import { mkdir, open, rename } from "node:fs/promises";
import { join } from "node:path";

const NAME = /^[a-z][a-z0-9-]*$/;

/**
 * @param {string} folder absolute; made when it is not there
 * @param {string} collection "weather": a folder inside `folder`
 * @param {Record<string, unknown>} tables by name; each an array of rows or an object of columns
 * @returns {Promise<{ tables: import("./types.mjs").StoredTable[], counts: import("./types.mjs").Counts }>}
 */
export async function store(folder, collection, tables) {
  const names = [collection, ...Object.keys(tables)];
  const bad = names.find((name) => !NAME.test(name)); // (S2)
  if (bad !== undefined) throw new Error(`Cannot store "${bad}": a name is lower case letters, digits and hyphens`);

  await mkdir(join(folder, collection), { recursive: true });
  const stored = await Promise.all(
    Object.entries(tables).map(([name, table]) => write(folder, `${collection}/${name}`, table)),
  );
  const rows = stored.reduce((sum, table) => sum + table.rows, 0);
  const megabytes = stored.reduce((sum, table) => sum + table.bytes, 0) / 1e6;
  const note = `${stored.length} files, ${megabytes.toFixed(1)} MB`;
  return {
    tables: stored,
    counts: { in: Object.values(tables).reduce((sum, t) => sum + rowsOf(t), 0), out: rows, note },
  };
}

/**
 * @param {string} folder
 * @param {string} table
 * @param {unknown} value
 * @returns {Promise<import("./types.mjs").StoredTable>}
 */
async function write(folder, table, value) {
  const file = join(folder, `${table}.json`);
  const bytes = Buffer.from(JSON.stringify(value));
  const handle = await open(`${file}.part`, "w");
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.part`, file); // (S1)
  return {
    table,
    file,
    rows: rowsOf(value),
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}

/**
 * @param {any} table an array of rows or an object of columns
 * @returns {number}
 */
export function rowsOf(table) {
  return Array.isArray(table) ? table.length : (Object.values(table)[0]?.length ?? 0);
}

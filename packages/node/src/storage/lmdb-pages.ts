/**
 * The pages of a file of LMDB's: whether all that its trees lead to are there. Only a file that is shorter than LMDB says is looked through.
 *
 * A page of a tree has a header (24 bytes: its number, a transaction, flags, how many bytes the places of its nodes take), the places of its nodes, and the
 * nodes; places are counted from the end of the header. A node of a branch is the number of a page and a key; one of a leaf a key, and a value: its bytes,
 * the number of the pages that have them, or another tree.
 *
 * (G1) What is read is not believed: a page that is none of a tree, leads behind its own end or round in a circle is one that is not there.
 */
import type { FileHandle } from "node:fs/promises";

/** LMDB's own bounds. */
export const pageBytesMin = 256;
export const pageBytesMax = 65_536;

const headerBytes = 24;
const at = { flags: 18, placesBytes: 20, overflowPages: 20 };
const pageFlags = { branch: 1, leaf: 2, overflow: 4, fixedKeys: 0x20 };
const nodeBytes = 8;
const nodeFlags = { elsewhere: 1, tree: 2 };
const rootInTree = 40;
const treeBytes = 48;
const noPage = 0xffff_ffff_ffff_ffffn;

/** Whether the first `pages` pages of the file have all that the trees of these roots lead to. */
export async function areThere(
  file: FileHandle,
  { roots, pageBytes }: { readonly roots: readonly bigint[]; readonly pageBytes: number },
  pages: number,
): Promise<boolean> {
  const bytes = Buffer.alloc(pageBytes);
  const left = roots.filter((root) => root !== noPage);
  let seen = 0;
  for (let page = left.pop(); page !== undefined; page = left.pop()) {
    if (page >= BigInt(pages) || ++seen > pages) return false; // (G1)
    await file.read(bytes, 0, pageBytes, Number(page) * pageBytes);
    if (bytes.readBigUInt64LE(0) !== page) return false;
    const next = followed(bytes);
    if (next === undefined) return false;
    for (const each of next.overflows) if (!(await isOverflowThere(file, each, pageBytes, pages))) return false;
    left.push(...next.pages);
  }
  return true;
}

interface Next {
  readonly pages: readonly bigint[];
  /** Of large values: the first page of each. */
  readonly overflows: readonly bigint[];
}

/** Where a page of a tree leads; `undefined` where it is none. */
function followed(page: Buffer): Next | undefined {
  const flags = page.readUInt16LE(at.flags);
  const isBranch = (flags & pageFlags.branch) !== 0;
  if (!isBranch && (flags & pageFlags.leaf) === 0) return undefined;
  const pages: bigint[] = [];
  const overflows: bigint[] = [];
  if ((flags & pageFlags.fixedKeys) !== 0) return { pages, overflows };
  const end = headerBytes + page.readUInt16LE(at.placesBytes);
  if (end === headerBytes || end > page.length) return undefined; // a page of a tree has a node
  for (let place = headerBytes; place < end; place += 2) {
    const node = headerBytes + page.readUInt16LE(place);
    if (node + nodeBytes > page.length) return undefined;
    const low = page.readUInt32LE(node);
    const high = page.readUInt16LE(node + 4);
    if (isBranch) {
      pages.push(BigInt(low) + (BigInt(high) << 32n));
      continue;
    }
    const value = node + nodeBytes + page.readUInt16LE(node + 6);
    if ((high & nodeFlags.elsewhere) !== 0) {
      if (value + 8 > page.length) return undefined;
      overflows.push(page.readBigUInt64LE(value));
    } else if ((high & nodeFlags.tree) !== 0) {
      if (value + treeBytes > page.length) return undefined;
      const root = page.readBigUInt64LE(value + rootInTree);
      if (root !== noPage) pages.push(root);
    }
  }
  return { pages, overflows };
}

async function isOverflowThere(file: FileHandle, page: bigint, pageBytes: number, pages: number): Promise<boolean> {
  if (page >= BigInt(pages)) return false;
  const header = Buffer.alloc(headerBytes);
  await file.read(header, 0, headerBytes, Number(page) * pageBytes);
  if (header.readBigUInt64LE(0) !== page || (header.readUInt16LE(at.flags) & pageFlags.overflow) === 0) return false;
  return Number(page) + header.readUInt32LE(at.overflowPages) <= pages;
}

/**
 * Value extensions: the MessagePack extension types of encoded values. Their payloads are described in `codec.ts`.
 */
export const extensionTypes = {
  /** -1, the timestamp of the MessagePack specification. */
  date: 0xff,
  constant: 0x00,
  bigint: 0x42,
  hole: 0x48,
  map: 0x4d,
  set: 0x53,
  elements: 0x74,
  units: 0x75,
} as const;

/** Payload of the extension `constant`. */
export const constants = { undefined: 0, invalidDate: 1 } as const;

/** What an ArrayBuffer can be seen as: the first payload byte of the extension `elements`. */
export interface ElementKind {
  readonly code: number;
  readonly name: string;
  readonly elementBytes: number;
  readonly open: (buffer: ArrayBuffer) => object;
}

const elementKinds: readonly ElementKind[] = [
  { code: 0, name: "Int8Array", elementBytes: 1, open: (buffer) => new Int8Array(buffer) },
  { code: 1, name: "Uint8Array", elementBytes: 1, open: (buffer) => new Uint8Array(buffer) },
  { code: 2, name: "Uint8ClampedArray", elementBytes: 1, open: (buffer) => new Uint8ClampedArray(buffer) },
  { code: 3, name: "Int16Array", elementBytes: 2, open: (buffer) => new Int16Array(buffer) },
  { code: 4, name: "Uint16Array", elementBytes: 2, open: (buffer) => new Uint16Array(buffer) },
  { code: 5, name: "Int32Array", elementBytes: 4, open: (buffer) => new Int32Array(buffer) },
  { code: 6, name: "Uint32Array", elementBytes: 4, open: (buffer) => new Uint32Array(buffer) },
  { code: 7, name: "Float32Array", elementBytes: 4, open: (buffer) => new Float32Array(buffer) },
  { code: 8, name: "Float64Array", elementBytes: 8, open: (buffer) => new Float64Array(buffer) },
  { code: 9, name: "BigInt64Array", elementBytes: 8, open: (buffer) => new BigInt64Array(buffer) },
  { code: 10, name: "BigUint64Array", elementBytes: 8, open: (buffer) => new BigUint64Array(buffer) },
  { code: 16, name: "ArrayBuffer", elementBytes: 1, open: (buffer) => buffer },
  { code: 17, name: "DataView", elementBytes: 1, open: (buffer) => new DataView(buffer) },
];

const byName: ReadonlyMap<string, ElementKind> = new Map(elementKinds.map((kind) => [kind.name, kind]));
const byCode: ReadonlyMap<number, ElementKind> = new Map(elementKinds.map((kind) => [kind.code, kind]));

/** The kind called like a typed array class, `"ArrayBuffer"` or `"DataView"`. */
export function elementKindNamed(name: string): ElementKind | undefined {
  return byName.get(name);
}

export function elementKindOf(code: number): ElementKind | undefined {
  return byCode.get(code);
}

/** The kind of the same code, if it has a length and items: of an ArrayBuffer and a DataView there is none. */
export function typedArrayKindOf(code: number): ElementKind | undefined {
  return code < 16 ? byCode.get(code) : undefined;
}

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Elements in the order of this machine from elements in the little-endian order of the wire, or the reverse. */
export function inWireOrder(
  bytes: Uint8Array<ArrayBuffer>,
  elementBytes: number,
  isLittleEndian: boolean = hostIsLittleEndian,
): Uint8Array<ArrayBuffer> {
  if (isLittleEndian || elementBytes === 1) return bytes;
  const swapped = bytes.slice();
  for (let at = 0; at < swapped.length; at += elementBytes) swapped.subarray(at, at + elementBytes).reverse();
  return swapped;
}

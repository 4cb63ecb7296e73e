/**
 * A tree of plain values and typed arrays as bytes: the arrays, one after another, behind the JSON of all else. Numbers that are whole
 * and near their neighbours, as times and indexes are, take one to five bytes each, and gzip halves that again.
 *
 *     [length of the JSON: 4 bytes, little endian] [JSON] [arrays]
 *
 * The JSON holds the tree and, beside it, a list that says of each array where in the tree it belongs. What the tree itself says is
 * data: nothing in it is taken for a sign.
 */

export type TypedArray = Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array

const TYPES = { f64: Float64Array, i32: Int32Array, u32: Uint32Array, u16: Uint16Array, u8: Uint8Array } as const
type TypeName = keyof typeof TYPES
type Encoding = 'raw' | 'deltas'

interface Entry {
  readonly path: readonly string[]
  readonly type: TypeName
  readonly encoding: Encoding
  readonly count: number
  readonly bytes: number
}

/** @returns not compressed */
export function packTree(tree: object): Uint8Array {
  const arrays: Entry[] = []
  const chunks: Uint8Array[] = []
  for (const [path, array, type] of arraysIn(tree, [])) {
    const encoding: Encoding = isWhole(array) ? 'deltas' : 'raw'
    const bytes = encoding === 'raw' ? rawBytes(array) : deltasOf(array)
    chunks.push(bytes)
    arrays.push({ path, type, encoding, count: array.length, bytes: bytes.length })
  }
  const json = JSON.stringify({ arrays, tree }, (_key, inner: unknown) => (ArrayBuffer.isView(inner) ? 0 : inner))
  const head = new TextEncoder().encode(json)
  const packed = new Uint8Array(4 + head.length + chunks.reduce((sum, { length }) => sum + length, 0))
  new DataView(packed.buffer).setUint32(0, head.length, true)
  packed.set(head, 4)
  let at = 4 + head.length
  for (const chunk of chunks) {
    packed.set(chunk, at)
    at += chunk.length
  }
  return packed
}

/** @throws RangeError or SyntaxError when the bytes are not what {@link packTree} gives */
export function unpackTree(packed: Uint8Array): object {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  let at = 4 + view.getUint32(0, true)
  const { arrays, tree } = JSON.parse(new TextDecoder().decode(packed.subarray(4, at))) as { readonly arrays: readonly Entry[]; readonly tree: object }
  for (const { path, type, encoding, count, bytes: length } of arrays) {
    const bytes = packed.subarray(at, at + length)
    if (bytes.length !== length) throw new RangeError('the data ends too early')
    at += length
    const array = new TYPES[type](count)
    if (encoding === 'deltas') readDeltas(bytes, array)
    else new Uint8Array(array.buffer).set(bytes)
    putAt(tree, path, array)
  }
  return tree
}

function putAt(tree: object, path: readonly string[], array: TypedArray): void {
  let holder = tree as Record<string, unknown>
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>
  holder[path.at(-1)!] = array
}

/** Arrays stand in objects, not in lists. */
function* arraysIn(value: object, path: readonly string[]): Generator<readonly [path: readonly string[], array: TypedArray, type: TypeName]> {
  for (const [key, inner] of Object.entries(value) as [string, unknown][]) {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner) || key === '__proto__') continue
    const type = typeOf(inner)
    if (type === undefined) yield* arraysIn(inner, [...path, key])
    else yield [[...path, key], inner as TypedArray, type]
  }
}

function typeOf(value: unknown): TypeName | undefined {
  if (!ArrayBuffer.isView(value)) return undefined
  for (const type of Object.keys(TYPES) as TypeName[]) if (value instanceof TYPES[type]) return type
  return undefined
}

const rawBytes = (array: TypedArray): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

function isWhole(array: TypedArray): boolean {
  if (!(array instanceof Float64Array)) return !(array instanceof Uint8Array)
  for (let i = 0; i < array.length; i++) if (!Number.isSafeInteger(array[i]) || Math.abs(array[i]!) > 2 ** 51) return false
  return true
}

/** Differences of neighbours, zigzag, seven bits a byte. Up to 2^53, so by division and not by shifts. */
function deltasOf(array: TypedArray): Uint8Array {
  let bytes = new Uint8Array(array.length * 2 + 16)
  let at = 0
  let before = 0
  for (let i = 0; i < array.length; i++) {
    const delta = array[i]! - before
    before = array[i]!
    let rest = delta < 0 ? -delta * 2 - 1 : delta * 2
    if (at + 10 > bytes.length) bytes = grown(bytes)
    while (rest >= 128) {
      bytes[at++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    bytes[at++] = rest
  }
  return bytes.subarray(0, at)
}

function grown(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2)
  larger.set(bytes)
  return larger
}

function readDeltas(bytes: Uint8Array, array: TypedArray): void {
  let at = 0
  let value = 0
  for (let i = 0; i < array.length; i++) {
    let rest = 0
    let unit = 1
    for (; bytes[at]! >= 128; at++, unit *= 128) rest += (bytes[at]! - 128) * unit
    rest += bytes[at++]! * unit
    value += rest % 2 === 1 ? -(rest + 1) / 2 : rest / 2
    array[i] = value
  }
}

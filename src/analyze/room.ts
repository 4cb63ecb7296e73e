/**
 * Room for the columns of an analysis. An engine such as V8 begins a full collection of its heap whenever 64 MB of typed arrays were made
 * since the last one; of a million spans that is one for every few steps, each of which walks through the whole trace for a second, and
 * none of which frees anything. Buffers that threads can share do not count there, so large columns are made of them where there are
 * any (a page has none), and a step gives back what the next one can use.
 */
const LARGE_BYTES = 1 << 19

type Column = Float64Array | Int32Array | Uint8Array

/** Given back, by their size; undefined outside an analysis. */
let spare: Map<number, ArrayBufferLike[]> | undefined

function room(bytes: number): ArrayBufferLike {
  const known = spare?.get(bytes)?.pop()
  if (known !== undefined) {
    new Uint8Array(known).fill(0)
    return known
  }
  return typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes)
}

const isLarge = (bytes: number): boolean => bytes >= LARGE_BYTES

export const floats = (length: number): Float64Array => (isLarge(length * 8) ? new Float64Array(room(length * 8)) : new Float64Array(length))
export const ints = (length: number): Int32Array => (isLarge(length * 4) ? new Int32Array(room(length * 4)) : new Int32Array(length))
export const bytes = (length: number): Uint8Array => (isLarge(length) ? new Uint8Array(room(length)) : new Uint8Array(length))

export function copyOfFloats(from: Float64Array): Float64Array {
  const copy = floats(from.length)
  copy.set(from)
  return copy
}

export function copyOfInts(from: Int32Array): Int32Array {
  const copy = ints(from.length)
  copy.set(from)
  return copy
}

/** Nobody will look at these columns again. */
export function giveBack(...columns: readonly Column[]): void {
  if (spare === undefined) return
  for (const { buffer, byteLength } of columns) {
    if (!isLarge(byteLength) || buffer.byteLength !== byteLength) continue
    const known = spare.get(byteLength)
    if (known === undefined) spare.set(byteLength, [buffer])
    else known.push(buffer)
  }
}

/** What is given back in the meantime is used again, and then the collector's. */
export function reusing<T>(work: () => T): T {
  const outer = spare
  spare = new Map()
  try {
    return work()
  } finally {
    spare = outer
  }
}

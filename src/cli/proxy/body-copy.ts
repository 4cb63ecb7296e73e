import * as zlib from 'node:zlib'
import { brotliDecompressSync, constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw, gunzipSync, inflateSync } from 'node:zlib'
import type { Transform } from 'node:stream'

/** How much of all bodies under way may be held for reading. What is more passes all the same, and is not read. */
export class CopyBudget {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  get left(): number {
    return this.#left
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }

  give(bytes: number): void {
    this.#left += bytes
  }
}

/** A copy of a request's body, up to a limit. */
export class BodyCopy {
  readonly #budget: CopyBudget
  readonly #mostBytes: number
  #chunks: Uint8Array[] = []
  #bytes = 0
  #isTooLarge = false

  constructor(budget: CopyBudget, mostBytes: number) {
    this.#budget = budget
    this.#mostBytes = mostBytes
  }

  get isTooLarge(): boolean {
    return this.#isTooLarge
  }

  add(chunk: Uint8Array): void {
    if (this.#isTooLarge) return
    if (this.#bytes + chunk.length > this.#mostBytes || !this.#budget.take(chunk.length)) {
      this.#isTooLarge = true
      this.clear()
      return
    }
    this.#bytes += chunk.length
    this.#chunks.push(chunk)
  }

  /** The whole of it, once; empty when it was too large. */
  take(): Buffer {
    const whole = Buffer.concat(this.#chunks)
    this.clear()
    return whole
  }

  clear(): void {
    this.#budget.give(this.#bytes)
    this.#chunks = []
    this.#bytes = 0
  }
}

/** A whole body without its compression. @throws Error when it is damaged, too large, or compressed in a way that Node does not know */
export function unpacked(body: Buffer, encoding: string | undefined, maxOutputLength: number): Buffer {
  switch (normal(encoding)) {
    case 'identity': return body
    case 'gzip': return gunzipSync(body, { maxOutputLength })
    case 'deflate': return inflateSync(body, { maxOutputLength })
    case 'br': return brotliDecompressSync(body, { maxOutputLength })
    default: throw new Error(`a body in the encoding ${encoding} is not read`)
  }
}

const normal = (encoding = 'identity'): string => encoding.trim().toLowerCase().replace(/^x-/, '')

/** Its answer is read as it comes: every byte that was sent can be unpacked at once. */
const EAGER = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH } as const

/** Node has it since 22.15. */
const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: () => Transform }

/** @returns undefined for a body in plain; `unknown` for an encoding that is not read */
function unpacker(encoding: string | undefined, first: Uint8Array): Transform | undefined | 'unknown' {
  switch (normal(encoding)) {
    case 'identity': return undefined
    case 'gzip': return createGunzip(EAGER)
    // With and without the header of zlib: servers never agreed.
    case 'deflate': return (first[0]! & 0x0f) === 8 ? createInflate(EAGER) : createInflateRaw(EAGER)
    case 'br': return createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH })
    case 'zstd': return createZstdDecompress?.() ?? 'unknown'
    default: return 'unknown'
  }
}

export interface PlainReader {
  bytes(bytes: Uint8Array): void
  /** No more comes, or what comes is not read. */
  end(isWhole: boolean): void
}

export interface PlainLimits {
  /** Unpacked. */
  readonly bytes: number
  /** That wait to be unpacked. */
  readonly waitingBytes: number
}

/** Gives a body that may be compressed on in plain, as it comes. */
export class PlainBody {
  readonly #encoding: string | undefined
  readonly #reader: PlainReader
  readonly #limits: PlainLimits
  #unpacker: Transform | undefined | 'unknown'
  #hasBegun = false
  #bytes = 0
  #isOver = false

  constructor(encoding: string | undefined, reader: PlainReader, limits: PlainLimits) {
    this.#encoding = encoding
    this.#reader = reader
    this.#limits = limits
  }

  add(chunk: Uint8Array): void {
    if (this.#isOver) return
    if (!this.#hasBegun) this.#begin(chunk)
    const to = this.#unpacker
    if (to === 'unknown') this.#end(false)
    else if (to === undefined) this.#read(chunk)
    else if (to.writableLength > this.#limits.waitingBytes) this.#stop()
    else to.write(chunk)
  }

  /** All of it was added: the reader gets its end once the rest is unpacked. */
  end(): void {
    const to = this.#unpacker
    if (typeof to === 'object') to.end()
    else this.#end(true)
  }

  /** Nothing more is read, also of what waits. */
  #stop(): void {
    if (typeof this.#unpacker === 'object') this.#unpacker.destroy()
    this.#end(false)
  }

  close(): void {
    this.#isOver = true
    if (typeof this.#unpacker === 'object') this.#unpacker.destroy()
  }

  #begin(chunk: Uint8Array): void {
    this.#hasBegun = true
    this.#unpacker = unpacker(this.#encoding, chunk)
    if (typeof this.#unpacker !== 'object') return
    this.#unpacker.on('data', (plain: Uint8Array) => this.#read(plain))
    this.#unpacker.on('end', () => this.#end(true))
    this.#unpacker.on('error', () => this.#end(false))
  }

  #read(plain: Uint8Array): void {
    if (this.#isOver) return
    this.#bytes += plain.length
    if (this.#bytes > this.#limits.bytes) this.#stop()
    else this.#reader.bytes(plain)
  }

  #end(isWhole: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#reader.end(isWhole)
  }
}

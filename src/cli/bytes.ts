import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createGunzip, type Gunzip } from 'node:zlib'
import type { Io } from './command.ts'

/** Where bytes come from. */
export interface ByteSource {
  readonly chunks: AsyncIterable<Uint8Array>
  /** How many there are in all, where that is known. */
  readonly size?: number
}

const CHUNK_BYTES = 1024 * 1024

export async function fileBytes(path: string): Promise<ByteSource> {
  const { size } = await stat(path)
  return { chunks: createReadStream(path, { highWaterMark: CHUNK_BYTES }), size }
}

export const stdinBytes = (io: Pick<Io, 'stdin'>): ByteSource => ({ chunks: io.stdin() })

/** The bytes as they come, each chunk told to `seen` before it is given on. */
export async function* counted(chunks: AsyncIterable<Uint8Array>, seen: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    seen(chunk.length)
    yield asBuffer(chunk)
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export interface Opened {
  readonly head: Buffer
  /** All chunks, the head in front. */
  readonly all: AsyncIterable<Buffer>
  /** Ends what gives the chunks, also before its end. */
  readonly close: () => Promise<unknown>
}

/** Reads at least the first `least` bytes, where there are as many. */
export async function withHead(chunks: AsyncGenerator<Buffer>, least: number): Promise<Opened> {
  const first: Buffer[] = []
  let failure: { readonly error: unknown } | undefined
  let size = 0
  try {
    while (size < least) {
      const { done, value } = await chunks.next()
      if (done === true) break
      first.push(value)
      size += value.length
    }
  } catch (error) {
    // What came before it is still to be read.
    failure = { error }
  }
  const head = Buffer.concat(first, size)
  async function* all(): AsyncGenerator<Buffer> {
    yield head
    if (failure !== undefined) throw failure.error
    yield* chunks
  }
  return { head, all: all(), close: () => chunks.return(undefined) }
}

export const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b

/** Deflate packs at most about a thousand to one, so that no piece unpacks to more than some 16 MB. */
const PACKED_BYTES = 16 * 1024

/**
 * Unpacks gzip piece by piece. What was unpacked before damage comes out before the error is thrown, which the usual streams
 * throw away.
 */
export async function* unpacked(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  // What one step of it unpacks before it meets damage is lost, so the steps are small.
  const gunzip = createGunzip({ chunkSize: 8 * 1024 })
  const ready: Buffer[] = []
  gunzip.on('data', (data: Buffer) => ready.push(data))
  // What is being written when it fails is never said to be done.
  const failed = new Promise<DamagedGzip>((resolve) => gunzip.on('error', ({ message }) => resolve(new DamagedGzip(message))))
  try {
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.length; from += PACKED_BYTES) {
        const failure = await Promise.race([failed, written(gunzip, chunk.subarray(from, from + PACKED_BYTES))])
        yield* ready.splice(0)
        if (failure instanceof DamagedGzip) throw failure
      }
    }
    const failure = await Promise.race([failed, ended(gunzip)])
    yield* ready.splice(0)
    if (failure instanceof DamagedGzip) throw failure
  } finally {
    gunzip.destroy()
  }
}

/** The gzip data is not what its writer wrote. */
export class DamagedGzip extends Error {
  override readonly name: string = 'DamagedGzip'

  constructor(reason: string) {
    super(`the gzip data is damaged: ${reason}`)
  }
}

const written = (gunzip: Gunzip, packed: Buffer): Promise<void> => new Promise((resolve) => gunzip.write(packed, () => resolve()))

const ended = (gunzip: Gunzip): Promise<void> =>
  new Promise((resolve) => {
    gunzip.once('end', resolve)
    gunzip.end()
  })

import { StringDecoder } from 'node:string_decoder'
import { TraceDecoder, type Decoded } from '../trace-file/index.ts'
import { counted, DamagedGzip, isGzip, unpacked, withHead, type ByteSource } from './bytes.ts'
import { Complaint } from './command.ts'
import { LIMITS, sizeText, type Limits } from './limits.ts'
import { LineSplitter } from './lines.ts'
import { Shape } from './shape.ts'

/** What a file holds. */
export interface Content {
  /** Of a run file of ours. */
  readonly decoded?: Decoded
  /** Of anything else. */
  readonly text?: string
  /** Why there is less than there should be: what came before it is here. */
  readonly stopped?: string
}

export interface ReadOptions {
  readonly limits?: Limits
  /** Told of all bytes as they are read, packed as they are. */
  readonly seen?: (bytes: number) => void
}

/** What decides what a file is. */
export const HEAD_BYTES = 65_536

/**
 * Reads a file: a run file of ours line by line, in memory that its runs alone take, anything else as one text. gzip is unpacked.
 * @param name as messages are to begin with
 * @throws Complaint that says why nothing of it can be read
 */
export async function readContent(name: string, source: ByteSource, { limits = LIMITS, seen = () => {} }: ReadOptions = {}): Promise<Content> {
  const raw = await withHead(counted(source.chunks, seen), HEAD_BYTES)
  const packed = isGzip(raw.head)
  const { head, all, close } = packed ? await withHead(unpacked(raw.all), HEAD_BYTES) : raw
  try {
    if (isRunFile(head.toString('utf8', 0, HEAD_BYTES))) return await readRunFile(all, packed ? limits.unpackedBytes : Infinity, limits)
    if (!isUtf16(head) && isBinary(head)) throw new Complaint(`${name}: a binary file; traces are text (JSON or JSON lines, also as gzip)`)
    if (!packed && (source.size ?? 0) > limits.textBytes) throw tooLarge(name, limits.textBytes, 'has')
    return await readWhole(name, head, all, packed, limits)
  } catch (error) {
    if (error instanceof Complaint) throw error
    throw new Complaint(`${name}: ${reasonOf(error)}`)
  } finally {
    // What was not read to its end is closed.
    await close()
    await raw.close()
  }
}

/** Our own files say so in their first line; when that one is damaged, the checksums of the others show it. */
export const isRunFile = (head: string): boolean =>
  head.startsWith('{"format":"spanwise"', head.startsWith(BOM) ? 1 : 0) || /^\{.*,"sum":"[0-9a-f]{8}"\}\r?$/m.test(head)

const BOM = '\uFEFF'

async function readRunFile(chunks: AsyncIterable<Buffer>, mostBytes: number, { lineBytes }: Limits): Promise<Content> {
  const decoder = new TraceDecoder()
  const tooLong: { readonly line: number; readonly message: string }[] = []
  let number = 0
  const lines = new LineSplitter({
    line(bytes, from, to, textOf) {
      if (number++ > 0) return decoder.slice(bytes, from, to, textOf)
      const text = textOf(from, to)
      decoder.line(text.startsWith(BOM) ? text.slice(1) : text)
    },
    tooLong(bytes) {
      // The decoder counts lines too; an empty one says nothing to it.
      decoder.line('')
      tooLong.push({ line: ++number, message: `a line of ${sizeText(bytes)} is too long for a record` })
    },
  }, lineBytes)
  let stopped: string | undefined
  let size = 0
  try {
    for await (const chunk of chunks) {
      lines.push(chunk)
      size += chunk.length
      if (size > mostBytes) {
        stopped = `unpacks to more than ${sizeText(mostBytes)}, the most that is read`
        break
      }
    }
  } catch (error) {
    stopped = reasonOf(error)
  }
  lines.finish()
  const { traces, problems } = decoder.finish()
  const all = tooLong.length === 0 ? problems : [...problems, ...tooLong].sort((a, b) => a.line - b.line)
  return { decoded: { traces, problems: all }, ...(stopped !== undefined && { stopped }) }
}

async function readWhole(name: string, head: Buffer, chunks: AsyncIterable<Buffer>, packed: boolean, limits: Limits): Promise<Content> {
  const decoder = decoderFor(head)
  const shape = new Shape()
  const pieces: string[] = []
  let size = 0
  let stopped: string | undefined
  try {
    for await (const chunk of chunks) {
      size += chunk.length
      if (size > limits.textBytes) throw tooLarge(name, limits.textBytes, packed ? 'unpacks to' : 'has')
      pieces.push(decoder(chunk))
      shape.push(chunk)
      if (shape.levels > limits.levels) throw new Complaint(`${name}: nested more than ${limits.levels.toLocaleString('en-US')} levels deep`)
      if (shape.values > limits.values) {
        throw new Complaint(`${name}: holds more than ${limits.values.toLocaleString('en-US')} values, the most that is read at once`, 'split it into several files')
      }
    }
  } catch (error) {
    if (error instanceof Complaint || !(error instanceof DamagedGzip) || size === 0) throw error
    stopped = error.message
  }
  pieces.push(decoder())
  const text = pieces.join('')
  return { text: text.startsWith(BOM) ? text.slice(1) : text, ...(stopped !== undefined && { stopped }) }
}

const isUtf16 = (head: Uint8Array): boolean => (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)

/** UTF-8, or UTF-16 with its mark, which some shells write. */
function decoderFor(head: Uint8Array): (chunk?: Buffer) => string {
  if (isUtf16(head)) {
    const decoder = new TextDecoder(head[0] === 0xff ? 'utf-16le' : 'utf-16be')
    return (chunk) => (chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true }))
  }
  const decoder = new StringDecoder('utf8')
  return (chunk) => (chunk === undefined ? decoder.end() : decoder.write(chunk))
}

const tooLarge = (name: string, maxBytes: number, has: string): Complaint =>
  new Complaint(`${name}: ${has} more than ${sizeText(maxBytes)}, the most that is read`)

/** Zero bytes early on stand in no text. A single one later may be a torn write, which costs only its line. */
const isBinary = (bytes: Uint8Array): boolean => bytes.subarray(0, 1024).includes(0)

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'no permission to read it',
  EISDIR: 'is a folder',
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? error.message
}

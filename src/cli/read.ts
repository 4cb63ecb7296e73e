import { readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Complaint, type Io } from './command.ts'

/** Also what a JavaScript string can hold. */
export const MAX_BYTES: number = 512 * 1024 * 1024 - 64

const unzip = promisify(gunzip)

/** The text of a file, unpacked when it is gzip. @throws Complaint that says why it cannot be read */
export async function readText(path: string, maxBytes: number = MAX_BYTES): Promise<string> {
  const bytes = await readBytes(path, maxBytes)
  return await textOf(bytes, path, maxBytes)
}

async function readBytes(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(path)
    if (size > maxBytes) throw tooLarge(path, maxBytes, 'has')
    return await readFile(path)
  } catch (error) {
    if (error instanceof Complaint) throw error
    throw new Complaint(`${path}: ${reasonOf(error)}`)
  }
}

/** All of standard input. */
export async function readInputStream(io: Io, maxBytes: number = MAX_BYTES): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of io.stdin()) {
    size += chunk.length
    if (size > maxBytes) throw tooLarge('standard input', maxBytes, 'has')
    chunks.push(chunk)
  }
  return await textOf(Buffer.concat(chunks, size), 'standard input', maxBytes)
}

async function textOf(bytes: Uint8Array, name: string, maxBytes: number): Promise<string> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  return decode(isGzip ? await unpacked(bytes, name, maxBytes) : bytes, name)
}

async function unpacked(bytes: Uint8Array, name: string, maxBytes: number): Promise<Uint8Array> {
  try {
    return await unzip(bytes, { maxOutputLength: maxBytes })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(name, maxBytes, 'unpacks to')
    throw new Complaint(`${name}: the gzip data is damaged: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const tooLarge = (name: string, maxBytes: number, has: string): Complaint => {
  const size = maxBytes < 1024 * 1024 ? `${maxBytes} bytes` : `${Math.round(maxBytes / 1024 / 1024)} MB`
  return new Complaint(`${name}: ${has} more than ${size}, the most that is read`)
}

/** UTF-8, or UTF-16 with its mark, which some shells write. */
function decode(bytes: Uint8Array, name: string): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  if (isBinary(bytes)) throw new Complaint(`${name}: a binary file; traces are text (JSON or JSON lines, also as gzip)`)
  return new TextDecoder().decode(bytes)
}

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

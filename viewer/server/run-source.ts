import { isAscii } from 'node:buffer'
import { constants as fileConstants } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { constants, gunzipSync } from 'node:zlib'
import { importTraces } from '../../adapters/import/index.ts'
import type { Trace } from '../../src/model/span.ts'
import { safeTrace, TraceDecoder } from '../../src/trace-file/index.ts'
import { TOO_LARGE } from './jobs.ts'

export interface ReadFile {
  readonly traces: readonly Trace[]
  /** What could not be read of it, in a sentence. */
  readonly problem?: string
  readonly bytes: number
  readonly modifiedEpochMs: number
}

/** No link to a file that is elsewhere, and no pipe that nobody writes to. */
const OURS = fileConstants.O_RDONLY | fileConstants.O_NOFOLLOW | fileConstants.O_NONBLOCK
const MAX_BYTES = 1_500_000_000
/** What a string of V8 can hold. */
const MAX_TEXT_BYTES = 512 * 1024 * 1024 - 64
const HEAD_BYTES = 65_536
const NEWLINE = 10

/**
 * The runs in a file of any format that is known: run files of ours, also those that are still being written, and traces of other
 * tools. Damage is told, and what can be read is kept.
 * @param usual problems that are none in this file
 * @param mostBytes of it, also unpacked
 * @throws Error of the system when the file cannot be opened, and TooLarge
 */
export async function readRuns(path: string, usual?: RegExp, mostBytes: number = MAX_BYTES): Promise<ReadFile> {
  const file = await open(path, OURS)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new TypeError('it is no file')
    const { size: bytes, mtimeMs } = stats
    const facts = { bytes, modifiedEpochMs: Math.round(mtimeMs) }
    if (bytes > MAX_BYTES) return { ...facts, traces: [], problem: 'is too large to be shown here' }
    if (bytes > mostBytes) throw new TooLarge()
    return { ...facts, ...decoded(await file.readFile(), path, usual, mostBytes) }
  } finally {
    await file.close()
  }
}

/** For whoever wanted to read it; somebody else may take more. */
class TooLarge extends RangeError {
  override readonly name: string = TOO_LARGE

  constructor() {
    super('the file is too large')
  }
}

function decoded(raw: Buffer, path: string, usual: RegExp | undefined, mostBytes: number): Pick<ReadFile, 'traces' | 'problem'> {
  try {
    // Of a file that is being written, or was cut, what is there.
    const content = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw, { maxOutputLength: mostBytes, finishFlush: constants.Z_SYNC_FLUSH }) : raw
    if (isRunFile(content.toString('utf8', 0, HEAD_BYTES))) return decodeRunFile(content)
    if (content.length > MAX_TEXT_BYTES) return { traces: [], problem: 'is too large to be shown here' }
    const { traces, problems } = importTraces({ name: basename(path), text: content.toString('utf8') })
    const first = problems.find(({ severity, message }) => severity !== 'note' && usual?.test(message) !== true)
    return { traces: traces.map(safeTrace), ...(first !== undefined && { problem: told(first) }) }
  } catch (error) {
    if (mostBytes < MAX_BYTES && (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new TooLarge()
    return { traces: [], problem: `cannot be read: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** Our own files say so in their first line; when that one is damaged, the checksums of the others show it. */
const isRunFile = (head: string): boolean => /^\uFEFF?\{"format":"spanwise"/.test(head) || /^\{.*,"sum":"[0-9a-f]{8}"\}\r?$/m.test(head)

function decodeRunFile(content: Buffer): Pick<ReadFile, 'traces' | 'problem'> {
  const decoder = new TraceDecoder()
  const encoding = isAscii(content) ? 'latin1' : 'utf8'
  const textOf = (from: number, to: number): string => content.toString(encoding, from, to)
  for (let from = content[0] === 0xef ? 3 : 0; from < content.length;) {
    const found = content.indexOf(NEWLINE, from)
    const to = found === -1 ? content.length : found
    decoder.slice(content, from, to, textOf)
    from = to + 1
  }
  const { traces, problems } = decoder.finish()
  const first = problems.find(({ message }) => !isStillGoingOn(message))
  return { traces, ...(first !== undefined && { problem: told(first) }) }
}

/** The last line of a file that is being written may be half there. */
const isStillGoingOn = (message: string): boolean => message.endsWith('has no end: the program is still running, or was killed') || message === 'a record that is cut off or damaged'

const told = ({ line, message }: { readonly line?: number; readonly message: string }): string => (line === undefined ? message : `line ${line}: ${message}`)

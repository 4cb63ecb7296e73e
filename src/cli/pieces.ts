import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Io } from './command.ts'

/** Shorter runs are written at once. */
export const LONG_SPANS = 100_000

/** Pieces are put together to about this many characters: a write for each span would take longer than what it writes. */
const CHARS = 1 << 18

function* joined(pieces: Iterable<string>): Generator<string> {
  let waiting: string[] = []
  let chars = 0
  let end = ''
  for (const piece of pieces) {
    end = piece
    waiting.push(piece)
    chars += piece.length
    if (chars < CHARS) continue
    yield waiting.join('')
    waiting = []
    chars = 0
  }
  if (!end.endsWith('\n')) waiting.push('\n')
  yield waiting.join('')
}

/** Writes a text that is too long for one, no faster than it is taken; it ends in a line break. */
export async function printPieces(pieces: Iterable<string>, io: Pick<Io, 'out' | 'drained'>): Promise<void> {
  for (const text of joined(pieces)) {
    io.out(text)
    await io.drained?.()
  }
}

/** The same into a file, packed where its name says so. */
export async function writePieces(path: string, pieces: Iterable<string>): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const source = Readable.from(joined(pieces), { objectMode: false })
  if (path.endsWith('.gz')) await pipeline(source, createGzip(), createWriteStream(path))
  else await pipeline(source, createWriteStream(path))
}

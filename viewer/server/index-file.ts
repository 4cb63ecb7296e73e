import { constants } from 'node:fs'
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { seal } from '../../src/trace-file/frame.ts'
import type { FileLine } from './index-lines.ts'
import { IndexReader } from './index-reader.ts'
import type { StoredFile } from './packed-run.ts'
import type { RunTable } from './run-table.ts'

/**
 * What is known of all files, so that a start need not read them. Lines with a checksum each:
 *
 * - `{ format, version }`
 * - `{ words, from }`: texts that later lines name by number
 * - `{ file: [path, bytes, modifiedEpochMs, received, rootless], by, runs }`; of several about one file the last one counts. `by` is the
 *   version of the program that summarised it, a word: another one may have more to say.
 * - `{ gone: path }`
 *
 * A damaged line, or one in another shape, costs reading its file again; when one of words is lost, all that comes after it.
 */
const VERSION = 1
const HEADER = `${seal({ format: 'spanwise-index', version: VERSION }, 0)}\n`
const NEWLINE = 10
const PIECE_BYTES = 1024 * 1024
/** What has no end for so long is no line. */
const MAX_LINE_BYTES = 64 * PIECE_BYTES
const LINES_AT_ONCE = 1_000
const LEAST_TO_REWRITE = 10_000
/** After it could not be written anew. */
const AGAIN_MS = 60_000
const FLUSH_MS = 500
/** Of lines that wait: where the disk takes none, they are given up. */
const MAX_WAITING = 100_000
/** A link could lead anywhere, and whoever opens a pipe waits for ever. */
const OURS = constants.O_NOFOLLOW | constants.O_NONBLOCK

export class IndexFile {
  readonly #path: string
  readonly #table: RunTable
  readonly #version: string
  #waiting: string[] = []
  #writtenWords = 0
  /** In the file, also those that others have made void. */
  #lines = 0
  /** Files that another version has summarised. */
  #outdated = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #isNew = true
  #failedAt: number | undefined
  /** Which file it is that our words are numbered for. */
  #ino: number | undefined

  /** @param version of the program, which summarises what is put */
  constructor(path: string, table: RunTable, version: string) {
    this.#path = path
    this.#table = table
    this.#version = version
  }

  /** Fills the table, whatever stands in the file. @returns the files that another version has summarised */
  async load(): Promise<Set<string>> {
    const reading = new IndexReader(this.#table, VERSION, this.#version)
    const isThere = await this.#read(reading)
    const { lines, isWhole, outdated } = reading
    this.#writtenWords = this.#table.words.all.length
    this.#isNew = lines === 0
    this.#lines = lines
    this.#outdated = outdated
    if (isThere && (!isWhole || this.#isWasteful(100, 1.5))) await this.#rewrite()
    return new Set(outdated)
  }

  /** What says so many times what there is is written anew. */
  #isWasteful(least: number, times: number): boolean {
    return this.#lines > least && this.#lines > (this.#table.files.size + 1) * times
  }

  put(file: StoredFile): void {
    this.#outdated.delete(file.path)
    this.#add(this.#lineOf(file, this.#version))
  }

  remove(path: string): void {
    this.#outdated.delete(path)
    this.#add(seal({ gone: path }, 0))
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    // An index that cannot be written costs reading the files at the next start.
    if (this.#waiting.length > 0) this.#writing = this.#writing.then(() => this.#append()).catch(() => {})
    await this.#writing
  }

  /** In pieces: the whole may be larger than what it becomes. @returns whether anything is there */
  async #read(reading: IndexReader): Promise<boolean> {
    let file: FileHandle | undefined
    try {
      file = await open(this.#path, constants.O_RDONLY | OURS)
      const stats = await file.stat()
      if (!stats.isFile()) throw new TypeError('it is no file')
      this.#ino = stats.ino
      let rest: Buffer = Buffer.alloc(0)
      for (;;) {
        const piece = Buffer.allocUnsafe(PIECE_BYTES)
        const { bytesRead } = await file.read(piece, 0, PIECE_BYTES)
        if (bytesRead === 0) break
        const content = Buffer.concat([rest, piece.subarray(0, bytesRead)])
        const end = content.lastIndexOf(NEWLINE) + 1
        if (!reading.take(content.subarray(0, end))) return true
        if (content.length - end > MAX_LINE_BYTES) throw new RangeError('a line has no end')
        rest = content.subarray(end)
      }
      if (rest.length > 0) reading.isWhole = false
      return true
    } catch (error) {
      reading.isWhole = false
      return (error as NodeJS.ErrnoException).code !== 'ENOENT'
    } finally {
      await file?.close().catch(() => {})
    }
  }

  #lineOf(file: StoredFile, version: string): string {
    const { path, bytes, modifiedEpochMs, source, isRootless } = file
    const by = this.#table.words.number(version)
    const facts: FileLine = [path, bytes, modifiedEpochMs, source === 'received' ? 1 : 0, isRootless ? 1 : 0]
    return seal({ file: facts, by, runs: this.#table.packed(path) }, 0)
  }

  #add(line: string): void {
    if (this.#waiting.length >= MAX_WAITING) return
    const { length } = this.#table.words.all
    if (length > this.#writtenWords) this.#waiting.push(this.#words(this.#writtenWords))
    this.#writtenWords = length
    this.#waiting.push(`${line}\n`)
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref()
  }

  async #append(): Promise<void> {
    if (this.#failedAt !== undefined) return performance.now() - this.#failedAt < AGAIN_MS ? void this.#waiting.splice(0) : await this.#rewrite()
    const lines = this.#waiting.splice(0)
    if (lines.length === 0) return
    if (this.#isNew) await mkdir(dirname(this.#path), { recursive: true })
    const file = await open(this.#path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | OURS, 0o600)
    let isOurs: boolean
    try {
      const { ino, size } = await file.stat()
      // Another dashboard over this folder may have written it anew: its words have other numbers.
      isOurs = this.#isNew ? size === 0 : ino === this.#ino
      if (isOurs) await file.appendFile((this.#isNew ? HEADER : '') + lines.join(''))
      this.#ino = ino
      this.#isNew = false
      this.#lines += lines.length
    } finally {
      await file.close()
    }
    if (!isOurs || this.#isWasteful(LEAST_TO_REWRITE, 2)) await this.#rewrite()
  }

  /**
   * Beside it first, so that a crash leaves one of both. What is put meanwhile waits, and stands behind it then; what has waited so far
   * is in it.
   */
  async #rewrite(): Promise<void> {
    const fresh = `${this.#path}.new`
    this.#waiting = []
    this.#table.tidyWords()
    this.#writtenWords = this.#table.words.all.length
    try {
      await mkdir(dirname(this.#path), { recursive: true })
      await rm(fresh, { force: true })
      const file = await open(fresh, 'wx', 0o600)
      let lines = 0
      try {
        for (const text of this.#texts()) {
          await file.appendFile(text.join(''))
          lines += text.length
        }
        this.#ino = (await file.stat()).ino
      } finally {
        await file.close()
      }
      await rename(fresh, this.#path)
      this.#isNew = false
      this.#lines = lines
      this.#failedAt = undefined
    } catch {
      // The file that is there may go by other numbers of words: nothing is added to it any more.
      this.#failedAt = performance.now()
      await rm(fresh, { force: true }).catch(() => {})
    }
  }

  /** Words that have come meanwhile stand before the line that has them. */
  *#texts(): Generator<string[]> {
    let written = 0
    let text = [HEADER]
    const { all } = this.#table.words
    for (const row of this.#table.files.rows()) {
      const file = this.#table.files.at(row)
      const line = this.#lineOf(file, this.#outdated.has(file.path) ? '' : this.#version)
      if (all.length > written) text.push(this.#words(written))
      written = all.length
      text.push(`${line}\n`)
      if (text.length < LINES_AT_ONCE) continue
      yield text
      text = []
    }
    if (written < this.#writtenWords) text.push(this.#words(written))
    yield text
  }

  #words(from: number): string {
    return `${seal({ words: this.#table.words.all.slice(from), from }, 0)}\n`
  }
}

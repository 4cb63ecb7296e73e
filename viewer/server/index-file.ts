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
/** A file that says the same twice is written anew. */
const MAX_SURPLUS = 0.5
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
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #isNew = true

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
    const { size } = this.#table.files
    if (isThere && (!isWhole || (lines > 100 && lines > (size + 1) * (1 + MAX_SURPLUS)))) await this.#rewrite(outdated)
    return outdated
  }

  put(file: StoredFile): void {
    this.#add(this.#lineOf(file, this.#version))
  }

  remove(path: string): void {
    this.#add(seal({ gone: path }, 0))
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.#waiting.splice(0)
    // An index that cannot be written costs reading the files at the next start.
    if (lines.length > 0) this.#writing = this.#writing.then(() => this.#append(lines)).catch(() => {})
    await this.#writing
  }

  /** In pieces: the whole may be larger than what it becomes. @returns whether anything is there */
  async #read(reading: IndexReader): Promise<boolean> {
    let file: FileHandle | undefined
    try {
      file = await open(this.#path, constants.O_RDONLY | OURS)
      if (!(await file.stat()).isFile()) throw new TypeError('it is no file')
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
    const { all } = this.#table.words
    if (this.#waiting.length >= MAX_WAITING) return
    if (all.length > this.#writtenWords) this.#waiting.push(`${seal({ words: all.slice(this.#writtenWords), from: this.#writtenWords }, 0)}\n`)
    this.#writtenWords = all.length
    this.#waiting.push(`${line}\n`)
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref()
  }

  async #append(lines: readonly string[]): Promise<void> {
    if (this.#isNew) await mkdir(dirname(this.#path), { recursive: true })
    const file = await open(this.#path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | OURS, 0o600)
    try {
      if (!(await file.stat()).isFile()) return
      await file.appendFile((this.#isNew ? HEADER : '') + lines.join(''))
      this.#isNew = false
    } finally {
      await file.close()
    }
  }

  /** Beside it first, so that a crash leaves one of both. */
  async #rewrite(outdated: ReadonlySet<string>): Promise<void> {
    const fresh = `${this.#path}.new`
    try {
      await mkdir(dirname(this.#path), { recursive: true })
      await rm(fresh, { force: true })
      const file = await open(fresh, 'wx', 0o600)
      try {
        // Lines that follow name these.
        for (const version of outdated.size > 0 ? ['', this.#version] : [this.#version]) this.#table.words.number(version)
        const { all } = this.#table.words
        this.#writtenWords = all.length
        await file.appendFile(`${HEADER}${seal({ words: all, from: 0 }, 0)}\n`)
        for (const text of this.#texts(outdated)) await file.appendFile(text)
      } finally {
        await file.close()
      }
      await rename(fresh, this.#path)
      this.#isNew = false
    } catch {
      await rm(fresh, { force: true }).catch(() => {})
    }
  }

  *#texts(outdated: ReadonlySet<string>): Generator<string> {
    let text = ''
    for (const row of this.#table.files.rows()) {
      const file = this.#table.files.at(row)
      text += `${this.#lineOf(file, outdated.has(file.path) ? '' : this.#version)}\n`
      if (text.length < PIECE_BYTES) continue
      yield text
      text = ''
    }
    yield text
  }
}

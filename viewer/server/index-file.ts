import { isAscii } from 'node:buffer'
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { inspect, seal } from '../../src/trace-file/frame.ts'
import type { PackedRun, StoredFile } from './packed-run.ts'
import type { RunTable } from './run-table.ts'

/**
 * What is known of all files, so that a start need not read them. Lines with a checksum each:
 *
 * - `{ format, version }`
 * - `{ words, from }`: texts that later lines name by number
 * - `{ file: [path, bytes, modifiedEpochMs, received, rootless], by, runs }`; of several about one file the last one counts
 * - `{ gone: path }`
 *
 * A damaged line costs reading its file again; when one of words is lost, all that comes after it.
 */
type FileLine = readonly [path: string, bytes: number, modifiedEpochMs: number, isReceived: 0 | 1, isRootless: 0 | 1]

interface Said {
  readonly format?: unknown
  readonly version?: unknown
  readonly words?: readonly string[]
  readonly from?: number
  readonly file?: FileLine
  /** The version of the program that summarised it, a word: another one may have more to say. */
  readonly by?: number
  readonly runs?: readonly PackedRun[]
  readonly gone?: string
}

const VERSION = 1
const HEADER = `${seal({ format: 'spanwise-index', version: VERSION }, 0)}\n`
const NEWLINE = 10
/** A file that says the same twice is written anew. */
const MAX_SURPLUS = 0.5
const FLUSH_MS = 500

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

  /** Fills the table. @returns the files that another version has summarised */
  async load(): Promise<Set<string>> {
    let content: Buffer
    try {
      content = await readFile(this.#path)
    } catch {
      return new Set()
    }
    const { lines, isWhole, outdated } = this.#read(content)
    this.#writtenWords = this.#table.words.all.length
    this.#isNew = lines === 0
    const { size } = this.#table.files
    if (!isWhole || (lines > 100 && lines > (size + 1) * (1 + MAX_SURPLUS))) await this.#rewrite(outdated)
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

  #read(content: Buffer): { readonly lines: number; readonly isWhole: boolean; readonly outdated: Set<string> } {
    const encoding = isAscii(content) ? 'latin1' : 'utf8'
    const { words } = this.#table
    const outdated = new Set<string>()
    let lines = 0
    let isWhole = content.at(-1) === NEWLINE
    for (let from = 0; from < content.length;) {
      const found = content.indexOf(NEWLINE, from)
      const to = found === -1 ? content.length : found
      const line = content.toString(encoding, from, to)
      from = to + 1
      const said = inspect(line, 0) === 'whole' ? parsed(line) : undefined
      if (said === undefined) {
        isWhole = false
        continue
      }
      if (lines++ === 0 && (said.format !== 'spanwise-index' || said.version !== VERSION)) return { lines: 0, isWhole: false, outdated }
      if (said.words !== undefined) {
        if (said.from !== words.all.length) return { lines, isWhole: false, outdated }
        for (const word of said.words) words.number(word)
      } else if (said.gone !== undefined) this.#table.remove(said.gone)
      else if (said.file !== undefined && said.runs !== undefined) {
        const [path, bytes, modifiedEpochMs, isReceived, isRootless] = said.file
        this.#table.putPacked({ path, bytes, modifiedEpochMs, source: isReceived === 1 ? 'received' : 'recorded', isRootless: isRootless === 1 }, said.runs)
        if (words.all[said.by ?? -1] === this.#version) outdated.delete(path)
        else outdated.add(path)
      }
    }
    return { lines, isWhole, outdated }
  }

  #lineOf({ path, bytes, modifiedEpochMs, source, isRootless, runs }: StoredFile, version: string): string {
    const by = this.#table.words.number(version)
    const file: FileLine = [path, bytes, modifiedEpochMs, source === 'received' ? 1 : 0, isRootless ? 1 : 0]
    return seal({ file, by, runs: runs.map((run) => run.packed()) }, 0)
  }

  #add(line: string): void {
    const { all } = this.#table.words
    if (all.length > this.#writtenWords) this.#waiting.push(`${seal({ words: all.slice(this.#writtenWords), from: this.#writtenWords }, 0)}\n`)
    this.#writtenWords = all.length
    this.#waiting.push(`${line}\n`)
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref()
  }

  async #append(lines: readonly string[]): Promise<void> {
    if (this.#isNew) await mkdir(dirname(this.#path), { recursive: true })
    await appendFile(this.#path, (this.#isNew ? HEADER : '') + lines.join(''), { mode: 0o600 })
    this.#isNew = false
  }

  /** Beside it first, so that a crash leaves one of both. */
  async #rewrite(outdated: ReadonlySet<string>): Promise<void> {
    const fresh = `${this.#path}.new`
    try {
      const files = [...this.#table.files.values()].map((file) => `${this.#lineOf(file, outdated.has(file.path) ? '' : this.#version)}\n`)
      const { all } = this.#table.words
      await mkdir(dirname(this.#path), { recursive: true })
      await writeFile(fresh, [HEADER, `${seal({ words: all, from: 0 }, 0)}\n`, ...files], { mode: 0o600 })
      await rename(fresh, this.#path)
      this.#writtenWords = all.length
      this.#isNew = false
    } catch {
      await rm(fresh, { force: true }).catch(() => {})
    }
  }
}

function parsed(line: string): Said | undefined {
  try {
    return JSON.parse(line) as Said
  } catch {
    return undefined
  }
}

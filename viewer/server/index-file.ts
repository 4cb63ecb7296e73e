import { isAscii } from 'node:buffer'
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { inspect, seal } from '../../src/trace-file/frame.ts'
import type { StoredFile } from './run-table.ts'
import type { IndexedRun } from './runs.ts'

/**
 * What is known of all files, so that a start need not read them. Lines with a checksum each, of which the last one about a file
 * counts; a damaged line costs reading that file again, and a lost index reading all of them.
 */
export interface FileRecord {
  /** The version that summarised it: another one may have more to say. */
  readonly by: string
  readonly file: Omit<StoredFile, 'runs'>
  readonly runs: readonly IndexedRun[]
}

const VERSION = 1
const HEADER = `${seal({ format: 'spanwise-index', version: VERSION }, 0)}\n`
const NEWLINE = 10
/** A file that says the same twice is written anew. */
const MAX_SURPLUS = 0.5
const FLUSH_MS = 500

interface Place {
  readonly from: number
  readonly to: number
}

export class IndexFile {
  readonly #path: string
  #waiting: string[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #isNew = true

  constructor(path: string) {
    this.#path = path
  }

  /** @param put is given each file's last record */
  async load(put: (record: FileRecord) => void): Promise<void> {
    let content: Buffer
    try {
      content = await readFile(this.#path)
    } catch {
      return
    }
    const { places, lines, isCurrent } = read(content, put)
    // What is of another version is made anew.
    if (!isCurrent) return void await rm(this.#path, { force: true }).catch(() => {})
    this.#isNew = false
    if (lines > 100 && lines > places.size * (1 + MAX_SURPLUS)) await this.#compact(content, [...places.values()])
    // A line that was cut by a crash ends here.
    else if (content.at(-1) !== NEWLINE) this.#waiting.push('\n')
  }

  put(record: FileRecord): void {
    this.#add(seal(record, 0))
  }

  remove(path: string): void {
    this.#add(seal({ gone: path }, 0))
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.#waiting.splice(0)
    if (lines.length > 0) this.#writing = this.#writing.then(() => this.#write(lines)).catch(() => {})
    await this.#writing
  }

  #add(line: string): void {
    this.#waiting.push(`${line}\n`)
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref()
  }

  async #write(lines: readonly string[]): Promise<void> {
    if (this.#isNew) await mkdir(dirname(this.#path), { recursive: true })
    await appendFile(this.#path, (this.#isNew ? HEADER : '') + lines.join(''), { mode: 0o600 })
    this.#isNew = false
  }

  async #compact(content: Buffer, places: readonly Place[]): Promise<void> {
    const fresh = `${this.#path}.new`
    try {
      await writeFile(fresh, Buffer.concat([Buffer.from(HEADER), ...places.map(({ from, to }) => content.subarray(from, to + 1))]), { mode: 0o600 })
      await rename(fresh, this.#path)
    } catch {
      await rm(fresh, { force: true }).catch(() => {})
    }
  }
}

function read(content: Buffer, put: (record: FileRecord) => void): { readonly places: ReadonlyMap<string, Place>; readonly lines: number; readonly isCurrent: boolean } {
  const encoding = isAscii(content) ? 'latin1' : 'utf8'
  const places = new Map<string, Place>()
  const records = new Map<string, FileRecord>()
  let lines = 0
  let isCurrent = false
  for (let from = 0; from < content.length;) {
    const found = content.indexOf(NEWLINE, from)
    const to = found === -1 ? content.length : found
    const line = content.toString(encoding, from, to)
    const place = { from, to }
    from = to + 1
    lines++
    if (inspect(line, 0) !== 'whole') continue
    const said = parsed(line)
    if (said === undefined) continue
    if (said.format !== undefined) {
      if (said.version !== VERSION) break
      isCurrent = true
    } else if (said.gone !== undefined) {
      places.delete(said.gone)
      records.delete(said.gone)
    } else if (said.file !== undefined && said.runs !== undefined && found !== -1) {
      places.set(said.file.path, place)
      records.set(said.file.path, { by: said.by ?? '', file: said.file, runs: said.runs })
    }
  }
  if (isCurrent) for (const record of records.values()) put(record)
  return { places, lines, isCurrent }
}

type Said = Partial<FileRecord> & { readonly format?: unknown; readonly version?: unknown; readonly gone?: string }

function parsed(line: string): Said | undefined {
  try {
    return JSON.parse(line) as Said
  } catch {
    return undefined
  }
}

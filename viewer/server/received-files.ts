import { mkdir, open, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { createGunzip, gzip } from 'node:zlib'
import { absolute, RECEIVED } from './scan.ts'

/** So many files are open at a time, and so many written to. */
const AT_ONCE = 16
/** Traces that still miss their root; the oldest is forgotten first. */
const MAX_ROOTLESS = 10_000
const MAX_WHOLE = 10_000

interface Waiting {
  readonly lines: string[]
  readonly done: (() => void)[]
  readonly failed: ((error: Error) => void)[]
}

export interface ReceivedOptions {
  readonly folder: string
  readonly nowEpochMs: () => number
  /** Told of each write, and whether the trace has its root. */
  readonly written: (path: string, isWhole: boolean) => void
}

/**
 * A file for each trace that was received, to which lines are only ever added: what was acknowledged is there after a crash, and what
 * comes late is added behind. Lines that come while a file is being written to go together into the next write. Each write is a
 * gzip member of its own, of which several make one gzip file: a thirteenth of the size, for 50 µs.
 */
export class ReceivedFiles {
  readonly #options: ReceivedOptions
  /** The day under which a trace's file stands. */
  readonly #days = new Map<string, string>()
  readonly #rootless = new Map<string, true>()
  readonly #waiting = new Map<string, Waiting>()
  readonly #busy = new Set<string>()
  /** Those whose end is known to be that of a write. */
  readonly #whole = new Set<string>()
  readonly #made = new Set<string>()

  constructor(options: ReceivedOptions) {
    this.#options = options
  }

  /** Looks for what was received before: what comes late belongs to it. */
  async open(): Promise<void> {
    const folder = absolute(this.#options.folder, RECEIVED)
    for (const day of await readdir(folder).catch(() => [])) {
      if (!/^\d{4}-\d\d-\d\d$/.test(day)) continue
      for (const name of await readdir(join(folder, day)).catch(() => [])) {
        const found = PATH.exec(`${RECEIVED}/${day}/${name}`)
        if (found !== null) this.#days.set(found[2]!, day)
      }
    }
  }

  forget(path: string): void {
    const traceId = PATH.exec(path)?.[2]
    if (traceId === undefined) return
    this.#days.delete(traceId)
    this.#rootless.delete(traceId)
    this.#whole.delete(path)
  }

  isRootless(path: string): boolean | undefined {
    const traceId = PATH.exec(path)?.[2] ?? ''
    return this.#days.has(traceId) && this.#whole.has(path) ? this.#rootless.has(traceId) : undefined
  }

  isBusy(path: string): boolean {
    return this.#busy.has(path) || this.#waiting.has(path)
  }

  /**
   * @param traceId hex digits of lower case
   * @param hasRoot whether a span without a parent is among them
   * @throws Error of the system; nothing of it counts as kept then
   */
  add(traceId: string, line: string, hasRoot: boolean): Promise<void> {
    let day = this.#days.get(traceId)
    if (day === undefined) {
      day = new Date(this.#options.nowEpochMs()).toISOString().slice(0, 10)
      this.#days.set(traceId, day)
      if (!hasRoot) this.#miss(traceId)
    }
    if (hasRoot) this.#rootless.delete(traceId)
    const path = pathOf(day, traceId)
    let waiting = this.#waiting.get(path)
    if (waiting === undefined) this.#waiting.set(path, waiting = { lines: [], done: [], failed: [] })
    waiting.lines.push(line)
    const { done, failed } = waiting
    const written = new Promise<void>((resolve, reject) => {
      done.push(resolve)
      failed.push(reject)
    })
    this.#next()
    return written
  }

  /** Resolves when nothing waits to be written. */
  async flush(): Promise<void> {
    while (this.#waiting.size + this.#busy.size > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  #miss(traceId: string): void {
    this.#rootless.set(traceId, true)
    if (this.#rootless.size <= MAX_ROOTLESS) return
    for (const oldest of this.#rootless.keys()) return void this.#rootless.delete(oldest)
  }

  #next(): void {
    for (const [path, waiting] of this.#waiting) {
      if (this.#busy.size >= AT_ONCE) return
      if (this.#busy.has(path)) continue
      this.#waiting.delete(path)
      this.#busy.add(path)
      void this.#write(path, waiting)
    }
  }

  async #write(path: string, { lines, done, failed }: Waiting): Promise<void> {
    try {
      await this.#append(path, `${lines.join('\n')}\n`)
      this.#options.written(path, !this.#rootless.has(PATH.exec(path)?.[2] ?? ''))
      for (const resolve of done) resolve()
    } catch (error) {
      // A part of it may be there.
      this.#whole.delete(path)
      for (const reject of failed) reject(error as Error)
    }
    this.#busy.delete(path)
    this.#next()
  }

  async #append(path: string, text: string): Promise<void> {
    const file = absolute(this.#options.folder, path)
    const packed = await pack(text, { level: LEVEL })
    if (!this.#whole.has(path)) await repair(file)
    const handle = await this.#opened(file)
    try {
      await handle.appendFile(packed)
      this.#whole.add(path)
      // One that is forgotten is looked at once more when something is added to it.
      if (this.#whole.size > MAX_WHOLE) for (const oldest of this.#whole) if (this.#whole.size > MAX_WHOLE) this.#whole.delete(oldest)
    } finally {
      await handle.close()
    }
  }

  async #opened(file: string): ReturnType<typeof open> {
    const folder = dirname(file)
    if (!this.#made.has(folder)) {
      await mkdir(folder, { recursive: true })
      this.#made.add(folder)
    }
    try {
      return await open(file, 'a', 0o600)
    } catch (error) {
      // Somebody may have taken the folder away.
      this.#made.delete(folder)
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      await mkdir(folder, { recursive: true })
      return await open(file, 'a', 0o600)
    }
  }
}

const pack = promisify<string, { readonly level: number }, Buffer>(gzip)
/** The fastest; texts that repeat themselves are packed as well by it. */
const LEVEL = 1

/** After a crash in the middle of a write: what stands behind a torn member could not be read. */
async function repair(file: string): Promise<void> {
  const content = await readFile(file).catch(() => undefined)
  if (content === undefined || content.length === 0) return
  const { text, isWhole } = await unpacked(content)
  if (isWhole) return
  const fresh = `${file}.new`
  await writeFile(fresh, text === '' ? '' : await pack(text, { level: LEVEL }), { mode: 0o600 })
  await rename(fresh, file)
}

/** The lines that can be read. */
const unpacked = (content: Buffer): Promise<{ readonly text: string; readonly isWhole: boolean }> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = []
    const gunzip = createGunzip({ chunkSize: 8 * 1024 })
    const done = (isWhole: boolean): void => {
      const text = Buffer.concat(chunks).toString('utf8')
      resolve({ text: text.slice(0, text.lastIndexOf('\n') + 1), isWhole })
    }
    gunzip.on('data', (chunk: Buffer) => chunks.push(chunk))
    gunzip.on('end', () => done(true))
    gunzip.on('error', () => done(false))
    gunzip.end(content)
  })

const PATH = new RegExp(`^${RECEIVED}/(\\d{4}-\\d\\d-\\d\\d)/([0-9a-f]{32})\\.otlp\\.jsonl\\.gz$`)

const pathOf = (day: string, traceId: string): string => `${RECEIVED}/${day}/${traceId}.otlp.jsonl.gz`

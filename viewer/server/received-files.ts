import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { createGunzip, gzip } from 'node:zlib'
import { dayOf, pathOf, receivedPath } from './received-path.ts'
import { absolute, liesBelow, RECEIVED } from './scan.ts'
import { TraceDays } from './trace-days.ts'

/** So many files are open at a time, and so many written to. */
const AT_ONCE = 16
/** Traces that still miss their root; the oldest is forgotten first. */
const MAX_ROOTLESS = 10_000
const MAX_WHOLE = 4_096

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
  readonly #days = new TraceDays()
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
      if (!/^\d{4}-\d\d-\d\d$/.test(day) || !(await this.#isFolder(day))) continue
      for (const name of await readdir(join(folder, day)).catch(() => [])) {
        const found = receivedPath(`${RECEIVED}/${day}/${name}`)
        if (found !== undefined) this.#days.set(found.traceId, day)
      }
    }
  }

  forget(path: string): void {
    const traceId = receivedPath(path)?.traceId
    if (traceId === undefined) return
    this.#whole.delete(path)
    // What waits is still written there, and what comes then has to go to the same file.
    if (this.#waiting.has(path)) return
    this.#days.delete(traceId)
    this.#rootless.delete(traceId)
  }

  isRootless(path: string): boolean | undefined {
    const traceId = receivedPath(path)?.traceId
    return traceId !== undefined && this.#days.get(traceId) !== undefined && this.#whole.has(path) ? this.#rootless.has(traceId) : undefined
  }

  /** Does something with a file while nothing is written to it. @returns false where something is, and nothing was done */
  async alone(path: string, act: () => Promise<void>): Promise<boolean> {
    if (this.isBusy(path)) return false
    this.#busy.add(path)
    try {
      await act()
    } finally {
      this.#busy.delete(path)
      this.#next()
    }
    return true
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
    const known = this.#days.get(traceId)
    const day = known ?? dayOf(this.#options.nowEpochMs())
    const path = pathOf(day, traceId)
    if (known === undefined) {
      this.#days.set(traceId, day)
      if (!hasRoot) this.#miss(traceId)
    }
    if (hasRoot) this.#rootless.delete(traceId)
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
      this.#options.written(path, !this.#rootless.has(receivedPath(path)?.traceId ?? ''))
      for (const resolve of done) resolve()
    } catch (error) {
      // A part of it may be there; where nothing is there is no day to be remembered.
      this.#whole.delete(path)
      await lstat(absolute(this.#options.folder, path)).catch(() => this.forget(path))
      for (const reject of failed) reject(error as Error)
    }
    this.#busy.delete(path)
    this.#next()
  }

  async #append(path: string, text: string): Promise<void> {
    const packed = await pack(text, { level: LEVEL })
    await this.#makeFolder(path)
    const file = absolute(this.#options.folder, path)
    if (!this.#whole.has(path)) await repair(file)
    const handle = await this.#opened(file, path)
    try {
      if (!(await handle.stat()).isFile()) throw new TypeError('there is something that is no file')
      await handle.appendFile(packed)
      this.#whole.add(path)
      // One that is forgotten is looked at once more when something is added to it.
      if (this.#whole.size > MAX_WHOLE) for (const oldest of this.#whole) return void this.#whole.delete(oldest)
    } finally {
      await handle.close()
    }
  }

  async #opened(file: string, path: string): Promise<FileHandle> {
    try {
      return await open(file, APPEND, 0o600)
    } catch (error) {
      // Somebody may have taken the folder away.
      this.#made.delete(dirname(path))
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      await this.#makeFolder(path)
      return await open(file, APPEND, 0o600)
    }
  }

  /** Below ours, and nowhere else: a link in its place is not followed. */
  async #makeFolder(path: string): Promise<void> {
    const folder = dirname(path)
    if (this.#made.has(folder)) return
    await mkdir(absolute(this.#options.folder, folder), { recursive: true })
    if (!(await liesBelow(this.#options.folder, path))) throw new TypeError(`${folder} is a link to another folder`)
    this.#made.add(folder)
  }

  #isFolder(day: string): Promise<boolean> {
    return liesBelow(this.#options.folder, `${RECEIVED}/${day}/x`)
  }
}

/** Neither what a link points to, nor a pipe that nobody reads. */
const OURS = constants.O_NOFOLLOW | constants.O_NONBLOCK
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | OURS

const pack = promisify<string, { readonly level: number }, Buffer>(gzip)
/** The fastest; texts that repeat themselves are packed as well by it. */
const LEVEL = 1

/** After a crash in the middle of a write: what stands behind a torn member could not be read. */
async function repair(file: string): Promise<void> {
  const content = await contentOf(file)
  if (content.length === 0) return
  const { text, isWhole } = await unpacked(content)
  if (isWhole) return
  const fresh = `${file}.new`
  try {
    await rm(fresh, { force: true })
    const handle = await open(fresh, 'wx', 0o600)
    try {
      await handle.writeFile(text === '' ? '' : await pack(text, { level: LEVEL }))
    } finally {
      await handle.close()
    }
    await rename(fresh, file)
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {})
    throw error
  }
}

async function contentOf(file: string): Promise<Buffer> {
  try {
    const handle = await open(file, constants.O_RDONLY | OURS)
    try {
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
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

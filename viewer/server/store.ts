import { watch, type FSWatcher } from 'node:fs'
import { lstat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Analyst } from './analyst.ts'
import { HttpError } from './http.ts'
import { IndexFile } from './index-file.ts'
import type { StoredFile } from './packed-run.ts'
import { RunTable } from './run-table.ts'
import type { ReceivedFiles } from './received-files.ts'
import type { FileFacts, IndexedRun, RunSource } from './runs.ts'
import { absolute, factsOf, isTraceName, liesBelow, RECEIVED, scan } from './scan.ts'
import { keyOf, unreadable } from './summarise.ts'
import { WorkQueue } from './work-queue.ts'

export interface StoreOptions {
  readonly folder: string
  readonly analyst: Analyst
  readonly nowEpochMs: () => number
  /** Told of the keys of runs that came, went on or are gone. */
  readonly changed: (keys: Iterable<string>) => void
  readonly received: ReceivedFiles
  /** Of the program: what another one has summarised is summarised again. */
  readonly version: string
  /** How long a file is left alone after it was written to. */
  readonly quietMs?: number | undefined
}

const QUIET_MS = 1_000
const CHECK_MS = 300
const RESCAN_MS = 15_000
const AWAIT_MS = 1_000
const LIVE_CHECK_MS = 5_000
const MAX_WATCHED = 64
/** Of looking again because there was something new to watch. */
const MAX_ROUNDS = 8
/** Files that are forgotten in one turn of the event loop. */
const AT_ONCE = 1_000

/** The runs of a folder: its files, what is known of them, and what becomes of them while the dashboard runs. */
export class Store {
  readonly table = new RunTable()
  readonly #options: StoreOptions
  readonly #index: IndexFile
  readonly #queue: WorkQueue
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #toCheck = new Set<string>()
  #outdated = new Set<string>()
  #checking: NodeJS.Timeout | undefined
  #timers: NodeJS.Timeout[] = []
  #live: ReadonlySet<string> = new Set()
  #scanning: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: StoreOptions) {
    this.#options = options
    this.#index = new IndexFile(join(options.folder, '.index.jsonl'), this.table, options.version)
    this.#queue = new WorkQueue((path) => this.#summarise(path), options.quietMs ?? QUIET_MS)
  }

  /** What is known is there at once; what has changed meanwhile follows. */
  async open(): Promise<void> {
    this.#outdated = await this.#index.load()
    await this.#options.received.open()
    this.#scanning = this.#scan(true)
    const every = (ms: number, act: () => void): void => void this.#timers.push(setInterval(act, ms).unref())
    every(RESCAN_MS, () => void this.rescan())
    // A folder that is not there yet cannot be watched.
    every(AWAIT_MS, () => void (this.#watchers.has('') || this.rescan()))
    every(LIVE_CHECK_MS, () => this.#checkLive())
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#timers) clearInterval(timer)
    clearTimeout(this.#checking)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#queue.close()
    await this.#scanning
    await this.#index.flush()
  }

  /** Resolves when all that is there has been seen and summarised. */
  async settled(): Promise<void> {
    await this.rescan()
    await this.#queue.idle()
    await this.#index.flush()
  }

  /** Looks for what the system did not tell of. */
  rescan(): Promise<void> {
    this.#scanning = this.#scanning.then(() => this.#scan(false))
    return this.#scanning
  }

  /** A file was written to by us. */
  written(path: string, isWhole: boolean): void {
    this.#queue.add(path, isWhole ? 'soon' : 'quiet')
  }

  /** @throws HttpError when it may not be removed */
  async remove(key: string): Promise<void> {
    const run = this.table.get(key, this.#options.nowEpochMs())
    if (run === undefined) throw new HttpError(404, 'there is no such run')
    const { file: { path }, runsInFile, isLive } = run
    if (runsInFile > 1) throw new HttpError(409, `its file ${path} holds ${runsInFile} runs`)
    if (isLive) throw new HttpError(409, 'the run is still going on')
    await this.removeFile(path)
  }

  /** @throws HttpError when it may not, or cannot be removed */
  async removeFile(path: string): Promise<void> {
    // What is acknowledged meanwhile must not go to a file that is gone.
    if (!(await this.#options.received.alone(path, () => this.#unlink(path)))) throw new HttpError(409, `${path} is being written to`)
  }

  async #unlink(path: string): Promise<void> {
    const { folder } = this.#options
    const file = absolute(folder, path)
    try {
      if (!(await lstat(file)).isFile() || !(await liesBelow(folder, path))) throw new HttpError(409, `${path} is no file of this folder`)
      await unlink(file)
    } catch (error) {
      if (error instanceof HttpError) throw error
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT') throw new HttpError(500, `${path} cannot be removed: ${message}`)
    }
    this.#forget(path)
  }

  #forget(path: string): void {
    this.#queue.forget(path)
    this.#options.received.forget(path)
    if (!this.table.files.has(path)) return
    const keys = this.table.remove(path)
    this.#index.remove(path)
    this.#options.changed(keys)
  }

  async #scan(isFirst: boolean): Promise<void> {
    const { folder, nowEpochMs } = this.#options
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const startedAt = nowEpochMs()
      const isWithReceived = isFirst && round === 0
      // Of what we write ourselves we know.
      const { files, folders } = await scan(folder, isWithReceived ? undefined : RECEIVED)
      if (this.#isClosed) return
      await this.#look(files, isWithReceived, startedAt)
      const watched = folders.filter((path) => path !== RECEIVED && !path.startsWith(`${RECEIVED}/`)).slice(0, MAX_WATCHED)
      // What came between the look and the watch has been told by nobody.
      if (this.#isClosed || !this.#watch(watched)) return
    }
  }

  /** @param files all there are, without those that were received unless it is the first time */
  async #look(files: readonly FileFacts[], isFirst: boolean, startedAt: number): Promise<void> {
    const found = new Set(files.map(({ path }) => path))
    let gone = 0
    for (const row of this.table.files.rows()) {
      if (!isFirst && this.table.files.isReceived(row)) continue
      const path = this.table.files.pathOf(row)
      if (found.has(path)) continue
      if (!isFirst) this.#queue.add(path, 'quiet')
      // One that has been received meanwhile stays.
      else if (!this.table.files.isReceived(row) || this.table.files.modifiedEpochMs[row]! < startedAt - CHECK_MS) {
        this.#forget(path)
        if (++gone % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const changed = files.filter((facts) => this.#isNews(facts))
    for (const { path, modifiedEpochMs } of changed.sort((a, b) => a.modifiedEpochMs - b.modifiedEpochMs)) {
      this.#outdated.delete(path)
      this.#queue.add(path, Math.abs(startedAt - modifiedEpochMs) < (this.#options.quietMs ?? QUIET_MS) ? 'quiet' : 'backlog')
    }
  }

  #isNews({ path, bytes, modifiedEpochMs }: FileFacts): boolean {
    const known = this.table.files.get(path)
    return known === undefined || this.#outdated.has(path) || known.bytes !== bytes || known.modifiedEpochMs !== modifiedEpochMs
  }

  /** @returns whether there is one that was not watched before */
  #watch(folders: readonly string[]): boolean {
    let isNew = false
    for (const [path, watcher] of this.#watchers) {
      if (folders.includes(path)) continue
      watcher.close()
      this.#watchers.delete(path)
    }
    for (const path of folders) {
      if (this.#watchers.has(path)) continue
      try {
        const watcher = watch(absolute(this.#options.folder, path), { persistent: false }, (_event, name) => this.#told(path, name))
        // A folder that is gone, or one too many for the system: the rescan sees to it.
        watcher.on('error', () => {
          watcher.close()
          this.#watchers.delete(path)
        })
        this.#watchers.set(path, watcher)
        isNew = true
      } catch {
        break
      }
    }
    return isNew
  }

  #told(folder: string, name: string | null): void {
    if (name === null || name === RECEIVED || this.#isClosed) return
    this.#toCheck.add(folder === '' ? name : `${folder}/${name}`)
    this.#checking ??= setTimeout(() => void this.#check(), CHECK_MS).unref()
  }

  async #check(): Promise<void> {
    this.#checking = undefined
    const paths = [...this.#toCheck]
    this.#toCheck.clear()
    let hasFolder = false
    for (const path of paths) {
      const name = path.slice(path.lastIndexOf('/') + 1)
      if (!isTraceName(name)) {
        hasFolder ||= !name.includes('.')
        continue
      }
      const facts = await factsOf(this.#options.folder, path)
      // One that is gone may only have been moved, and be in the list again in a moment.
      if (facts === undefined ? this.table.files.has(path) : this.#isNews(facts)) this.#queue.add(path, 'quiet')
    }
    if (hasFolder) await this.rescan()
  }

  async #summarise(path: string): Promise<void> {
    const { folder, analyst, changed, received } = this.#options
    const source: RunSource = path.startsWith(`${RECEIVED}/`) ? 'received' : 'recorded'
    const there = await factsOf(folder, path)
    if (there === undefined || !(await liesBelow(folder, path))) return this.#forget(path)
    let summarised
    try {
      summarised = await analyst.do({ do: 'summarise', file: absolute(folder, path), path, source })
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      summarised = { ...there, runs: [unreadable({ path, source }, problem, there.modifiedEpochMs)] }
    }
    const { bytes, modifiedEpochMs } = summarised
    // Another file may have come with the same run in the meantime.
    const isHeld = ({ summary: { key } }: IndexedRun): boolean => (this.table.holderOf(key) ?? path) !== path
    let { runs } = summarised
    do runs = await Promise.all(runs.map((run) => this.#withFreeKey(run, path)))
    while (runs.some(isHeld))
    if (this.#isClosed) return
    const isOpen = source === 'received' && (received.isRootless(path) ?? this.table.files.get(path)?.isRootless ?? false)
    const file: StoredFile = { path, bytes, modifiedEpochMs, source, isRootless: isOpen }
    // What could not be read may be read the next time, by another version.
    const keys = this.table.put(file, runs)
    if (runs.every(({ summary }) => summary.traceId !== '')) this.#index.put(file)
    changed(keys)
  }

  /** A run keeps its key when its file is moved; a copy gets one of its own. */
  async #withFreeKey(run: IndexedRun, path: string): Promise<IndexedRun> {
    const { key } = run.summary
    const holder = this.table.holderOf(key)
    if (holder === undefined || holder === path) return run
    if ((await factsOf(this.#options.folder, holder)) !== undefined) return { ...run, summary: { ...run.summary, key: keyOf(key, path) } }
    this.#forget(holder)
    return run
  }

  /** Runs that have gone quiet are live no more, without anything having happened. */
  #checkLive(): void {
    const live = this.table.live(this.#options.nowEpochMs())
    const over = [...this.#live].filter((key) => !live.has(key))
    this.#live = live
    if (over.length > 0) this.#options.changed(over)
  }
}

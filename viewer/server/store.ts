import { watch, type FSWatcher } from 'node:fs'
import { lstat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Analyst } from './analyst.ts'
import { HttpError } from './http.ts'
import { IndexFile } from './index-file.ts'
import type { StoredFile } from './packed-run.ts'
import { isLive, LIVE_MS, RunTable } from './run-table.ts'
import type { ReceivedFiles } from './received-files.ts'
import type { FileFacts, IndexedRun, RunSource } from './runs.ts'
import { absolute, factsOf, isTraceName, RECEIVED, scan } from './scan.ts'
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
    const run = this.table.get(key)
    if (run === undefined) throw new HttpError(404, 'there is no such run')
    if (run.file.runs.length > 1) throw new HttpError(409, `its file ${run.file.path} holds ${run.file.runs.length} runs`)
    if (isLive(run, this.#options.nowEpochMs())) throw new HttpError(409, 'the run is still going on')
    await this.removeFile(run.file.path)
  }

  async removeFile(path: string): Promise<void> {
    const file = absolute(this.#options.folder, path)
    try {
      if (!(await lstat(file)).isFile()) throw new HttpError(409, `${path} is no file`)
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
    const startedAt = nowEpochMs()
    // Of what we write ourselves we know.
    const { files, folders } = await scan(folder, isFirst ? undefined : RECEIVED)
    if (this.#isClosed) return
    const found = new Set(files.map(({ path }) => path))
    const isOurs = (path: string): boolean => isFirst || !path.startsWith(`${RECEIVED}/`)
    let gone = 0
    for (const { path, modifiedEpochMs } of this.table.files.values()) {
      if (!isOurs(path) || found.has(path) || modifiedEpochMs >= startedAt - CHECK_MS) continue
      if (!isFirst) this.#queue.add(path, 'quiet')
      else {
        this.#forget(path)
        if (++gone % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const changed = files.filter((facts) => this.#isNews(facts))
    for (const { path, modifiedEpochMs } of changed.sort((a, b) => a.modifiedEpochMs - b.modifiedEpochMs)) {
      this.#outdated.delete(path)
      this.#queue.add(path, Math.abs(startedAt - modifiedEpochMs) < (this.#options.quietMs ?? QUIET_MS) ? 'quiet' : 'backlog')
    }
    this.#watch(folders.filter((path) => path !== RECEIVED && !path.startsWith(`${RECEIVED}/`)).slice(0, MAX_WATCHED))
  }

  #isNews({ path, bytes, modifiedEpochMs }: FileFacts): boolean {
    const known = this.table.files.get(path)
    return known === undefined || this.#outdated.has(path) || known.bytes !== bytes || known.modifiedEpochMs !== modifiedEpochMs
  }

  #watch(folders: readonly string[]): void {
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
      } catch {
        return
      }
    }
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
    if (there === undefined) return this.#forget(path)
    let summarised
    try {
      summarised = await analyst.do({ do: 'summarise', file: absolute(folder, path), path, source })
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      summarised = { ...there, runs: [unreadable({ path, source }, problem, there.modifiedEpochMs)] }
    }
    const { bytes, modifiedEpochMs } = summarised
    const runs = await Promise.all(summarised.runs.map((run) => this.#withFreeKey(run, path)))
    if (this.#isClosed) return
    const isOpen = source === 'received' && (received.isRootless(path) ?? this.table.files.get(path)?.isRootless ?? false)
    const file: Omit<StoredFile, 'runs'> = { path, bytes, modifiedEpochMs, source, isRootless: isOpen }
    // What could not be read may be read the next time, by another version.
    const keys = this.table.put(file, runs)
    if (runs.every(({ summary }) => summary.traceId !== '')) this.#index.put(this.table.files.get(path)!)
    changed(keys)
  }

  /** A run keeps its key when its file is moved; a copy gets one of its own. */
  async #withFreeKey(run: IndexedRun, path: string): Promise<IndexedRun> {
    const { key, traceId } = run.summary
    const holder = this.table.get(key)?.file.path
    if (holder === undefined || holder === path) return run
    if ((await factsOf(this.#options.folder, holder)) !== undefined) return { ...run, summary: { ...run.summary, key: keyOf(traceId, path) } }
    this.#forget(holder)
    return run
  }

  /** Runs that have gone quiet are live no more, without anything having happened. */
  #checkLive(): void {
    const now = this.#options.nowEpochMs()
    const live = new Set<string>()
    for (const { modifiedEpochMs, runs } of this.table.files.values()) {
      if (now - modifiedEpochMs < LIVE_MS) for (const run of runs) if (isLive(run, now)) live.add(run.key)
    }
    const over = [...this.#live].filter((key) => !live.has(key))
    this.#live = live
    if (over.length > 0) this.#options.changed(over)
  }
}

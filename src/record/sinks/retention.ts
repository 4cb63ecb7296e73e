import type { Fs } from './outbox.ts'
import type { Retention } from './settings.ts'

const DAY_MS = 86_400_000
/** What was written to a moment ago may be under way in another process; a writer touches its files more often. */
const BUSY_MS = 60_000
const HEAD_BYTES = 65_536

interface Stored {
  readonly path: string
  readonly bytes: number
  readonly changedAt: number
}

/** @returns the files that have to go */
export function surplus(files: readonly Stored[], { maxRuns, maxAgeDays, maxBytes }: Retention, now: number): Stored[] {
  const newestFirst = [...files].sort((a, b) => b.changedAt - a.changedAt || (a.path < b.path ? 1 : -1))
  let bytes = 0
  return newestFirst.filter((file, i) => {
    bytes += file.bytes
    const isTooMuch = i >= maxRuns || bytes > maxBytes || now - file.changedAt > maxAgeDays * DAY_MS
    return isTooMuch && i > 0 && now - file.changedAt > BUSY_MS
  })
}

const isOurs = (name: string): boolean => /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[0-9a-f]{12}(?:-\d+)?\.spanwise\.jsonl$/.test(name)

/** `spanwise run` makes one for each program that it starts. */
const isRunFolder = (name: string): boolean => /^(?:run_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d|\d{8}-\d{6})(?:-\d+)?$/.test(name)

/** What tidying asks of the disk. A folder goes only when it is empty. */
interface Ask {
  readonly to: 'list' | 'look' | 'readEnds' | 'remove' | 'removeFolder'
  readonly path: string
  /** Of the file. */
  readonly bytes?: number
}

interface Entry {
  readonly name: string
  readonly isFile: boolean
  readonly isFolder: boolean
}

/** Without a member, the disk did not tell: the folder is gone, or somebody else tidies it. */
interface Answer {
  readonly entries?: readonly Entry[]
  readonly stats?: { readonly size: number; readonly mtimeMs: number }
  /** The first and the last bytes of the file. */
  readonly ends?: string
}

/** The steps of tidying, in which nothing but their order is decided: the disk may answer at once or later. */
function* steps(dir: string, retention: Retention, now: number): Generator<Ask, void, Answer> {
  const folders = [dir]
  const files: Stored[] = []
  for (let i = 0; i < folders.length; i++) {
    const { entries = [] } = yield { to: 'list', path: folders[i]! }
    for (const { name, isFile, isFolder } of entries) {
      const path = `${folders[i]}/${name}`
      if (isFolder && i === 0 && isRunFolder(name)) folders.push(path)
      if (!isFile || !isOurs(name)) continue
      const { stats } = yield { to: 'look', path }
      if (stats !== undefined) files.push({ path, bytes: stats.size, changedAt: stats.mtimeMs })
    }
  }
  const emptied = new Set<string>()
  for (const { path, bytes } of surplus(files, retention, now)) {
    const { ends = '' } = yield { to: 'readEnds', path, bytes }
    if (isUnderWay(ends)) continue
    yield { to: 'remove', path }
    const folder = path.slice(0, path.lastIndexOf('/'))
    if (folder !== dir) emptied.add(folder)
  }
  for (const path of emptied) yield { to: 'removeFolder', path }
}

/** A run without an end belongs to a process that was killed, or to one that waits for something long. */
function isUnderWay(ends: string): boolean {
  if (ends.includes('\n{"end":')) return false
  const pid = Number(/"process":\{"pid":(\d+)/.exec(ends)?.[1] ?? 0)
  if (pid === 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM'
  }
}

/**
 * Takes away what is too much in a folder and in those of `spanwise run` below it, beside the program. Only files with names
 * of ours go, and none that a process is still writing. Several processes may tidy at once. Never rejects: a failure is for
 * the next time.
 * @param now milliseconds since 1970
 */
export async function sweep(fs: Fs, dir: string, retention: Retention, now: number): Promise<void> {
  const tidying = steps(dir, retention, now)
  let step = tidying.next()
  while (step.done !== true) step = tidying.next(await answer(fs, step.value).catch(() => ({})))
}

/** The same at once, for the end of a process. */
export function sweepSync(fs: Fs, dir: string, retention: Retention, now: number): void {
  const tidying = steps(dir, retention, now)
  let step = tidying.next()
  while (step.done !== true) {
    let answered: Answer = {}
    try {
      answered = answerSync(fs, step.value)
    } catch {
      // As if the disk had not told.
    }
    step = tidying.next(answered)
  }
}

async function answer({ promises: fs }: Fs, { to, path, bytes = 0 }: Ask): Promise<Answer> {
  switch (to) {
    case 'list': return { entries: (await fs.readdir(path, { withFileTypes: true })).map(toEntry) }
    case 'look': return { stats: await fs.lstat(path) }
    case 'remove': return await fs.unlink(path), {}
    case 'removeFolder': return await fs.rmdir(path), {}
    case 'readEnds': {
      const file = await fs.open(path)
      try {
        const [head, tail] = [Buffer.alloc(HEAD_BYTES), Buffer.alloc(HEAD_BYTES)]
        const { bytesRead: first } = await file.read(head, 0, HEAD_BYTES, 0)
        const { bytesRead: last } = await file.read(tail, 0, HEAD_BYTES, Math.max(0, bytes - HEAD_BYTES))
        return { ends: `${head.toString('utf8', 0, first)}${tail.toString('utf8', 0, last)}` }
      } finally {
        await file.close()
      }
    }
  }
}

function answerSync(fs: Fs, { to, path, bytes = 0 }: Ask): Answer {
  switch (to) {
    case 'list': return { entries: fs.readdirSync(path, { withFileTypes: true }).map(toEntry) }
    case 'look': return { stats: fs.lstatSync(path) }
    case 'remove': return fs.unlinkSync(path), {}
    case 'removeFolder': return fs.rmdirSync(path), {}
    case 'readEnds': {
      const file = fs.openSync(path, 'r')
      try {
        const [head, tail] = [Buffer.alloc(HEAD_BYTES), Buffer.alloc(HEAD_BYTES)]
        const first = fs.readSync(file, head, 0, HEAD_BYTES, 0)
        const last = fs.readSync(file, tail, 0, HEAD_BYTES, Math.max(0, bytes - HEAD_BYTES))
        return { ends: `${head.toString('utf8', 0, first)}${tail.toString('utf8', 0, last)}` }
      } finally {
        fs.closeSync(file)
      }
    }
  }
}

const toEntry = (entry: { readonly name: string; isFile(): boolean; isDirectory(): boolean }): Entry =>
  ({ name: entry.name, isFile: entry.isFile(), isFolder: entry.isDirectory() })

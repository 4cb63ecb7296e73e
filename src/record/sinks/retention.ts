import { SUFFIX, type Fs } from './outbox.ts'
import type { Retention } from './settings.ts'

const DAY_MS = 86_400_000
/** What was written to a moment ago may be under way in another process. */
const BUSY_MS = 60_000

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

const isOurs = (name: string): boolean => /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[0-9a-f]{12}(?:-\d+)?\.spanwise\.jsonl$/.test(name) && name.endsWith(SUFFIX)

/** Takes away what is too much, beside the program. Only files with names of ours; a failure is for the next time. */
export async function sweep({ promises: fs }: Fs, dir: string, retention: Retention, now: number): Promise<void> {
  try {
    const files: Stored[] = []
    for (const name of await fs.readdir(dir)) {
      if (!isOurs(name)) continue
      const path = `${dir}/${name}`
      const { size, mtimeMs } = await fs.lstat(path)
      files.push({ path, bytes: size, changedAt: mtimeMs })
    }
    for (const { path } of surplus(files, retention, now)) await fs.unlink(path)
  } catch {
    // The folder may be gone, or somebody else tidies it.
  }
}

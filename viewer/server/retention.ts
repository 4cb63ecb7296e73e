import { rmdir } from 'node:fs/promises'
import type { StoredFile } from './packed-run.ts'
import { DAY_MS } from './received-path.ts'
import { LIVE_MS } from './run-table.ts'
import { absolute } from './scan.ts'
import type { Store } from './store.ts'

export const MAX_RECEIVED = 100_000

export interface RetentionOptions {
  readonly store: Store
  readonly folder: string
  /** 0: for ever */
  readonly days: number
  readonly maxRuns?: number
  readonly nowEpochMs: () => number
  /** What is being written to right now. */
  readonly isBusy: (path: string) => boolean
}

/**
 * Which of the received runs have to go: never the newest, and none that more may be added to.
 * @param newer how many there are besides that are newer than all of these
 */
export function surplus(
  files: Iterable<Pick<StoredFile, 'path' | 'source' | 'modifiedEpochMs'>>,
  { days, maxRuns = MAX_RECEIVED, nowEpochMs, isBusy }: Omit<RetentionOptions, 'store' | 'folder'>, newer = 0,
): string[] {
  const now = nowEpochMs()
  const received = [...files].filter(({ source }) => source === 'received')
  received.sort((a, b) => b.modifiedEpochMs - a.modifiedEpochMs || (a.path < b.path ? 1 : -1))
  return received.flatMap(({ path, modifiedEpochMs }, i) => {
    const isTooMuch = newer + i >= maxRuns || (days > 0 && now - modifiedEpochMs > days * DAY_MS)
    return isTooMuch && newer + i > 0 && now - modifiedEpochMs > LIVE_MS && !isBusy(path) ? [path] : []
  })
}

/**
 * Looks at times alone, as long as nothing is too much: a hundred thousand files as objects would be more garbage than a minute of
 * receiving makes.
 */
function surplusOf({ store: { table: { files } }, ...options }: RetentionOptions): string[] {
  const { days, maxRuns = MAX_RECEIVED, nowEpochMs } = options
  const times = files.receivedTimes()
  const all = times.length
  const cut = Math.max(all > maxRuns ? times.sort()[all - maxRuns - 1]! : -Infinity, days > 0 ? nowEpochMs() - days * DAY_MS : -Infinity)
  const old = times.reduce((count, time) => (time <= cut ? count + 1 : count), 0)
  return old === 0 ? [] : surplus(files.received(cut), options, all - old)
}

/**
 * Removes what is too much. Files go one after another, the oldest first, so that a crash leaves fewer runs and nothing else: what the
 * index still says of a file that is gone is forgotten at the next start. Recorded runs are their profilers' to keep or remove.
 */
export async function retain(options: RetentionOptions): Promise<number> {
  const paths = surplusOf(options).reverse()
  let removed = 0
  for (const path of paths) {
    // One that cannot be removed now is tried again the next time.
    removed += await options.store.removeFile(path).then(() => 1, () => 0)
  }
  // A folder that still holds something stays.
  for (const day of new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/'))))) await rmdir(absolute(options.folder, day)).catch(() => {})
  return removed
}

import { lstat, readdir, realpath } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import type { FileFacts } from './runs.ts'

/** Where received runs are, below the folder of the recorded ones. */
export const RECEIVED = 'received'

const MAX_DEPTH = 12
const AT_ONCE = 32

/** What could be a trace. What begins with a dot is ours or somebody's who does not want it seen. */
export const isTraceName = (name: string): boolean => /\.(jsonl?|ndjson|cpuprofile)(\.gz)?$/i.test(name) && !name.startsWith('.')

export const absolute = (folder: string, path: string): string => join(folder, ...path.split('/'))

export interface Scanned {
  readonly files: FileFacts[]
  /** Folders that were looked into, from the uppermost. */
  readonly folders: string[]
}

/**
 * All files below the folder that could be traces. Nothing that lies elsewhere: links are not followed.
 * @param skipped a folder at the top that is left out
 */
export async function scan(folder: string, skipped?: string): Promise<Scanned> {
  const names: string[] = []
  const folders = ['']
  for (let i = 0; i < folders.length; i++) {
    const below = folders[i]!
    const depth = below === '' ? 0 : below.split('/').length
    for (const entry of await readdir(absolute(folder, below), { withFileTypes: true }).catch(() => [])) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`
      if (entry.isDirectory()) {
        if (depth < MAX_DEPTH && entry.name !== 'node_modules' && !entry.name.startsWith('.') && path !== skipped) folders.push(path)
      } else if (entry.isFile() && isTraceName(entry.name)) names.push(path)
    }
  }
  const files: FileFacts[] = []
  for (let i = 0; i < names.length; i += AT_ONCE) {
    for (const facts of await Promise.all(names.slice(i, i + AT_ONCE).map((path) => factsOf(folder, path)))) if (facts !== undefined) files.push(facts)
  }
  return { files, folders }
}

/** @returns undefined for what is no file, such as a link to one, or not there */
export async function factsOf(folder: string, path: string): Promise<FileFacts | undefined> {
  try {
    const found = await lstat(absolute(folder, path))
    return found.isFile() ? { path, bytes: found.size, modifiedEpochMs: Math.round(found.mtimeMs) } : undefined
  } catch {
    return undefined
  }
}

/** Signs that lead elsewhere; where a folder is left by `/` alone the others may be in a name. */
const STRANGE = sep === '/' ? /\0/ : /[\0\\:]/

/** Whether a path names something below the folder, as it is written. */
export const isPathBelow = (path: string): boolean =>
  path.length <= 4_096 && !STRANGE.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')

/** Whether it is below the folder as it lies on the disk: a folder on the way to it may have become a link. */
export async function liesBelow(folder: string, path: string): Promise<boolean> {
  try {
    const [root, parent] = await Promise.all([realpath(folder), realpath(dirname(absolute(folder, path)))])
    return parent === root || parent.startsWith(root.endsWith(sep) ? root : root + sep)
  } catch {
    return false
  }
}

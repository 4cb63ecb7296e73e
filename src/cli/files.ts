import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

export interface Found {
  readonly path: string
  readonly modifiedEpochMs: number
  readonly bytes: number
}

const MAX_DEPTH = 12

/** All files below a folder whose names fit, in no order; a folder that is not there or may not be read has none. */
export async function filesBelow(folder: string, fits: (name: string) => boolean, depth: number = 0): Promise<Found[]> {
  const found: Found[] = []
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (depth < MAX_DEPTH && entry.name !== 'node_modules') for (const one of await filesBelow(path, fits, depth + 1)) found.push(one)
    } else if (fits(entry.name)) {
      const { mtimeMs, size, isFile } = await facts(path)
      if (isFile) found.push({ path, modifiedEpochMs: mtimeMs, bytes: size })
    }
  }
  return found
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

async function facts(path: string): Promise<{ mtimeMs: number; size: number; isFile: boolean }> {
  try {
    const found = await stat(path)
    return { mtimeMs: found.mtimeMs, size: found.size, isFile: found.isFile() }
  } catch {
    return { mtimeMs: 0, size: 0, isFile: false }
  }
}

/** Text packs to about a tenth. */
const PACKED = 10

/** How many bytes there are to read, about. */
export async function bytesOf(paths: readonly string[]): Promise<number> {
  let all = 0
  for (const path of paths) all += (await facts(path)).size * (path.endsWith('.gz') ? PACKED : 1)
  return all
}

export async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch {
    return undefined
  }
}

export const newestFirst = (files: readonly Found[]): Found[] =>
  [...files].sort((a, b) => b.modifiedEpochMs - a.modifiedEpochMs || (a.path < b.path ? 1 : -1))

import { mkdir, open, readdir, rename, rmdir, stat } from 'node:fs/promises'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { sweep } from '../record/sinks/retention.ts'
import { defaultRetention } from '../record/sinks/settings.ts'
import { Complaint, type Io } from './command.ts'
import { runFolder, shortPath } from './load.ts'

/** A folder for one `spanwise run`, so that programs that run at the same time do not mix. Named by the time. */
export async function freshFolder(io: Io): Promise<string> {
  const time = new Date(io.nowEpochMs()).toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-')
  const parent = runFolder(io)
  try {
    await mkdir(parent, { recursive: true })
    for (let i = 1; ; i++) {
      const folder = join(parent, i === 1 ? `run_${time}` : `run_${time}-${i}`)
      if (await isMade(folder)) return folder
    }
  } catch (error) {
    throw new Complaint(`${shortPath(parent, io)} cannot be made: ${error instanceof Error ? error.message : String(error)}`,
      'SPANWISE_DIR names another folder')
  }
}

async function isMade(folder: string): Promise<boolean> {
  try {
    await mkdir(folder)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/**
 * Puts what the program recorded beside the runs that are there already, where retention counts it, and takes the folder away.
 * @returns the files, wherever they are now
 */
export async function gather(folder: string, io: Io): Promise<string[]> {
  const parent = runFolder(io)
  const files: string[] = []
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name)
    files.push((await hasEnd(path)) ? await moved(path, join(parent, name)) : path)
  }
  // What another process of the program still writes to keeps the folder.
  await rmdir(folder).catch(() => {})
  if (files.length > 0) await sweep(fs, parent, defaultRetention, io.nowEpochMs())
  return files
}

const TAIL_BYTES = 65_536

/** A run that is still under way in another process of the program is written by its path: its file stays. */
async function hasEnd(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, TAIL_BYTES)), { position: Math.max(0, size - TAIL_BYTES) })
    return buffer.toString('utf8', 0, bytesRead).includes('\n{"end":')
  } finally {
    await file.close()
  }
}

/** Where a file cannot go, as under another's name or on Windows while it is open, it stays. */
async function moved(from: string, to: string): Promise<string> {
  try {
    await stat(to)
    return from
  } catch {
    // The name is free.
  }
  try {
    await rename(from, to)
    return to
  } catch {
    return from
  }
}

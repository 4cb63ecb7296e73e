import { basename } from 'node:path'
import { analyze } from '../analyze/index.ts'
import type { Io } from './command.ts'
import { filesBelow, newestFirst } from './files.ts'
import { handlesOf } from './handles.ts'
import { load, runFolder } from './load.ts'
import { findSessions } from './sessions.ts'
import { spanHandles } from './span-view.ts'

/** A word and what it stands for. */
export type Choice = readonly [word: string, what: string]

const MAX_CHOICES = 100
/** `2026-11-01_10-20-30_0af7651916cd.spanwise.jsonl` */
const RUN_FILE = /^(\d{4}-\d\d-\d\d)_(\d\d)-(\d\d)-\d\d_([0-9a-f]{12})(?:-\d+)?\.spanwise\.jsonl(?:\.gz)?$/

/** The newest runs recorded here, by the names of their files: nobody waits for a Tab. */
export async function runHandles(io: Io): Promise<Choice[]> {
  const files = newestFirst(await filesBelow(runFolder(io), (name) => RUN_FILE.test(name)))
  const found = files.slice(0, MAX_CHOICES).map(({ path }) => RUN_FILE.exec(basename(path))!)
  const handles = handlesOf(found.map(([, , , , id]) => id!))
  return found.map(([, day, hours, minutes, id]) => [handles.get(id!)!, `run of ${day} ${hours}:${minutes}`])
}

export async function sessionHandles(io: Io): Promise<Choice[]> {
  const found = await findSessions(io)
  return found.slice(0, MAX_CHOICES).map(({ handle, agent, modifiedEpochMs }) =>
    [handle, `${agent} ${new Date(modifiedEpochMs).toISOString().slice(0, 16).replace('T', ' ')}`])
}

/** The spans of a run. @throws Complaint when there is no such run */
export async function spanHandlesOf(name: string, io: Io): Promise<Choice[]> {
  const { runs: [run] } = await load([name], io)
  if (run === undefined) return []
  const handles = [...spanHandles(analyze(run.trace)).values()]
  return handles.slice(0, MAX_CHOICES).map(({ handle, label }) => [handle, label.slice(handle.length).trim()])
}

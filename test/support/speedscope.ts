import { readFileSync } from 'node:fs'
import { validator, type Schema, type Validate } from './json-schema.ts'
import { root } from './source.ts'

const schema = JSON.parse(readFileSync(`${root}test/fixtures/speedscope/file-format-schema.json`, 'utf8')) as Schema
/** speedscope's own schema lets other fields be; we write none. */
const fitsSchema: Validate = validator(schema, { closed: true })

interface File {
  readonly shared: { readonly frames: readonly unknown[] }
  readonly profiles: readonly Profile[]
}

interface Profile {
  readonly startValue: number
  readonly endValue: number
  readonly events: readonly { readonly type: 'O' | 'C'; readonly frame: number; readonly at: number }[]
}

/**
 * What is wrong with a file of speedscope: by its published schema, and by what only its importer checks or relies on: events
 * strictly last in, first out, in order of time, inside the profile, all frames known and closed.
 */
export function speedscopeFaults(file: unknown): string[] {
  const faults = fitsSchema(file)
  if (faults.length > 0) return faults
  const { shared: { frames }, profiles } = file as File
  if (profiles.length === 0) return ['no profile to show']
  return profiles.flatMap((profile, i) => faultsOfEvents(profile, frames.length).map((fault) => `profile ${i}: ${fault}`))
}

function faultsOfEvents({ startValue, endValue, events }: Profile, frames: number): string[] {
  const faults = startValue <= endValue ? [] : ['it ends before it starts']
  const open: number[] = []
  let last = startValue
  for (const { type, frame, at } of events) {
    if (!(at >= last && at <= endValue)) faults.push(`${at} is after ${last} or outside`)
    if (!(Number.isInteger(frame) && frame >= 0 && frame < frames)) faults.push(`there is no frame ${frame}`)
    if (type === 'O') open.push(frame)
    else if (open.pop() !== frame) faults.push(`frame ${frame} was not at the top at ${at}`)
    last = at
  }
  if (open.length > 0) faults.push(`${open.length} frames never close`)
  return faults
}

/**
 * speedscope's file format as its schema (draft-07, https://www.speedscope.app/file-format-schema.json) and its importer have it:
 * nothing beyond the schema's properties, events strictly last in, first out, in order of time, inside the profile.
 */
export function speedscopeFaults(file: unknown): string[] {
  const faults: string[] = []
  const top = shaped(file, 'file', { $schema: 'string', shared: 'object', profiles: 'array' }, { name: 'string', exporter: 'string', activeProfileIndex: 'number' }, faults)
  if (top?.['$schema'] !== 'https://www.speedscope.app/file-format-schema.json') faults.push('$schema is another')
  const frames = (shaped(top?.['shared'], 'shared', { frames: 'array' }, {}, faults)?.['frames'] ?? []) as readonly unknown[]
  frames.forEach((frame, i) => shaped(frame, `frame ${i}`, { name: 'string' }, { file: 'string', line: 'number', col: 'number' }, faults))
  const profiles = (top?.['profiles'] ?? []) as readonly unknown[]
  if (profiles.length === 0) faults.push('no profile to show')
  profiles.forEach((profile, i) => checkProfile(profile, `profile ${i}`, frames.length, faults))
  return faults
}

type Kind = 'string' | 'number' | 'object' | 'array'
type Kinds = Readonly<Record<string, Kind>>
type Fields = Readonly<Record<string, unknown>>

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value)

function shaped(value: unknown, about: string, required: Kinds, optional: Kinds, faults: string[]): Fields | undefined {
  if (kindOf(value) !== 'object') {
    faults.push(`${about} is not an object`)
    return undefined
  }
  const fields = value as Fields
  for (const name of Object.keys(required)) if (!Object.hasOwn(fields, name)) faults.push(`${about}: ${name} is missing`)
  for (const [name, field] of Object.entries(fields)) {
    const kind = required[name] ?? optional[name]
    if (kindOf(field) !== kind) faults.push(`${about}: ${name} is ${kind === undefined ? 'not of the format' : `not a ${kind}`}`)
  }
  return fields
}

const UNITS = ['none', 'nanoseconds', 'microseconds', 'milliseconds', 'seconds', 'bytes']

function checkProfile(value: unknown, about: string, frames: number, faults: string[]): void {
  const kinds = { type: 'string', name: 'string', unit: 'string', startValue: 'number', endValue: 'number', events: 'array' } as const
  const profile = shaped(value, about, kinds, {}, faults)
  if (profile === undefined) return
  if (profile['type'] !== 'evented' || !UNITS.includes(profile['unit'] as string)) faults.push(`${about}: its type or unit is none`)
  const [from, to] = [profile['startValue'] as number, profile['endValue'] as number]
  if (!(from <= to)) faults.push(`${about}: it ends before it starts`)
  const open: number[] = []
  let last = from
  for (const event of profile['events'] as readonly unknown[]) {
    const fields = shaped(event, `${about}: an event`, { type: 'string', frame: 'number', at: 'number' }, {}, faults)
    const [type, frame, at] = [fields?.['type'], fields?.['frame'] as number, fields?.['at'] as number]
    if (!(at >= last && at <= to)) faults.push(`${about}: ${at} is after ${last} or outside`)
    if (!(Number.isInteger(frame) && frame >= 0 && frame < frames)) faults.push(`${about}: there is no frame ${frame}`)
    if (type === 'O') open.push(frame)
    else if (type !== 'C') faults.push(`${about}: an event is neither O nor C`)
    else if (open.pop() !== frame) faults.push(`${about}: frame ${frame} was not at the top at ${at}`)
    last = at
  }
  if (open.length > 0) faults.push(`${about}: ${open.length} frames never close`)
}

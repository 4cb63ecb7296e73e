import { at, fields, list, text, type Fields } from '../../shared/json.ts'
import { readNodes } from '../cpuprofile/nodes.ts'
import { readSamples } from '../cpuprofile/samples.ts'
import { drawStacks } from '../cpuprofile/stacks.ts'
import type { SpanDraft } from '../shared/assemble.ts'
import type { Problems } from '../shared/json-lines.ts'
import { numberOf, trackOf } from './events.ts'

/** What Chrome's CPU profiler saw of a thread. Times are microseconds of the trace's clock. */
export interface CpuProfile {
  /** The thread whose code was sampled; the chunks come from another one. */
  readonly track: string
  readonly startUs: number
  /** In the form of a `.cpuprofile`. */
  readonly profile: Fields
}

interface Begun {
  readonly track: string
  readonly startUs: number
  readonly nodes: unknown[]
  readonly samples: unknown[]
  readonly timeDeltas: unknown[]
  endTime: unknown
}

/**
 * CPU profiles among the events. Since Chrome 68 (and in Node): a `Profile` with the time of its start, then `ProfileChunk`s of the
 * same process and `id`, each with the nodes that are new since the one before it, samples, and the times from sample to
 * sample. Before: one instant event `CpuProfile` with the whole.
 */
export function findProfiles(rows: readonly Fields[], problems: Problems): CpuProfile[] {
  const begun = new Map<string, Begun>()
  const whole: CpuProfile[] = []
  for (const row of rows) {
    if (row['name'] === 'Profile' && row['ph'] === 'P') begin(begun, row)
    const profile = isWhole(row) ? fields(at(row, 'args.data.cpuProfile')) : undefined
    const startUs = numberOf(profile?.['startTime'])
    if (profile !== undefined && startUs !== undefined) whole.push({ track: trackOf(row), startUs, profile })
  }
  let strays = 0
  for (const row of rows) {
    if (row['name'] !== 'ProfileChunk' || row['ph'] !== 'P') continue
    const profile = begun.get(keyOf(row))
    if (profile === undefined) strays++
    else addChunk(profile, row)
  }
  if (strays > 0) problems.add(`${strays} parts of CPU profiles have no beginning and were left out`)
  const chunked = [...begun.values()].filter(({ samples }) => samples.length > 0)
    .map(({ track, startUs, ...profile }): CpuProfile => ({ track, startUs, profile: { ...profile, startTime: startUs } }))
  return [...whole, ...chunked]
}

/** Whether an event is a part of a profile, and no span. */
export const isProfile = (row: Fields): boolean => (row['ph'] === 'P' && /^Profile(Chunk)?$/.test(text(row['name']) ?? '')) || isWhole(row)

const isWhole = (row: Fields): boolean => row['name'] === 'CpuProfile' && row['ph'] === 'I'

const keyOf = (row: Fields): string => `${trackOf({ pid: row['pid'] })} ${String(text(row['id']) ?? numberOf(row['id']))}`

function begin(begun: Map<string, Begun>, row: Fields): void {
  const startUs = numberOf(at(row, 'args.data.startTime')) ?? numberOf(row['ts'])
  const key = keyOf(row)
  if (startUs === undefined || begun.has(key)) return
  begun.set(key, { track: trackOf(row), startUs, nodes: [], samples: [], timeDeltas: [], endTime: undefined })
}

function addChunk(profile: Begun, row: Fields): void {
  const data = at(row, 'args.data')
  for (const node of list(at(data, 'cpuProfile.nodes'))) profile.nodes.push(node)
  const samples = list(at(data, 'cpuProfile.samples'))
  const deltas = list(at(data, 'timeDeltas') ?? at(data, 'cpuProfile.timeDeltas'))
  for (const [i, sample] of samples.entries()) {
    profile.samples.push(sample)
    profile.timeDeltas.push(deltas[i])
  }
  profile.endTime = at(data, 'endTime') ?? profile.endTime
}

/** The frames of a profile below a span of their own, which lies below `parent`. */
export function drawProfile({ startUs, profile }: CpuProfile, key: string, around: Around): { readonly spans: SpanDraft[]; readonly dropped: number } {
  const { parent, originUs, problems } = around
  const { spans, dropped } = drawStacks(readNodes(profile, problems), readSamples(profile, problems), problems)
  const offset = Math.round((startUs - originUs) * 1_000)
  const own = (name: string): string => `${key} ${name}`
  return {
    dropped,
    spans: spans.map((span): SpanDraft => ({
      ...span, key: own(span.key), parent: span.parent === undefined ? parent : own(span.parent),
      start: span.start + offset, end: span.end === undefined ? undefined : span.end + offset,
    })),
  }
}

export interface Around {
  readonly parent: string
  readonly originUs: number
  readonly problems: Problems
}

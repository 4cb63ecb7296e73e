import { at, text, type Fields } from '../../shared/json.ts'
import type { SpanDraft } from '../shared/assemble.ts'
import type { Problems } from '../shared/json-lines.ts'
import { readEvent, trackOf, type TraceEvent } from './events.ts'
import { pairUp, type Interval } from './intervals.ts'
import { nest } from './nest.ts'
import { drawProfile, findProfiles, isProfile, type CpuProfile } from './profiles.ts'
import { drawRun, workflowRuns } from './workflows.ts'

/** More than any viewer shows; what is left out is counted. */
const MAX_SPANS = 1_000_000
/** The longest time that nanoseconds in a number can hold, in microseconds: a hundred days. */
const MAX_US = 9e12

const ROOT = 'root'

export interface Drawn {
  /** None when there was nothing to draw. */
  readonly runs: readonly DrawnRun[]
  readonly dropped: number
}

export interface DrawnRun {
  /** The root first, at least one. */
  readonly spans: readonly SpanDraft[]
  readonly originUs: number
}

/** What one thread did, and what was seen of its code. */
interface Track {
  readonly intervals: Interval[]
  readonly profiles: CpuProfile[]
}

/** Spans from events: those of one thread nest by their times, and each thread is a span when there are several. */
export function drawTracks(rows: readonly Fields[], problems: Problems): Drawn {
  const events = timed(rows, problems)
  const sampled = findProfiles(rows, problems)
  const originUs = [...events.map(({ ts }) => ts), ...sampled.map(({ startUs }) => startUs)].reduce((a, b) => Math.min(a, b), Infinity)
  const near = events.filter(({ ts, dur = 0 }) => ts - originUs <= MAX_US && dur <= MAX_US && ts + dur - originUs <= MAX_US)
  const profiles = sampled.filter(({ startUs }) => startUs - originUs <= MAX_US)
  const far = events.length - near.length + sampled.length - profiles.length
  if (far > 0) problems.add(`${far} events lie too far from the first one`)
  const all = pairUp(near, problems)
  const intervals = all.slice(0, MAX_SPANS)
  if (intervals.length < all.length) problems.add(`${all.length - intervals.length} events beyond ${MAX_SPANS} were left out`)
  const dropped = all.length - intervals.length
  const workflows = profiles.length === 0 ? workflowRuns(intervals) : undefined
  if (workflows !== undefined) {
    return { runs: workflows.map((run) => ({ spans: drawRun(run), originUs: run[0]!.start })), dropped }
  }
  return drawThreads(tracksOf(intervals, profiles), namesOf(rows), { originUs, dropped, problems })
}

function tracksOf(intervals: readonly Interval[], profiles: readonly CpuProfile[]): Map<string, Track> {
  const tracks = new Map<string, Track>()
  const trackAt = (name: string): Track => {
    const track = tracks.get(name) ?? { intervals: [], profiles: [] }
    tracks.set(name, track)
    return track
  }
  for (const one of intervals) trackAt(one.begin.track).intervals.push(one)
  for (const one of profiles) trackAt(one.track).profiles.push(one)
  return tracks
}

interface Around {
  readonly originUs: number
  readonly dropped: number
  readonly problems: Problems
}

function drawThreads(tracks: ReadonlyMap<string, Track>, names: ReadonlyMap<string, string>, { originUs, problems, ...around }: Around): Drawn {
  let { dropped } = around
  const inside = ({ intervals, profiles }: Track, key: string): SpanDraft[] => {
    const drafts = nest(intervals, key, originUs)
    for (const [i, profile] of profiles.entries()) {
      const drawn = drawProfile(profile, `${key} profile ${i}`, { parent: key, originUs, problems })
      dropped += drawn.dropped
      for (const draft of drawn.spans) drafts.push(draft)
    }
    return drafts
  }
  const [[name, track] = ['', undefined]] = tracks
  const spans = track === undefined ? []
    : tracks.size === 1 ? single(inside(track, ROOT), names.get(name))
    : several(tracks, names, inside)
  return { runs: spans.length === 0 ? [] : [{ spans, originUs }], dropped }
}

const DRAWN = ['X', 'B', 'E', 'b', 'e', 'n', 'S', 'F', 'i', 'I', 'R']

function timed(rows: readonly Fields[], problems: Problems): TraceEvent[] {
  const events: TraceEvent[] = []
  const others = new Map<string, number>()
  let bad = 0
  for (const row of rows) {
    const phase = row['ph']
    if (phase === 'M' || isProfile(row)) continue
    if (typeof phase === 'string' && !DRAWN.includes(phase)) {
      others.set(phase.slice(0, 8), (others.get(phase.slice(0, 8)) ?? 0) + 1)
      continue
    }
    const event = readEvent(row)
    if (event === undefined) bad++
    else events.push(event)
  }
  if (bad > 0) problems.add(`${bad} events have no phase or no time`)
  const kinds = [...others].slice(0, 20).map(([phase, count]) => `${count} of phase ${phase}`)
  if (kinds.length > 0) problems.note(`events that are not spans were left out: ${kinds.join(', ')}`)
  return events
}

/** What the file calls its threads: `process/thread`. */
function namesOf(rows: readonly Fields[]): Map<string, string> {
  const processes = new Map<string, string>()
  const threads = new Map<string, string>()
  for (const row of rows) {
    const name = row['ph'] === 'M' ? text(at(row, 'args.name')) : undefined
    if (name === undefined) continue
    if (row['name'] === 'process_name') processes.set(trackOf({ pid: row['pid'] }), name)
    if (row['name'] === 'thread_name') threads.set(trackOf(row), name)
  }
  const names = new Map<string, string>()
  for (const row of rows) {
    const track = trackOf(row)
    if (names.has(track)) continue
    const [process, thread] = [processes.get(trackOf({ pid: row['pid'] })), threads.get(track)]
    if (process !== undefined) names.set(track, `${process}/${thread ?? `thread ${track.slice(track.indexOf('/') + 1)}`}`)
    else if (thread !== undefined) names.set(track, thread)
  }
  return names
}

function single(drafts: readonly SpanDraft[], name: string | undefined): SpanDraft[] {
  if (drafts.length === 0) return []
  const tops = drafts.filter(({ parent }) => parent === ROOT)
  // One event that holds all others is the root itself.
  if (tops.length === 1) return [tops[0]!, ...drafts.filter((draft) => draft !== tops[0])]
  return [rootOf(drafts, name ?? 'Chrome trace'), ...drafts]
}

function several(
  tracks: ReadonlyMap<string, Track>, names: ReadonlyMap<string, string>, inside: (track: Track, key: string) => SpanDraft[],
): SpanDraft[] {
  const drafts = [...tracks].flatMap(([name, track], i) => {
    const key = `track ${i}`
    const within = inside(track, key)
    return within.length === 0 ? [] : [{ ...rootOf(within, names.get(name) ?? `thread ${name}`), key, parent: ROOT }, ...within]
  })
  return drafts.length === 0 ? [] : [rootOf(drafts, 'Chrome trace'), ...drafts]
}

function rootOf(drafts: readonly SpanDraft[], name: string): SpanDraft {
  const start = drafts.reduce((first, draft) => Math.min(first, draft.start), Infinity)
  const end = drafts.reduce((last, draft) => Math.max(last, draft.end ?? draft.start), start)
  return { key: ROOT, name, category: 'internal', start, end }
}

import { CANCELLED } from '../../../src/model/span.ts'
import { at, text, type Fields } from '../../shared/json.ts'
import type { SpanDraft } from '../shared/assemble.ts'
import type { Problems } from '../shared/json-lines.ts'
import { attributesOf, categoryOf, readEvent, trackOf, type TraceEvent } from './events.ts'
import { pairUp, type Interval } from './intervals.ts'

/** More than any viewer shows; what is left out is counted. */
const MAX_SPANS = 1_000_000
/** How far up a nest is looked for a span that encloses another wholly. */
const MAX_LOOKS = 256
/** Deeper nests hang on this level. */
const MAX_DEPTH = 1_000
/** The longest time that nanoseconds in a number can hold, in microseconds: a hundred days. */
const MAX_US = 9e12

const ROOT = 'root'

export interface Drawn {
  /** The root first; none when there was nothing to draw. */
  readonly spans: readonly SpanDraft[]
  readonly originUs: number
  readonly dropped: number
}

/** Spans from events: those of one thread nest by their times, and each thread is a span when there are several. */
export function drawTracks(rows: readonly Fields[], problems: Problems): Drawn {
  const events = timed(rows, problems)
  const originUs = events.reduce((first, { ts }) => Math.min(first, ts), Infinity)
  const near = events.filter(({ ts, dur = 0 }) => ts - originUs <= MAX_US && dur <= MAX_US)
  if (near.length < events.length) problems.add(`${events.length - near.length} events lie too far from the first one`)
  const all = pairUp(near, problems)
  const intervals = all.slice(0, MAX_SPANS)
  if (intervals.length < all.length) problems.add(`${all.length - intervals.length} events beyond ${MAX_SPANS} were left out`)
  if (intervals.length === 0) return { spans: [], originUs: 0, dropped: 0 }
  const names = namesOf(rows)
  const tracks = new Map<string, Interval[]>()
  for (const one of intervals) {
    const track = tracks.get(one.begin.track)
    if (track === undefined) tracks.set(one.begin.track, [one])
    else track.push(one)
  }
  const spans = tracks.size === 1
    ? single(intervals, names.get(intervals[0]!.begin.track), originUs)
    : several(tracks, names, originUs)
  return { spans, originUs, dropped: all.length - intervals.length }
}

const DRAWN = ['X', 'B', 'E', 'b', 'e', 'n', 'S', 'F', 'i', 'I', 'R']

function timed(rows: readonly Fields[], problems: Problems): TraceEvent[] {
  const events: TraceEvent[] = []
  const others = new Map<string, number>()
  let bad = 0
  for (const row of rows) {
    const phase = row['ph']
    if (phase === 'M') continue
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
  if (kinds.length > 0) problems.add(`events that are not spans were left out: ${kinds.join(', ')}`)
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

function single(intervals: readonly Interval[], name: string | undefined, originUs: number): SpanDraft[] {
  const drafts = nest(intervals, ROOT, originUs)
  const tops = drafts.filter(({ parent }) => parent === ROOT)
  // One event that holds all others is the root itself.
  if (tops.length === 1) return [tops[0]!, ...drafts.filter((draft) => draft !== tops[0])]
  return [rootOf(drafts, name ?? 'Chrome trace'), ...drafts]
}

function several(tracks: ReadonlyMap<string, Interval[]>, names: ReadonlyMap<string, string>, originUs: number): SpanDraft[] {
  const drafts = [...tracks].flatMap(([track, intervals]) => {
    const key = `track ${track}`
    const inside = nest(intervals, key, originUs)
    return [{ ...rootOf(inside, names.get(track) ?? `thread ${track}`), key, parent: ROOT }, ...inside]
  })
  return [rootOf(drafts, 'Chrome trace'), ...drafts]
}

function rootOf(drafts: readonly SpanDraft[], name: string): SpanDraft {
  const start = drafts.reduce((first, draft) => Math.min(first, draft.start), Infinity)
  const end = drafts.reduce((last, draft) => Math.max(last, draft.end ?? draft.start), start)
  return { key: ROOT, name, category: 'internal', start, end }
}

interface Nested extends Interval {
  readonly key: string
}

/** Who lies wholly inside whom. Asynchronous events and those that only overlap stand beside each other. */
function nest(intervals: readonly Interval[], top: string, originUs: number): SpanDraft[] {
  const ns = (us: number): number => Math.round((us - originUs) * 1_000)
  const sorted = intervals.map((one, i): Nested => ({ ...one, key: `${top} ${i}` }))
    .sort((a, b) => a.start - b.start || b.end - a.end || a.order - b.order)
  const open: Nested[] = []
  return sorted.map((one) => {
    let parent: string = top
    if (!one.isAsync) {
      while (open.length > 0 && open.at(-1)!.end <= one.start && one.end > open.at(-1)!.start) open.pop()
      parent = enclosing(open, one)?.key ?? top
      if (open.length < MAX_DEPTH) open.push(one)
    }
    const { begin } = one
    return {
      key: one.key, parent, name: begin.name ?? '(no name)', category: categoryOf(begin),
      start: ns(one.start), end: ns(one.end),
      attributes: { ...attributesOf(begin), ...(one.isCut && { 'spanwise.time': 'inferred' }) },
      ...(one.isCut && { outcome: CANCELLED }),
    }
  })
}

function enclosing(open: readonly Nested[], { end }: Nested): Nested | undefined {
  for (let i = open.length - 1; i >= 0 && i >= open.length - MAX_LOOKS; i--) if (open[i]!.end >= end) return open[i]
  return undefined
}


import { chromeReport } from '../../reports/chrome.ts'
import type { Analysis } from '../../src/model/analysis.ts'

export interface ChromeEvent {
  readonly ph: string
  readonly name: string
  readonly cat?: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
  readonly id?: number
  readonly bp?: string
  readonly args: Readonly<Record<string, unknown>>
}

export const eventsOf = (analysis: Analysis): readonly ChromeEvent[] =>
  (JSON.parse(chromeReport.render(analysis)) as { readonly traceEvents: readonly ChromeEvent[] }).traceEvents

export interface Slice {
  readonly event: ChromeEvent
  readonly end: number
  /** Depth on its track. */
  readonly around: Slice | undefined
}

export interface Arrow {
  readonly kind: string
  readonly from: Slice | undefined
  readonly to: Slice | undefined
}

export interface ChromeTrace {
  readonly slices: readonly Slice[]
  readonly arrows: readonly Arrow[]
  readonly faults: readonly string[]
}

/**
 * Reads events as Perfetto's trace processor does: in order of time, then of the file; a slice leaves the stack of its
 * thread when another begins at or after its end (of two instants at one moment the first stays); one that begins inside another and
 * ends after it is an error; an arrow belongs to the top of the stack.
 */
export function readEvents(events: readonly ChromeEvent[]): ChromeTrace {
  const stacks = new Map<number, Slice[]>()
  const begun = new Map<number, Slice>()
  const [slices, arrows, faults]: [Slice[], Arrow[], string[]] = [[], [], []]
  const timed = events.filter(({ ph }) => 'Xsf'.includes(ph)).sort((a, b) => a.ts - b.ts)
  for (const event of timed) {
    const stack = stacks.get(event.tid) ?? []
    stacks.set(event.tid, stack)
    const top = stack.at(-1)
    if (event.ph === 's') begun.set(event.id!, top!)
    else if (event.ph === 'f') arrows.push({ kind: event.cat!, from: begun.get(event.id!), to: top })
    else {
      const end = event.ts + event.dur!
      while (stack.length > 0 && ended(stack.at(-1)!, event)) stack.pop()
      const around = stack.at(-1)
      if (stack.some((open) => event.ts < open.end && end > open.end)) faults.push(`${event.name} at ${event.ts} ends after what is around it`)
      const slice = { event, end, around }
      slices.push(slice)
      stack.push(slice)
    }
  }
  if (begun.size !== arrows.length) faults.push('an arrow has one end')
  return { slices, arrows, faults }
}

const ended = ({ event, end }: Slice, next: ChromeEvent): boolean =>
  end < next.ts || (end === next.ts && !(event.dur === 0 && next.dur === 0))

/** What is wrong with the events of a run, by the rules of the format and by what they are meant to show. */
export function chromeFaults(events: readonly ChromeEvent[], { spans }: Analysis): string[] {
  const { slices, arrows, faults } = readEvents(events)
  const parents = new Map(spans.map(({ id, parentId }) => [id, parentId]))
  return [
    ...faults, ...events.flatMap(faultsOfForm), ...faultsOfNames(events, slices),
    ...slices.filter((slice) => !liesInAncestor(slice, parents)).map(({ event, around }) => `${event.name} at ${event.ts} lies in ${around!.event.name}`),
    ...(new Set(slices.map(spanIdOf)).size === spans.length ? [] : ['a span is missing']),
    ...arrows.filter((arrow) => !isTrue(arrow, parents)).map(({ kind, from, to }) => `${kind} arrow from ${from?.event.name} to ${to?.event.name}`),
  ]
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  X: ['args', 'cat', 'dur', 'name', 'ph', 'pid', 'tid', 'ts'],
  M: ['args', 'name', 'ph', 'pid', 'tid'],
  C: ['args', 'name', 'ph', 'pid', 'tid', 'ts'],
  s: ['cat', 'id', 'name', 'ph', 'pid', 'tid', 'ts'],
  f: ['bp', 'cat', 'id', 'name', 'ph', 'pid', 'tid', 'ts'],
}

const isWhole = (value: number | undefined, least: number): boolean => Number.isSafeInteger(value) && value! >= least

function faultsOfForm(event: ChromeEvent): string[] {
  const { ph, name, pid, tid, ts, dur, id, bp } = event
  const about = `${ph} ${name}`
  if (Object.keys(event).sort().join() !== FIELDS[ph]?.join()) return [`${about}: fields ${Object.keys(event).join()}`]
  return [
    ...(typeof name === 'string' && name !== '' && isWhole(pid, 0) && isWhole(tid, 1) ? [] : [`${about}: name, pid or tid`]),
    ...(ph === 'M' || isWhole(ts, 0) ? [] : [`${about}: ts ${ts}`]),
    ...(ph !== 'X' || isWhole(dur, 0) ? [] : [`${about}: dur ${dur}`]),
    ...(id === undefined || isWhole(id, 1) ? [] : [`${about}: id ${id}`]),
    ...(ph !== 'f' || bp === 'e' ? [] : [`${about}: bp ${bp}`]),
  ]
}

/** One name of the process; of each lane one name and one place. */
function faultsOfNames(events: readonly ChromeEvent[], slices: readonly Slice[]): string[] {
  const named = (name: string): string => events.filter((event) => event.ph === 'M' && event.name === name).map(({ tid }) => tid).join()
  const lanes = [...new Set(slices.map(({ event }) => event.tid))].sort((a, b) => a - b).join()
  const isNamed = named('process_name') === '1' && named('thread_name') === lanes && named('thread_sort_index') === lanes
  return isNamed ? [] : [`lanes ${lanes}, named ${named('thread_name')}`]
}

const spanIdOf = (slice: Slice | undefined): unknown => slice?.event.args['spanId']

type Parents = ReadonlyMap<string, string | undefined>

function liesInAncestor({ event, around }: Slice, parents: Parents): boolean {
  if (around === undefined || (event.dur === 0 && around.event.dur === 0)) return true
  let id = event.args['spanId'] as string | undefined
  while (id !== undefined && id !== spanIdOf(around)) id = parents.get(id)
  return id !== undefined
}

/** It has two ends, points forward and from what it should. */
function isTrue({ kind, from, to }: Arrow, parents: Parents): boolean {
  if (from === undefined || to === undefined || from === to || from.event.ts > to.event.ts) return false
  if (kind === 'issued') return to.event.args['issuedBy'] === spanIdOf(from)
  const isPart = ['attempt', 'wait'].includes(to.event.cat!)
  return spanIdOf(from) === (isPart ? spanIdOf(to) : parents.get(spanIdOf(to) as string))
}

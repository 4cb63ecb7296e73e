import type { Analysis, SpanView } from '../../model/analysis.ts'
import { formatDuration } from '../../model/units.ts'
import { groupBy } from '../group-by.ts'
import type { Suggest } from './budget.ts'

/** Whether spans ran at the same time, with a text that shows their intervals; or which name no span has. */
export type Parallel = { readonly together: boolean; readonly text: string } | { readonly missing: string }

const MAX_SHOWN = 12

/**
 * Whether spans of all these names, children of one parent, ran at one instant. A name that is given twice takes two spans.
 * Touching ends are no overlap.
 */
export function explainParallel({ spans }: Pick<Analysis, 'spans'>, names: readonly string[], suggest: Suggest): Parallel {
  const known = [...new Set(spans.map(({ name }) => name))]
  const missing = names.find((name) => !known.includes(name))
  if (missing !== undefined) {
    return { missing: `no span is called ${missing}${suggest(missing, known) || `; there are ${known.slice(0, MAX_SHOWN).join(', ')}`}` }
  }
  const wanted = new Map([...groupBy(names, (name) => name)].map(([name, times]) => [name, times.length]))
  const siblings = [...groupBy(spans.filter(({ name }) => wanted.has(name)), ({ parentId }) => parentId ?? '').values()]
  const byId = new Map(spans.map((span) => [span.id, span]))
  const asked = `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`
  for (const group of siblings) {
    const running = togetherAt(group, wanted)
    if (running === undefined) continue
    return { together: true, text: `expected ${asked} not to run in parallel, but they overlap:\n${drawn(running, byId)}` }
  }
  const isSplit = !siblings.some((group) => [...wanted.keys()].every((name) => group.some((span) => span.name === name)))
  const reason = isSplit ? 'but they have no common parent' : 'but they never overlap'
  const cure = isSplit ? '' : '\nStart them together, for example with Promise.all, before awaiting the first.'
  const shown = [...siblings].sort((a, b) => b.length - a.length).slice(0, isSplit ? 4 : 1).map((group) => drawn(group, byId)).join('\n')
  return { together: false, text: `expected ${asked} to run in parallel, ${reason}:\n${shown}${cure}` }
}

/** The spans that run when for the first time enough of each name do. */
function togetherAt(group: readonly SpanView[], wanted: ReadonlyMap<string, number>): SpanView[] | undefined {
  const running = new Set<SpanView>()
  // What ends at an instant has ended before anything starts then.
  const events = group.filter(({ durationNs }) => durationNs > 0)
    .flatMap((span) => [{ at: span.startNs, span, starts: true }, { at: span.endNs, span, starts: false }])
    .sort((a, b) => a.at - b.at || Number(a.starts) - Number(b.starts))
  const counts = new Map<string, number>()
  for (const { span, starts } of events) {
    counts.set(span.name, (counts.get(span.name) ?? 0) + (starts ? 1 : -1))
    if (starts) running.add(span)
    else running.delete(span)
    if (starts && [...wanted].every(([name, least]) => (counts.get(name) ?? 0) >= least)) return [...running]
  }
  return undefined
}

/** `search  201 ms to 311 ms`, from the start of the run, under the name of the parent. */
function drawn(group: readonly SpanView[], byId: ReadonlyMap<string, SpanView>): string {
  const parent = group[0]?.parentId === undefined ? undefined : byId.get(group[0].parentId)
  const width = Math.max(...group.map(({ name }) => name.length))
  const lines = group.slice(0, MAX_SHOWN).map(({ name, startNs, endNs }) =>
    `    ${name.padEnd(width)}  ${formatDuration(startNs)} to ${formatDuration(endNs)}`)
  if (group.length > MAX_SHOWN) lines.push(`    and ${group.length - MAX_SHOWN} more`)
  return [`  under ${parent?.name ?? 'no parent'}`, ...lines].join('\n')
}

import type { Analysis, DependencyEvidence, Finding, SpanDependency, SpanView } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { formatCount } from './numbers.ts'
import type { Written } from './cache-words.ts'

const MAX_TEXTS = 3

/** Whether a finding is about work that could run at the same time. */
export const isParallel = ({ code }: Pick<Finding, 'code'>): boolean => code.startsWith('PAR')

/** What proves that a finding's spans do not need each other, beyond what its title says. */
export function freedom({ spanIds }: Finding, analysis: Analysis, written: Written): string[] {
  const independent = (analysis.dependencies?.pairs ?? []).filter(({ verdict }) => verdict === 'independent')
  // A finding can name a hundred thousand spans; only those of a pair matter.
  const paired = new Set(independent.flatMap(({ from, to }) => [from, to]))
  const own = new Set(spanIds.filter((id) => paired.has(id)))
  const pairs = independent.filter(({ from, to }) => own.has(from) && own.has(to))
  if (pairs.length === 0) return []
  const views = viewsOf(pairs, analysis)
  return someOf(pairs.flatMap(({ to, evidence }) => {
    if (evidence.some(({ kind }) => kind === 'issued-together')) return []
    const view = views.get(to)
    const known = evidence.find(({ kind }) => kind === 'known-before')?.knownAtNs
    // What was known a moment before it began would not have let it begin earlier.
    if (view === undefined || known === undefined || view.startNs - known < view.durationNs * 0.01) return []
    return [`what ${written(view.name)} was called with was known ${formatDuration(view.startNs - known)} before it began`]
  }))
}

/** Which operations need what another gave, beyond the turns of a conversation. */
export function needs(analysis: Analysis, written: Written): string[] {
  const pairs = (analysis.dependencies?.pairs ?? []).filter(({ verdict, evidence }) =>
    verdict === 'dependent' && evidence.some(({ kind }) => kind === 'value' || kind === 'declared'))
  const views = viewsOf(pairs, analysis)
  return someOf(pairs.flatMap(({ from, to, evidence }) => {
    const [first, second] = [views.get(from), views.get(to)]
    const why = evidence.find(({ kind }) => kind === 'value') ?? evidence.find(({ kind }) => kind === 'declared')
    if (first === undefined || second === undefined || why === undefined || !isWork(first) || !isWork(second)) return []
    return [why.kind === 'declared'
      ? `${written(second.name)} was declared to need ${written(first.name)}`
      : `${written(second.name)} got ${valueText(why)} from ${written(first.name)}`]
  }))
}

/** That models are given what tools gave, and turns follow turns, is what an agent is. */
const isWork = ({ category }: SpanView): boolean => ['tool', 'memory', 'retrieval', 'embedding', 'internal'].includes(category)

const values = { identifier: 'an identifier', url: 'a URL', number: 'a number', words: 'a run of words' } as const

export function valueText({ value, count = 1 }: DependencyEvidence): string {
  const text = value === undefined ? 'a value' : values[value]
  return count < 2 ? text : `${text} and ${formatCount(count - 1)} more`
}

function viewsOf(pairs: readonly SpanDependency[], { spans }: Analysis): ReadonlyMap<string, SpanView> {
  const ids = new Set(pairs.flatMap(({ from, to }) => [from, to]))
  const views = new Map<string, SpanView>()
  if (ids.size > 0) for (const span of spans) if (ids.has(span.id)) views.set(span.id, span)
  return views
}

/** Each text once, and how many more there are. */
function someOf(texts: readonly string[]): string[] {
  const all = [...new Set(texts)]
  return all.length > MAX_TEXTS ? [...all.slice(0, MAX_TEXTS), `${all.length - MAX_TEXTS} more`] : all
}

import { formatCount } from '../../../reports/shared/numbers.ts'
import { valueText } from '../../../reports/shared/evidence.ts'
import type { DependencyEvidence, Finding, Observation, SpanDependency } from '../../../src/model/analysis.ts'
import { formatDuration } from '../../../src/model/units.ts'
import type { RunModel } from '../run/run-model.ts'

/** What a span has to do with others. Pure. */

export interface Relation {
  /** Place of the other span. */
  readonly other: number
  readonly verdict: SpanDependency['verdict']
  readonly evidence: readonly string[]
}

export interface Relations {
  /** Those before it: what it needed, and what it did not. */
  readonly before: readonly Relation[]
  /** Those after it that needed it, and that did not. */
  readonly after: readonly Relation[]
}

interface Pairs {
  readonly to: SpanDependency[]
  readonly from: SpanDependency[]
}

const pairsOfRuns = new WeakMap<RunModel, ReadonlyMap<string, Pairs>>()

function pairsOf(run: RunModel): ReadonlyMap<string, Pairs> {
  const known = pairsOfRuns.get(run)
  if (known !== undefined) return known
  const found = new Map<string, Pairs>()
  const of = (id: string): Pairs => {
    const pairs = found.get(id) ?? { to: [], from: [] }
    found.set(id, pairs)
    return pairs
  }
  for (const pair of run.analysis.dependencies?.pairs ?? []) {
    of(pair.to).to.push(pair)
    of(pair.from).from.push(pair)
  }
  pairsOfRuns.set(run, found)
  return found
}

export function relationsOf(run: RunModel, span: number): Relations {
  const pairs = pairsOf(run).get(run.spans.ids[span]!) ?? { to: [], from: [] }
  const relation = (other: string, { to, verdict, evidence }: SpanDependency, side: keyof Relations): readonly Relation[] => {
    const place = run.placeOf(other)
    const later = run.placeOf(to)
    if (place === undefined || later === undefined) return []
    return [{ other: place, verdict, evidence: evidence.map((one) => evidenceText(one, run.spans.start[later]!, side)) }]
  }
  return {
    before: pairs.to.flatMap((pair) => relation(pair.from, pair, 'before')),
    after: pairs.from.flatMap((pair) => relation(pair.to, pair, 'after')),
  }
}

/**
 * Said beside the other span's name: `its` is the other's, `this` the span that is looked at.
 * @param startNs of the later of the two @param side where the other one stands
 */
export function evidenceText(evidence: DependencyEvidence, startNs: number, side: keyof Relations): string {
  const [earlier, later] = side === 'before' ? ['its', 'this'] : ['this', 'its']
  switch (evidence.kind) {
    case 'issued':
      return side === 'before' ? 'its answer asked for this' : 'this answer asked for it'
    case 'carried':
      return `${later} request carries ${earlier} result`
    case 'answer':
      return `${later} request carries ${earlier} answer`
    case 'value': {
      const { count = 1 } = evidence
      const what = count < 2 ? valueText(evidence) : `${valueText({ ...evidence, count: 1 })} and ${formatCount(count - 1)} more ${count === 2 ? 'value' : 'values'}`
      return `${what} of ${earlier} output ${count < 2 ? 'stands' : 'stand'} in ${later} input`
    }
    case 'declared':
      return 'the program or its framework declared it'
    case 'issued-together':
      return 'one answer asked for both'
    case 'known-before': {
      const early = evidence.knownAtNs === undefined ? 0 : startNs - evidence.knownAtNs
      return `all of ${later} input was known ${early <= 0 ? 'before' : `${formatDuration(early)} before it began`}, and none of it comes from ${earlier} output`
    }
  }
}

export interface NamedBy {
  readonly findings: readonly { readonly number: number; readonly finding: Finding }[]
  readonly observations: readonly Observation[]
}

export function namedBy({ analysis, spans }: RunModel, span: number): NamedBy {
  const id = spans.ids[span]!
  return {
    findings: analysis.findings.flatMap((finding, number) => (finding.spanIds.includes(id) ? [{ number, finding }] : [])),
    observations: analysis.observations.filter(({ spanIds }) => spanIds.includes(id)),
  }
}

export interface ChildGroup {
  readonly name: string
  readonly category: string
  readonly count: number
  readonly failed: number
  readonly timeNs: number
  /** Place of the longest of them. */
  readonly longest: number
}

/** The children by operation, those that took the most time first. */
export function childGroups(run: RunModel, span: number): ChildGroup[] {
  const groups = new Map<string, { -readonly [K in keyof ChildGroup]: ChildGroup[K] }>()
  for (const child of run.children(span)) {
    const key = `${run.spans.category[child]} ${run.spans.name[child]}`
    const duration = run.durationOf(child)
    const failed = run.state(child) === 'failed' ? 1 : 0
    const known = groups.get(key)
    if (known === undefined) {
      groups.set(key, { name: run.name(child), category: run.category(child), count: 1, failed, timeNs: duration, longest: child })
      continue
    }
    known.count++
    known.failed += failed
    known.timeNs += duration
    if (duration > run.durationOf(known.longest)) known.longest = child
  }
  return [...groups.values()].sort((a, b) => b.timeNs - a.timeNs)
}

/** Before and after it under its parent. */
export function siblingsOf(run: RunModel, span: number): { readonly previous?: number; readonly next?: number } {
  const parent = run.spans.parent[span]!
  if (parent === -1) return {}
  const all = run.children(parent)
  const at = all.indexOf(span)
  const previous = all[at - 1]
  const next = all[at + 1]
  return { ...(previous !== undefined && { previous }), ...(next !== undefined && { next }) }
}

/** Places of the tools that a call's answer asked for, by the id of the request and all of them. */
export function issuedBy(run: RunModel, call: number): { readonly byCallId: ReadonlyMap<string, number>; readonly all: readonly number[] } {
  const id = run.spans.ids[call]!
  const all = toolsOfRun(run).get(id) ?? []
  return { all, byCallId: new Map(all.flatMap((place) => {
    const callId = run.document.content.tools[place]?.callId
    return callId === undefined ? [] : [[callId, place] as const]
  })) }
}

const issuedInRuns = new WeakMap<RunModel, ReadonlyMap<string, number[]>>()

function toolsOfRun(run: RunModel): ReadonlyMap<string, number[]> {
  const known = issuedInRuns.get(run)
  if (known !== undefined) return known
  const found = new Map<string, number[]>()
  for (const [place, { issuedBy: by }] of Object.entries(run.spans.details)) {
    if (by === undefined) continue
    const tools = found.get(by)
    if (tools === undefined) found.set(by, [Number(place)])
    else tools.push(Number(place))
  }
  issuedInRuns.set(run, found)
  return found
}

/** What making it longer or shorter would mean for the run. */
export function slackText(run: RunModel, span: number): string {
  const slack = run.spans.slack[span]!
  if (run.spans.late[span] === 1) return 'ended after its parent: nobody waited for it'
  if (slack > 0) return `could take ${formatDuration(slack)} longer without delaying the run`
  return run.spans.wall[span]! > 0 ? 'none: the run waits for it' : 'none'
}

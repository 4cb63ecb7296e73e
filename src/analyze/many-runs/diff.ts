import type { Analysis } from '../../model/analysis.ts'
import type {
  ChangeVerdict, Explanation, Metric, MetricChange, OperationChange, RunDiff, RunSet,
} from '../../model/many-runs.ts'
import { show } from '../../model/show.ts'
import { percentiles } from '../percentiles.ts'
import { byText } from '../totals.ts'
import { alignSpans, pairRenamed, pathOf, Places, type Place } from './align.ts'
import { figuresByCall, known, runFigures, sum, unknownIn, type CallFigures } from './figures.ts'
import {
  benjaminiHochberg, CONFIDENCE, holm, mannWhitney, mean, median, medianDifferenceInterval, RESAMPLES, runsNeeded, smallestP,
  type RankTest,
} from './statistics.ts'

export interface DiffOptions {
  /** The chance of calling a difference proven that is none. Default 0.05. */
  readonly alpha?: number
  /** A proven difference of medians below this share of the base is `small` and no regression. Default 0.02. */
  readonly minChange?: number
}

const MAX_PARTS = 8

/**
 * Two sets of runs compared: whether the whole got slower or dearer, and which operations that comes from. Operations are aligned
 * by their names from the root. Each difference is tested by Mann–Whitney U; duration, tokens and cost of the whole are corrected
 * by Holm, those of operations by Benjamini–Hochberg. With too few runs nothing is tested: `verdict` says so, and the figures
 * stand without a judgement. A figure that is unknown in any run is left out and named in `notes`.
 * @throws RangeError when a set is empty, or an option is not a number from 0 to 1
 */
export function diffRuns(base: readonly Analysis[], next: readonly Analysis[], options: DiffOptions = {}): RunDiff {
  const { alpha, minChange } = checked(base, next, options)
  const sides: Sides = { base: new Side(base), new: new Side(next) }
  const wholes = wholeCandidates(sides)
  const tests = wholes.filter(canDiffer).length
  const enough = smallestP(base.length, next.length) * Math.max(1, tests) <= alpha
  const judge = { alpha, minChange }

  const totals = judged(wholes, enough ? holm : undefined, judge, true)
  const { operations, operationTests } = compareOperations(sides, enough, judge)
  const metrics = totals.map(({ metric }) => metric).filter((metric) => metric === 'durationNs' || metric === 'tokens' || metric === 'costUsd')
  const isSingle = base.length === 1 && next.length === 1
  return {
    verdict: enough ? verdictOf(totals) : 'too-few-runs',
    base: sides.base.set(),
    new: sides.new.set(),
    totals,
    explanations: metrics.map((metric) => explain(metric, sides, operations, enough)),
    operations,
    ...(isSingle && { spans: singleSpans(base[0]!, next[0]!) }),
    method: {
      test: 'mann-whitney-u', alpha, minChange,
      totals: { correction: 'holm', tests: enough ? tests : 0 },
      operations: { correction: 'benjamini-hochberg', tests: operationTests },
      interval: { method: 'bootstrap-percentile', confidence: CONFIDENCE, resamples: RESAMPLES },
      runsNeeded: runsNeeded(tests, alpha),
    },
    notes: notes(sides, operations),
  }
}

function checked(base: readonly Analysis[], next: readonly Analysis[], { alpha = 0.05, minChange = 0.02 }: DiffOptions) {
  for (const [name, runs] of [['base', base], ['new', next]] as const) {
    if (runs.length === 0) throw new RangeError(`${name} must hold at least one run`)
  }
  for (const [name, value] of [['alpha', alpha], ['minChange', minChange]] as const) {
    if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} must be a number from 0 to 1, got ${show(value)}`)
  }
  return { alpha, minChange }
}

/** What the spans of one place add up to in one run. */
interface Sums {
  count: number
  wallNs: number
  selfNs: number
  tokens: number | undefined
  costUsd: number | undefined
  calls: number
}

class Side {
  readonly analyses: readonly Analysis[]
  readonly durations: readonly number[]
  readonly tokens: readonly (number | undefined)[]
  readonly costs: readonly (number | undefined)[]

  constructor(analyses: readonly Analysis[]) {
    this.analyses = analyses
    const figures = analyses.map(runFigures)
    this.durations = figures.map(({ durationNs }) => durationNs)
    this.tokens = figures.map(({ tokens }) => tokens)
    this.costs = figures.map(({ costUsd }) => costUsd)
  }

  set(): RunSet {
    const names = [...new Set(this.analyses.map(({ run }) => run.name))].sort(byText)
    const failed = this.analyses.filter(({ run }) => run.outcome.state === 'failed').length
    return { runs: this.analyses.length, names, failed, traceIds: this.analyses.map(({ run }) => run.traceId) }
  }
}

type Sides = Readonly<Record<'base' | 'new', Side>>

/** Two samples that may be tested. */
interface Candidate {
  readonly metric: Metric
  readonly base: readonly number[]
  readonly new: readonly number[]
}

/** Equal values in all runs of both sides: no test can find anything, and none is spent on it. */
const canDiffer = ({ base, new: next }: Candidate): boolean => [...base, ...next].some((value) => value !== base[0])

function wholeCandidates({ base, new: next }: Sides): Candidate[] {
  const candidates: Candidate[] = [{ metric: 'durationNs', base: base.durations, new: next.durations }]
  const hasCalls = [...base.analyses, ...next.analyses].some(({ calls }) => calls.length > 0)
  for (const [metric, key] of [['tokens', 'tokens'], ['costUsd', 'costs']] as const) {
    const [ofBase, ofNew] = [known(base[key]), known(next[key])]
    if (hasCalls && ofBase !== undefined && ofNew !== undefined) candidates.push({ metric, base: ofBase, new: ofNew })
  }
  return candidates
}

interface Judge {
  readonly alpha: number
  readonly minChange: number
}

/** @param correct undefined: nothing is tested */
function judged(
  candidates: readonly Candidate[], correct: ((pValues: readonly number[]) => number[]) | undefined, judge: Judge, always: boolean,
): MetricChange[] {
  const tests = candidates.map((one) => (correct !== undefined && canDiffer(one) ? mannWhitney(one.base, one.new) : undefined))
  const adjusted = correct?.(tests.flatMap((test) => test?.pValue ?? [])) ?? []
  let at = 0
  return candidates.map((candidate, i) => change(candidate, tests[i], tests[i] === undefined ? undefined : adjusted[at++], judge, always))
}

function change(
  { metric, base, new: next }: Candidate, test: RankTest | undefined, adjustedP: number | undefined, judge: Judge, always: boolean,
): MetricChange {
  const [from, to] = [sample(base), sample(next)]
  const difference = to.median - from.median
  const proven = adjustedP !== undefined && adjustedP <= judge.alpha
  return {
    metric, base: from, new: to, difference,
    ...(from.median !== 0 && { share: difference / from.median }),
    ...(test !== undefined && (proven || always) && { interval: medianDifferenceInterval(base, next) }),
    ...(test !== undefined && adjustedP !== undefined && {
      pValue: test.pValue, adjustedP, exact: test.exact, superiority: test.superiority,
    }),
    verdict: test === undefined ? 'untested' : proven ? direction(test.superiority, difference, from.median, judge) : 'none',
  }
}

function direction(superiority: number, difference: number, from: number, { minChange }: Judge): ChangeVerdict {
  if (Math.abs(difference) < minChange * Math.abs(from) || difference === 0) return 'small'
  if (superiority > 0.5 !== difference > 0) return 'unclear'
  return difference > 0 ? 'more' : 'less'
}

const sample = (values: readonly number[]) => ({ median: median(values), p95: percentiles(values)!.p95, mean: mean(values) })

function verdictOf(totals: readonly MetricChange[]): RunDiff['verdict'] {
  const [more, less] = [totals.some(({ verdict }) => verdict === 'more'), totals.some(({ verdict }) => verdict === 'less')]
  return more && less ? 'mixed' : more ? 'regression' : less ? 'improvement' : 'none'
}

/** Places of both sides and what each run spent in them. */
interface Aligned {
  readonly places: readonly Place[]
  readonly base: readonly ReadonlyMap<number, Sums>[]
  readonly new: readonly ReadonlyMap<number, Sums>[]
}

function align(sides: Sides): Aligned {
  const places = new Places()
  const read = ({ analyses }: Side) => analyses.map((analysis) => sumsOf(analysis, places.of(analysis)))
  const [base, next] = [read(sides.base), read(sides.new)]
  const standsFor = pairRenamed(places.all, keysOf(base), keysOf(next))
  return { places: places.all.filter((place) => standsFor[place.index] === place), base, new: next.map((run) => moved(run, standsFor)) }
}

const keysOf = (runs: readonly ReadonlyMap<number, Sums>[]): Set<number> => new Set(runs.flatMap((run) => [...run.keys()]))
const moved = (run: ReadonlyMap<number, Sums>, standsFor: readonly Place[]): Map<number, Sums> =>
  new Map([...run].map(([index, sums]) => [standsFor[index]!.index, sums]))

function sumsOf(analysis: Analysis, places: readonly Place[]): Map<number, Sums> {
  const found = new Map<number, Sums>()
  const calls: ReadonlyMap<string, CallFigures> = figuresByCall(analysis)
  for (const [i, { id, wallNs, selfNs }] of analysis.spans.entries()) {
    const { index } = places[i]!
    let sums = found.get(index)
    if (sums === undefined) found.set(index, sums = { count: 0, wallNs: 0, selfNs: 0, tokens: 0, costUsd: 0, calls: 0 })
    sums.count++
    sums.wallNs += wallNs
    sums.selfNs += selfNs
    const call = calls.get(id)
    if (call === undefined) continue
    sums.calls++
    sums.tokens = sum([sums.tokens, call.inputTokens, call.outputTokens])
    sums.costUsd = sum([sums.costUsd, call.costUsd])
  }
  return found
}

interface Compared {
  readonly place: Place
  readonly candidates: readonly Candidate[]
  readonly operation: Omit<OperationChange, 'changes'>
}

function compareOperations(sides: Sides, enough: boolean, judge: Judge) {
  const aligned = align(sides)
  const withTokens = known([...sides.base.tokens, ...sides.new.tokens]) !== undefined
  const withCost = known([...sides.base.costs, ...sides.new.costs]) !== undefined
  const compared = aligned.places.map((place) => compare(place, aligned, withTokens, withCost))
  const changes = judged(compared.flatMap(({ candidates }) => candidates), enough ? benjaminiHochberg : undefined, judge, false)
  let at = 0
  const operations = compared
    .map(({ operation, candidates }): OperationChange => ({ ...operation, changes: changes.slice(at, at += candidates.length) }))
    .sort((a, b) => Math.abs(b.contribution.wallNs) - Math.abs(a.contribution.wallNs) || byText(a.path.join('\n'), b.path.join('\n'))
      || byText(a.category, b.category))
  return { operations, operationTests: changes.filter(({ pValue }) => pValue !== undefined).length }
}

function compare(place: Place, { base, new: next }: Aligned, withTokens: boolean, withCost: boolean): Compared {
  const values = (metric: keyof Sums): Omit<Candidate, 'metric'> => {
    const of = (runs: readonly ReadonlyMap<number, Sums>[]): number[] => runs.map((run) => run.get(place.index)?.[metric] ?? 0)
    return { base: of(base), new: of(next) }
  }
  const isIn = (runs: readonly ReadonlyMap<number, Sums>[]): boolean => runs.some((run) => run.has(place.index))
  const [wall, self, count] = [values('wallNs'), values('selfNs'), values('count')]
  const calls = values('calls')
  const hasCalls = [...calls.base, ...calls.new].some((value) => value > 0)
  const [tokens, cost] = [withTokens && hasCalls ? values('tokens') : undefined, withCost && hasCalls ? values('costUsd') : undefined]
  // What is all on the critical path would be tested twice.
  const isAllOnPath = same(wall.base, self.base) && same(wall.new, self.new)
  return {
    place,
    candidates: [
      { metric: 'wallNs', ...wall },
      ...(isAllOnPath ? [] : [{ metric: 'selfNs' as const, ...self }]),
      ...(tokens === undefined ? [] : [{ metric: 'tokens' as const, ...tokens }]),
      ...(cost === undefined ? [] : [{ metric: 'costUsd' as const, ...cost }]),
    ],
    operation: {
      path: pathOf(place), category: place.category,
      ...(place.renamedTo !== undefined && { renamedTo: place.renamedTo }),
      presence: !isIn(base) ? 'added' : isIn(next) ? 'both' : 'gone',
      count: { base: mean(count.base), new: mean(count.new) },
      contribution: {
        wallNs: meanChange(wall),
        ...(withTokens && { tokens: tokens === undefined ? 0 : meanChange(tokens) }),
        ...(withCost && { costUsd: cost === undefined ? 0 : meanChange(cost) }),
      },
    },
  }
}

/** Sums of equal numbers differ in their last digits where there are more of them on one side: that is no change. */
const meanChange = ({ base, new: next }: Omit<Candidate, 'metric'>): number => {
  const [before, after] = [mean(base), mean(next)]
  return Math.abs(after - before) <= NOISE * Math.max(Math.abs(before), Math.abs(after)) ? 0 : after - before
}
const NOISE = 1e-12
const same = (a: readonly number[], b: readonly number[]): boolean => a.every((value, i) => value === b[i])

/** The parts with a proven difference, largest first; where nothing was tested, the largest. All others are the rest. */
function explain(
  metric: Explanation['metric'], sides: Sides, operations: readonly OperationChange[], enough: boolean,
): Explanation {
  const key = metric === 'durationNs' ? 'wallNs' : metric
  const whole = metric === 'durationNs' ? 'durations' : metric === 'tokens' ? 'tokens' : 'costs'
  const total = meanChange({ base: known(sides.base[whole]) ?? [], new: known(sides.new[whole]) ?? [] })
  const shareOf = (part: number) => (total !== 0 && { share: part === 0 ? 0 : part / total })
  const proven = ({ changes }: OperationChange): boolean =>
    changes.some((one) => one.metric === key && one.verdict !== 'none' && one.verdict !== 'untested')
  const entries = operations.map((one, operation) => ({ operation, change: one.contribution[key] ?? 0, proven: proven(one) }))
  const parts = entries.filter((one) => one.change !== 0 && (one.proven || !enough))
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change) || a.operation - b.operation).slice(0, MAX_PARTS)
  const listed = new Set(parts.map(({ operation }) => operation))
  const others = entries.filter(({ operation, change: part }) => !listed.has(operation) && part !== 0)
  const rest = total - parts.reduce((all, part) => all + part.change, 0)
  return {
    metric, meanChange: total,
    parts: parts.map((part) => ({ ...part, ...shareOf(part.change) })),
    rest: { operations: others.length, change: others.length === 0 ? 0 : rest, ...shareOf(others.length === 0 ? 0 : rest) },
  }
}

function singleSpans(base: Analysis, next: Analysis) {
  const places = new Places()
  const [ofBase, ofNew] = [places.of(base), places.of(next)]
  const indexes = (list: readonly Place[]): Set<number> => new Set(list.map(({ index }) => index))
  const standsFor = pairRenamed(places.all, indexes(ofBase), indexes(ofNew))
  return alignSpans({ analysis: base, places: ofBase }, { analysis: next, places: ofNew }, standsFor)
}

function notes(sides: Sides, operations: readonly OperationChange[]): string[] {
  const [base, next] = [sides.base.set(), sides.new.set()]
  const found: string[] = []
  for (const [which, { runs, failed, names }] of [['base', base], ['new', next]] as const) {
    if (failed > 0) found.push(`${failed} of ${runs} ${which} ${runs === 1 ? 'run' : 'runs'} failed`)
    if (names.length > 1) found.push(`the ${which} runs have ${names.length} different names: ${names.slice(0, 4).join(', ')}`)
  }
  if (base.names.length === 1 && next.names.length === 1 && base.names[0] !== next.names[0]) {
    found.push(`the runs are called ${base.names[0]} and ${next.names[0]}`)
  }
  const both = new Set(next.traceIds.filter((id) => base.traceIds.includes(id))).size
  if (both > 0) found.push(`${both} ${both === 1 ? 'run is' : 'runs are'} on both sides`)
  for (const [which, side] of [['base', sides.base], ['new', sides.new]] as const) {
    for (const [what, values] of [['tokens', side.tokens], ['cost', side.costs]] as const) {
      if (known(values) === undefined) found.push(`${which}: ${unknownIn(what, values)}, so ${what === 'cost' ? 'it is' : 'they are'} not compared`)
    }
  }
  for (const { path, renamedTo } of operations) {
    if (renamedTo !== undefined) found.push(`${path.at(-1)!} of base is compared with ${renamedTo} of new, which stands in its place`)
  }
  return found
}

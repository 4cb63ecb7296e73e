import type { Analysis } from '../../model/analysis.ts'
import type { Bounds, BudgetCheck, BudgetLine, Statistic } from '../../model/many-runs.ts'
import { percentiles } from '../percentiles.ts'
import { figureNames, operationFigureNames, statistics, type Budget, type Limit, type Suggest } from './budget.ts'
import { runFigures, unknownIn, type RunFigures } from './figures.ts'
import { quantileBounds } from './quantiles.ts'

/** One value of a run, or one of several. */
interface Value {
  readonly traceId: string
  /** Undefined when it is unknown. */
  readonly value: number | undefined
}

/** A figure with all its values over the runs. */
interface Figure {
  readonly name: string
  /** In a sentence. */
  readonly what: string
  readonly values: readonly Value[]
  /** Several values of one run resemble each other, and then there is no interval from order statistics. */
  readonly independent: boolean
}

/**
 * How runs stand to a budget. Percentiles are nearest rank; of one run each figure is its own p95. A figure that is unknown in a
 * run cannot stay within a limit: a cost without a price is not 0.
 * @param suggest for an operation that no run has
 */
export function checkBudget(analyses: readonly Analysis[], budget: Budget, suggest: Suggest = () => ''): BudgetCheck {
  const figures = analyses.map(runFigures)
  const lines: BudgetLine[] = []
  const { minRuns = 1 } = budget
  if (budget.minRuns !== undefined || analyses.length === 0) lines.push(enoughRuns(analyses.length, minRuns))
  if (analyses.length > 0) {
    for (const name of figureNames) {
      const limit = budget[name]
      if (limit !== undefined) lines.push(...held({ name, what: words[name], values: valuesOf(figures, name), independent: true }, limit))
    }
    lines.push(...operationLines(analyses, budget, suggest))
    for (const code of budget.failOn ?? []) lines.push(free(analyses, code))
  }
  const reasons = lines.flatMap(({ reason }) => reason ?? [])
  return { ok: lines.every(({ ok }) => ok), runs: analyses.length, lines, reasons }
}

const words: Readonly<Record<(typeof figureNames)[number], string>> = {
  durationMs: 'duration', costUsd: 'cost', tokens: 'tokens', inputTokens: 'input tokens', outputTokens: 'output tokens',
  contextShare: 'share of the context window', llmCalls: 'LLM calls', toolCalls: 'tool calls',
}

function valuesOf(figures: readonly RunFigures[], name: (typeof figureNames)[number]): Value[] {
  return figures.map((run) => ({ traceId: run.traceId, value: name === 'durationMs' ? run.durationNs / 1e6 : run[name] }))
}

function enoughRuns(runs: number, limit: number): BudgetLine {
  const ok = runs >= limit
  return { name: 'minRuns', limit, actual: runs, ok, ...(!ok && { reason: `${limit} ${limit === 1 ? 'run is' : 'runs are'} needed, and there ${runs === 1 ? 'is 1' : `are ${runs}`}` }) }
}

function held(figure: Figure, limit: Limit): BudgetLine[] {
  const limits = typeof limit === 'number' ? { p95: limit } : limit
  return statistics.flatMap((statistic) => {
    const most = limits[statistic]
    return most === undefined ? [] : [line(figure, statistic, most)]
  })
}

const SHARES = { p50: 0.5, p95: 0.95, p99: 0.99 } as const

function line({ name, what, values, independent }: Figure, statistic: Statistic, limit: number): BudgetLine {
  const shown = { name, statistic, limit }
  const unknown = values.filter(({ value }) => value === undefined)
  if (unknown.length > 0) {
    const all = values.map(({ value }) => value)
    return { ...shown, ok: false, reason: `${unknownIn(what, all)}, and what is unknown is not within ${formatLimit(limit, name)}${cure(name)}`, traceIds: idsOf(unknown) }
  }
  const sorted = Float64Array.from(values, ({ value }) => value!).sort()
  const actual = percentiles(sorted)![statistic]
  const interval: Bounds | undefined = statistic === 'max' || !independent || sorted.length < 2 ? undefined : quantileBounds(sorted, SHARES[statistic])
  const hasBounds = interval?.low !== undefined || interval?.high !== undefined
  const ok = actual <= limit
  const over = values.filter(({ value }) => value! > limit)
  const subject = sorted.length === 1 ? `the ${what}` : statistic === 'max' ? `the largest ${what}` : `${statistic} of the ${what}`
  return {
    ...shown, actual, ok,
    ...(hasBounds && { interval }),
    ...(!ok && {
      reason: `${subject} ${sorted.length === 1 && what.endsWith('s') ? 'are' : 'is'} ${formatLimit(actual, name)}, over ${formatLimit(limit, name)}`
        + (sorted.length > 1 ? ` (${over.length} of ${sorted.length} ${independent ? 'runs' : 'spans'} are over it)` : ''),
      traceIds: idsOf(over),
    }),
  }
}

const cure = (name: string): string =>
  name === 'costUsd' ? ': a call without a known price is not free' : name === 'contextShare' ? ': a model without a known window has no share' : ''

const idsOf = (values: readonly Value[]): string[] => [...new Set(values.map(({ traceId }) => traceId))]

/** In the unit of the name: `8,210 ms`, `$0.05`, `82 %`, `12`. */
function formatLimit(value: number, name: string): string {
  if (name.endsWith('Ms')) return `${grouped(value)} ms`
  if (name === 'costUsd') return `$${Number(value.toPrecision(4))}`
  return name === 'contextShare' ? `${Number((value * 100).toFixed(1))} %` : grouped(value)
}

const grouped = (value: number): string => {
  const [whole = '', fraction] = String(Number(value.toFixed(value < 10 ? 2 : value < 1000 ? 1 : 0))).split('.')
  return whole.replace(/\B(?=(?:\d{3})+$)/g, ',') + (fraction === undefined ? '' : `.${fraction}`)
}

function operationLines(analyses: readonly Analysis[], { operations = {} }: Budget, suggest: Suggest): BudgetLine[] {
  const names = new Set(analyses.flatMap((analysis) => analysis.operations.map(({ name }) => name)))
  return Object.entries(operations).flatMap(([name, budget]): BudgetLine[] => {
    const path = `operations.${name}`
    if (!names.has(name)) {
      const limit = Object.values(budget).find((one) => one !== undefined)
      const reason = `no run has an operation ${name}${suggest(name, [...names])}`
      return [{ name: path, limit: typeof limit === 'number' ? limit : (limit?.p95 ?? limit?.max ?? 0), ok: false, reason }]
    }
    return operationFigureNames.flatMap((figure) => {
      const limit = budget[figure]
      return limit === undefined ? [] : held(operationFigure(analyses, name, figure), limit)
    })
  })
}

function operationFigure(analyses: readonly Analysis[], operation: string, figure: (typeof operationFigureNames)[number]): Figure {
  const spansOf = ({ spans }: Analysis) => spans.filter(({ name }) => name === operation)
  const values = figure === 'count'
    ? analyses.map((analysis) => ({ traceId: analysis.run.traceId, value: spansOf(analysis).length }))
    : analyses.flatMap((analysis) => spansOf(analysis).map(({ durationNs }) => ({ traceId: analysis.run.traceId, value: durationNs / 1e6 })))
  return {
    name: `operations.${operation}.${figure}`, values,
    what: figure === 'count' ? `number of ${operation} spans` : `duration of ${operation}`,
    independent: figure === 'count' || values.length === analyses.length,
  }
}

/** No run may have it. */
function free(analyses: readonly Analysis[], code: string): BudgetLine {
  const met = analyses.filter(({ findings, observations, run }) => {
    if (code === 'any') return findings.length > 0
    return code === 'failed' ? run.outcome.state === 'failed' : [...findings, ...observations].some((one) => one.code === code)
  })
  const [first] = met
  if (first === undefined) return { name: 'failOn', limit: code, actual: 0, ok: true }
  const whose = analyses.length === 1 ? 'the run' : `${met.length} of ${analyses.length} runs`
  return {
    name: 'failOn', limit: code, actual: met.length, ok: false,
    reason: `${whose} ${code === 'failed' ? 'failed' : `${analyses.length === 1 || met.length === 1 ? 'has' : 'have'} ${code === 'any' ? 'a finding' : code}`}: ${titleOf(first, code)}`,
    traceIds: met.map(({ run }) => run.traceId),
  }
}

function titleOf({ findings, observations, run: { outcome } }: Analysis, code: string): string {
  if (code === 'failed') return outcome.state === 'failed' ? `${outcome.type}: ${outcome.message}` : ''
  const found = code === 'any' ? findings[0] : [...findings, ...observations].find((one) => one.code === code)
  return `${code === 'any' ? `${found?.code ?? ''} ` : ''}${found?.title ?? ''}`
}

import { expect } from 'vitest'
import { formatSaving } from '../reports/shared/numbers.ts'
import { analyze } from './analyze/index.ts'
import { isCondition, readBudget, type Budget } from './analyze/many-runs/budget.ts'
import { checkBudget } from './analyze/many-runs/check.ts'
import { explainParallel } from './analyze/many-runs/parallel.ts'
import { didYouMean } from './cli/nearest.ts'
import type { Analysis } from './model/analysis.ts'
import { show } from './model/show.ts'
import type { Trace } from './model/span.ts'
import { safeTrace } from './trace-file/index.ts'

export type { Budget, Limit, OperationBudget } from './analyze/many-runs/budget.ts'

/** What the matchers take: a trace, its analysis, a profiler (its last run), or several runs. */
export type Runs = Run | readonly Run[]
type Run = Trace | Analysis | { readonly lastTrace: Trace | undefined }

interface Result {
  readonly pass: boolean
  readonly message: () => string
}

/**
 * Matchers for agents, added to Vitest's `expect` when this module is imported (in a test or in `setupFiles`).
 *
 *     import 'spanwise/vitest'
 *     await profiler.run('agent', () => agent('a question'))
 *     expect(profiler).toStayWithin({ durationMs: 8000, tokens: 20_000 })
 */
export interface SpanwiseMatchers {
  /**
   * The run stays within these limits; the names are those of a budget file. What is unknown is not within a limit. Of several
   * runs a limit holds for p95, or for the statistics that it names.
   */
  toStayWithin(limits: Budget): void
  /** Under one parent, spans of all these names ran at the same time; a name given twice takes two spans of it. */
  toRunInParallel(...names: readonly [string, string, ...string[]]): void
  /** None of these findings or observations, by code; without a code no finding at all. */
  toHaveNoFinding(...codes: readonly string[]): void
}

declare module 'vitest' {
  // Vitest 3.2 and later
  interface Matchers<T> extends SpanwiseMatchers {}
  // Before it
  interface Assertion<T> extends SpanwiseMatchers {}
}

/** For `expect.extend`, where importing this module is not the way to have them. */
export const matchers: {
  readonly toStayWithin: (received: unknown, limits: unknown) => Result
  readonly toRunInParallel: (received: unknown, ...names: readonly unknown[]) => Result
  readonly toHaveNoFinding: (received: unknown, ...codes: readonly unknown[]) => Result
} = {
  toStayWithin(received, limits) {
    const read = readBudget(limits, didYouMean)
    if ('problems' in read) throw new TypeError(`toStayWithin: ${read.problems.join('\n')}`)
    const check = checkBudget(analysesOf(received, 'toStayWithin'), read.budget, didYouMean)
    const held = check.lines.map(({ name, statistic, limit, actual }) =>
      `  ${name}${statistic === undefined || check.runs === 1 ? '' : ` ${statistic}`}: ${rounded(actual)}, limit ${limit}`)
    return {
      pass: check.ok,
      message: () => (check.ok
        ? `expected ${theRuns(check.runs)} not to stay within the limits, but nothing is over them:\n${held.join('\n')}`
        : `expected ${theRuns(check.runs)} to stay within the limits:\n${check.reasons.map((reason) => `  ${reason}`).join('\n')}`),
    }
  },

  toRunInParallel(received, ...names) {
    if (names.length < 2 || !names.every((name) => typeof name === 'string')) {
      throw new TypeError(`toRunInParallel takes the names of two spans or more, got ${show(names)}`)
    }
    const results = analysesOf(received, 'toRunInParallel').map((analysis) => explainParallel(analysis, names, didYouMean))
    const judged = results.flatMap((result) => {
      // Neither parallel nor not: a name that is mistyped must not let `not.toRunInParallel` pass.
      if ('missing' in result) throw new Error(`toRunInParallel: ${result.missing}`)
      return [result]
    })
    const apart = judged.find(({ together }) => !together)
    return { pass: apart === undefined, message: () => (apart ?? judged[0]!).text }
  },

  toHaveNoFinding(received, ...codes) {
    const wrong = codes.find((code) => !isCondition(code) || code === 'failed')
    if (wrong !== undefined) throw new TypeError(`toHaveNoFinding takes codes such as PAR001, got ${show(wrong)}`)
    const analyses = analysesOf(received, 'toHaveNoFinding')
    const found = analyses.flatMap((analysis) => findingsOf(analysis, codes))
    const what = codes.length === 0 ? 'finding' : codes.join(' or ')
    return {
      pass: found.length === 0,
      message: () => (found.length === 0
        ? `expected ${theRuns(analyses.length)} to have ${codes.length === 0 ? 'a finding' : what}, but there is none`
        : `expected ${theRuns(analyses.length)} to have no ${what}, but found:\n${found.join('\n')}`),
    }
  },
}

const theRuns = (count: number): string => (count === 1 ? 'the run' : `${count} runs`)
const rounded = (value: number | undefined): string => (value === undefined ? 'nothing' : String(Number(value.toPrecision(6))))

/** @throws TypeError that says what to give instead */
function analysesOf(received: unknown, matcher: string): Analysis[] {
  if (!Array.isArray(received)) return [analysisOf(received, matcher)]
  if (received.length === 0) throw new TypeError(`${matcher}: there are no runs in the list`)
  return received.map((run) => analysisOf(run, matcher))
}

function analysisOf(received: unknown, matcher: string): Analysis {
  if (typeof received === 'object' && received !== null) {
    if (isAnalysis(received)) return received
    if (isTrace(received)) return analyze(safeTrace(received))
    if ('lastTrace' in received) return ofProfiler(received.lastTrace, matcher)
  }
  throw new TypeError(`${matcher}: expect() takes a trace, its analysis, a profiler, or a list of them, got ${show(received)}`)
}

function ofProfiler(lastTrace: unknown, matcher: string): Analysis {
  if (typeof lastTrace === 'object' && lastTrace !== null && isTrace(lastTrace)) return analyze(safeTrace(lastTrace))
  throw new TypeError(`${matcher}: the profiler has no run that has ended; await profiler.run('name', fn) first, and SPANWISE=0 must not be set`)
}

const isAnalysis = (value: object): value is Analysis => 'criticalPath' in value && 'findings' in value
const isTrace = (value: object): value is Trace => 'parts' in value && 'spans' in value && Array.isArray(value.spans)

function findingsOf({ findings, observations }: Analysis, codes: readonly unknown[]): string[] {
  const any = codes.length === 0 || codes.includes('any')
  const asked = (code: string): boolean => codes.includes(code)
  return [
    ...findings.filter(({ code }) => any || asked(code)).map(({ code, title, saving, confidence, advice, spanIds }) => {
      const savings = formatSaving(saving).join(', ')
      return `  ${code} ${title} (${savings === '' ? '' : `saves ${savings}, `}${confidence})\n    ${advice}\n    spans ${spanIds.slice(0, 6).join(', ')}`
    }),
    ...observations.filter(({ code }) => asked(code)).map(({ code, title, advice }) => `  ${code} ${title}${advice === undefined ? '' : `\n    ${advice}`}`),
  ]
}

expect.extend(matchers)

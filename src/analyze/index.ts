import type { Analysis, Overhead, Schedule } from '../model/analysis.ts'
import { show } from '../model/show.ts'
import type { Trace } from '../model/span.ts'
import { pricing as pricingOf, type Pricing } from '../models/prices.ts'
import { windowTable, type WindowTable } from '../models/windows.ts'
import { cacheSummary } from './cache.ts'
import { findCalls, type Call } from './calls.ts'
import { contextSummary } from './context.ts'
import { contextInputs } from './context-inputs.ts'
import { costParts } from './cost-parts.ts'
import { criticalPath } from './critical-path.ts'
import { dependencies as dependenciesOf, type Dependencies } from './dependencies.ts'
import { dependencyList } from './dependency-list.ts'
import { detect, type Detected } from './findings/index.ts'
import { independence, type Independence } from './independence.ts'
import { checkPrices, checkWindows, readThresholds, type AnalyzeOptions } from './options.ts'
import { prefillLatency } from './latency.ts'
import { problems } from './problems.ts'
import { giveBack, ints, reusing } from './room.ts'
import { Simulator, type Scheduled } from './schedule.ts'
import { withSensitivity } from './sensitivity.ts'
import { selfTimes } from './self-time.ts'
import { slacks } from './slack.ts'
import { timelineOf, type Timeline } from './timeline.ts'
import { localTokenCounter } from './token-counter.ts'
import { categoryTotals, modelTotals, operationsOf, operationTotals, totalsOf } from './totals.ts'
import { pathSteps, spanViews } from './span-views.ts'
import { valuesOf } from './values.ts'

/**
 * Everything that reports show of a run: where the time, the tokens and the money went, what waited for what, and what would
 * make the next run faster. Pure: the same trace and options give the same analysis, in whatever order its spans arrived.
 * Times are nanoseconds, costs US dollars.
 * @throws {TypeError} when `trace` is not one, or the options are of the wrong shape
 * @throws {RangeError} when an option is out of its range
 */
export function analyze(trace: Trace, options: AnalyzeOptions = {}): Analysis {
  return derive(trace, options).analysis
}

/** An analysis, and of what it was made from what simulating the run again needs. */
export interface Derived {
  readonly analysis: Analysis
  readonly dependencies: Dependencies
  readonly free: Independence
  /** By place in the findings. */
  readonly changes: Detected['changes']
}

/** {@link analyze}, with more of what it found on the way. */
export function derive(trace: Trace, options: AnalyzeOptions): Derived {
  checkTraceShape(trace)
  return reusing(() => deriveAll(trace, options))
}

function deriveAll(trace: Trace, options: AnalyzeOptions): Derived {
  const thresholds = readThresholds(options)
  checkPrices(options.prices)
  checkWindows(options.windows)
  // Loaded when the first call asks: a run without any needs no table.
  const pricing = once(() => pricingOf(options.prices))
  const windows = once(() => windowTable(options.windows))
  const counter = options.tokens ?? localTokenCounter

  const timeline = timelineOf(trace)
  const self = selfTimes(timeline)
  const path = criticalPath(timeline)
  const slack = slacks(timeline)
  const calls = findCalls(trace, timeline, counter, pricing)
  const latency = prefillLatency(calls)
  const values = valuesOf(trace, timeline)
  const inputs = contextInputs({
    trace, timeline, calls, latency, values, counter, pricing, windows, threshold: thresholds.contextShare,
  })
  const context = contextSummary(inputs)
  const cache = cacheSummary(inputs)
  const dependencies = dependenciesOf(trace, timeline, values)
  const free = independence(timeline, values, dependencies)
  if (dependencies.outerEnd !== undefined) giveBack(dependencies.outerEnd)
  const pairs = dependencyList(timeline, dependencies, free)
  const simulator = new Simulator(timeline, dependencies)
  const operations = operationsOf(timeline)
  const cost = costParts(trace, timeline, calls, pricing)
  const { wall } = path
  const { findings, observations, changes } = detect({ trace, timeline, thresholds, wall, calls, context, cache, values, dependencies, free, simulator, pricing })

  const analysis: Analysis = {
    run: describeRun(trace, timeline),
    totals: totalsOf(timeline, calls),
    ...(cost !== undefined && { cost }),
    categories: categoryTotals(timeline, self, wall, calls),
    operations: withSensitivity(operationTotals(timeline, self, wall, operations), operations, timeline, wall, simulator),
    calls: calls.map(({ summary }) => summary),
    models: modelTotals(calls, self),
    latency,
    context,
    ...(cache !== undefined && { cache }),
    criticalPath: pathSteps(timeline, path),
    ...(pairs !== undefined && { dependencies: pairs }),
    schedules: schedules(timeline, dependencies, free, simulator),
    findings,
    observations,
    overhead: overhead(trace, timeline),
    problems: problems(trace, timeline, calls, context, calls.length === 0 || pricing().hasTable),
    sources: sources(calls, context, pricing, windows, counter === false ? undefined : counter.source),
    spans: spanViews(timeline, { self, wall, slack, calls }),
  }
  return { analysis, dependencies, free, changes }
}

function schedules({ spans }: Timeline, dependencies: Dependencies, free: Independence, simulator: Simulator): Analysis['schedules'] {
  const named = ({ durationNs, limit, moved }: Scheduled): Schedule => {
    const count = moved.reduce((sum, one) => sum + one, 0)
    const spanIds: string[] = []
    for (let i = moved.indexOf(1); i !== -1 && spanIds.length < MAX_MOVED; i = moved.indexOf(1, i + 1)) spanIds.push(spans[i]!.id)
    return { durationNs, limit, ...(count > 0 && { moved: { count, spanIds } }) }
  }
  return { proven: named(simulator.schedule({ groupOf: groupsOf(spans.length, dependencies), free })), possible: named(simulator.schedule({ unknown: true })) }
}

/** By span, which group of what was issued together it is in; -1: none. */
export function groupsOf(spans: number, { issuedTogether }: Pick<Dependencies, 'issuedTogether'>): Int32Array {
  const groupOf = ints(spans).fill(-1)
  issuedTogether.forEach(({ members }, group) => members.forEach((i) => (groupOf[i] = group)))
  return groupOf
}

/** Spans that are named; the others are counted. */
const MAX_MOVED = 200

function describeRun(trace: Trace, { spans }: Timeline): Analysis['run'] {
  const { id, name, service, tags, startedAtEpochMs, process } = trace
  return {
    traceId: id,
    name,
    ...(service !== undefined && { service }),
    ...(tags !== undefined && { tags }),
    startedAtEpochMs,
    outcome: spans[0]?.outcome ?? { state: 'ok' },
    ...(process !== undefined && { process }),
    ...(spans[0]?.resources !== undefined && { resources: spans[0].resources }),
  }
}

function overhead({ overheadNs, dropped, selfErrors }: Trace, { durationNs }: Timeline): Overhead {
  return { selfNs: overheadNs, share: durationNs === 0 ? 0 : overheadNs / durationNs, dropped: { ...dropped }, selfErrors }
}

function sources(
  calls: readonly Call[], context: Analysis['context'], pricing: () => Pricing, windows: () => WindowTable,
  tokens: string | undefined,
): Analysis['sources'] {
  return {
    ...(calls.length > 0 && { prices: pricing().source }),
    ...(context.calls.length > 0 && { windows: windows().source }),
    ...(tokens !== undefined && calls.some(({ estimate }) => estimate === 'counted') && { tokens }),
  }
}

function checkTraceShape(trace: unknown): void {
  const { spans, parts } = (trace ?? {}) as Partial<Record<'spans' | 'parts', unknown>>
  if (!Array.isArray(spans) || !Array.isArray(parts)) {
    throw new TypeError(`expected a trace with spans and parts, got ${show(trace)}`)
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

import type {
  Analysis, CallSummary, CategoryTotals, Finding, ModelTotals, OperationTotals, Percentiles, SpanView,
} from '../../src/model/analysis.ts'
import type { Attempt, Outcome } from '../../src/model/span.ts'
import { addUsage, NO_USAGE, type Usage } from '../../src/model/usage.ts'
import { NS_PER_MS } from '../../src/model/units.ts'
import { seeded } from './random.ts'

/** What a drawn run can add to its drawing. Everything else is derived from the spans. */
export interface Extras extends Partial<Omit<Analysis, 'run' | 'totals' | 'spans'>> {
  readonly outcome?: Outcome
  readonly name?: string
  /** Names that a drawing cannot hold, by span id (`s0`, `s1`, … in order of the lines). */
  readonly names?: Readonly<Record<string, string>>
}

/** A call in a drawing: `in=1200 cached=800 out=90 ttft=120 usd=0.002`, and `fail=429:10-40` for a failed attempt. */
type Facts = Readonly<Record<string, string>>

interface Drawn {
  readonly view: { -readonly [K in keyof SpanView]: SpanView[K] }
  readonly facts: Facts
}

/**
 * An analysis from a drawing: a line per span, indented by depth, `name [category] start-end [fact=value …]` in milliseconds.
 *
 *     agent agent 0-100
 *       gpt llm 5-35 ttft=10 in=1200 out=90
 *       search tool 40-90 failed=TypeError:boom
 */
export function drawn(text: string, extras: Extras = {}): Analysis {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const spans = parse(lines)
  for (const { view } of spans) view.name = extras.names?.[view.id] ?? view.name
  return analysisOf(spans.map(({ view }) => view), spans, extras)
}

function parse(lines: readonly string[]): Drawn[] {
  const margin = lines[0]?.search(/\S/) ?? 0
  const stack: string[] = []
  return lines.map((line, index) => {
    const depth = (line.search(/\S/) - margin) / 2
    const [name = '', category = '', range = '', ...rest] = line.trim().split(/\s+/)
    const [start = 0, end = 0] = range.split('-').map((ms) => Number(ms) * NS_PER_MS)
    const facts = Object.fromEntries(rest.map((fact) => [fact.split('=')[0] ?? '', fact.split('=').slice(1).join('=')]))
    const parentId = stack[depth - 1]
    stack.length = depth
    stack[depth] = `s${index}`
    return {
      facts,
      view: {
        id: `s${index}`, ...(depth > 0 && parentId !== undefined && { parentId }), name, category, depth,
        startNs: start, endNs: end, durationNs: end - start, selfNs: 0, wallNs: 0, slackNs: 0, outcome: outcomeOf(facts),
        ...('late' in facts && { late: true as const }),
        ...(facts['by'] !== undefined && { issuedBy: facts['by'] }),
      },
    }
  })
}

function outcomeOf({ state, failed }: Facts): Outcome {
  if (failed !== undefined) {
    const [type = '', message = ''] = failed.replaceAll('_', ' ').split(':')
    return { state: 'failed', type, message }
  }
  return state === 'open' || state === 'cancelled' ? { state } : { state: 'ok' }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Derives what reports read, simply and slowly: each instant of the run belongs to the innermost span that ends last. */
function analysisOf(spans: Writable<SpanView>[], lines: readonly Drawn[], extras: Extras): Analysis {
  const [root] = spans
  const durationNs = root?.durationNs ?? 0
  attribute(spans)
  const calls = lines.filter(({ view }) => view.category === 'llm').map((line, index) => callOf(line, index + 1))
  const usage = calls.reduce((sum, call) => addUsage(sum, call.usage), NO_USAGE)
  const { name, outcome, names: _, ...rest } = extras
  return {
    run: {
      traceId: '0'.repeat(32), name: name ?? root?.name ?? 'agent', startedAtEpochMs: 0,
      outcome: outcome ?? root?.outcome ?? { state: 'ok' },
    },
    totals: {
      durationNs, spans: spans.length, llmCalls: calls.length, usage, costUsd: costOf(calls),
      toolCalls: spans.filter(({ category }) => category === 'tool').length,
    },
    categories: categoriesOf(spans), operations: operationsOf(spans), calls, models: modelsOf(calls), latency: [],
    context: { calls: [] }, criticalPath: [],
    schedules: { proven: { durationNs, limit: 1 }, possible: { durationNs, limit: 1 } },
    findings: [], observations: [], problems: [], sources: {},
    overhead: { selfNs: 400_000, share: 0.0001, dropped: { spans: 0, contentChars: 0, parts: 0 }, selfErrors: 0 },
    ...rest,
    spans,
  }
}

function attribute(spans: readonly Writable<SpanView>[]): void {
  const edges = [...new Set(spans.flatMap(({ startNs, endNs }) => [startNs, endNs]))].sort((a, b) => a - b)
  const end = spans[0]?.endNs ?? 0
  for (const [index, from] of edges.entries()) {
    const to = edges[index + 1]
    if (to === undefined || to > end) break
    const active = spans.filter(({ startNs, endNs }) => startNs <= from && endNs >= to)
    const leaves = active.filter(({ id }) => !active.some(({ parentId }) => parentId === id))
    for (const leaf of leaves) leaf.selfNs += to - from
    const onPath = leaves.toSorted((a, b) => b.endNs - a.endNs)[0]
    if (onPath !== undefined) onPath.wallNs += to - from
  }
  for (const span of spans) {
    const beside = spans.filter(({ parentId, startNs, endNs }) =>
      parentId === span.parentId && startNs < span.endNs && endNs > span.endNs)
    if (span.wallNs === 0 && beside.length > 0) span.slackNs = Math.max(...beside.map(({ endNs }) => endNs)) - span.endNs
  }
}

function callOf({ view, facts }: Drawn, number: number): CallSummary {
  view.call = number
  const count = (key: string): number | undefined => (facts[key] === undefined ? undefined : Number(facts[key]))
  const input = count('in')
  const output = count('out')
  const cacheRead = count('cached') ?? 0
  const usage: Usage | undefined = input === undefined && output === undefined ? undefined : {
    ...(input !== undefined && { input: { total: input, uncached: input - cacheRead, cacheRead, cacheWrite: 0 } }),
    ...(output !== undefined && { output: { total: output, visible: output, reasoning: 0 } }),
    complete: true, source: 'about' in facts ? 'estimated' : 'provider',
  }
  const ttft = count('ttft')
  const costUsd = count('usd')
  const decodeNs = ttft === undefined ? undefined : view.durationNs - ttft * NS_PER_MS
  return {
    spanId: view.id, number, provider: 'openai', requestModel: view.name, responseModel: view.name,
    durationNs: view.durationNs,
    retryNs: retryOf(view, facts), attempts: attemptsOf(view, facts),
    ...(ttft !== undefined && { ttftNs: ttft * NS_PER_MS }),
    ...(decodeNs !== undefined && { decodeNs }),
    ...(decodeNs !== undefined && output !== undefined && { outputTokensPerSecond: output / (decodeNs / 1e9) }),
    ...(usage !== undefined && { usage }),
    ...(costUsd !== undefined && { costUsd }),
  }
}

function attemptsOf(view: SpanView, { fail }: Facts): Attempt[] {
  if (fail === undefined) return [{ start: view.startNs, end: view.startNs + 1, status: 200 }]
  const [status = '', range = ''] = fail.split(':')
  const [end = 0, next = 0] = range.split('-').map((ms) => Number(ms) * NS_PER_MS)
  return [
    { start: view.startNs, end, status: Number(status), waitNs: next - end },
    { start: next, end: next + 1, status: 200 },
  ]
}

const retryOf = (view: SpanView, facts: Facts): number => {
  const [, last] = attemptsOf(view, facts)
  return last === undefined ? 0 : last.start - view.startNs
}

function costOf(calls: readonly CallSummary[]): Analysis['totals']['costUsd'] {
  return {
    knownUsd: calls.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0),
    unknownCalls: calls.filter(({ costUsd }) => costUsd === undefined).length,
    estimatedCalls: calls.filter(({ costUsd, usage }) => costUsd !== undefined && usage?.source === 'estimated').length,
  }
}

function categoriesOf(spans: readonly SpanView[]): CategoryTotals[] {
  return [...groupBy(spans, ({ category }) => category)].map(([category, of]) => ({
    category, spans: of.length, failed: failures(of),
    busyNs: of.reduce((sum, { selfNs }) => sum + selfNs, 0), wallNs: of.reduce((sum, { wallNs }) => sum + wallNs, 0),
  })).sort((a, b) => b.wallNs - a.wallNs)
}

function operationsOf(spans: readonly SpanView[]): OperationTotals[] {
  return [...groupBy(spans, ({ name, category }) => `${name}\n${category}`).values()].map((of) => ({
    name: of[0]?.name ?? '', category: of[0]?.category ?? '', count: of.length, failed: failures(of),
    spanIds: of.map(({ id }) => id),
    totalNs: of.reduce((sum, span) => sum + span.durationNs, 0),
    selfNs: of.reduce((sum, { selfNs }) => sum + selfNs, 0),
    wallNs: of.reduce((sum, { wallNs }) => sum + wallNs, 0),
    durationNs: percentiles(of.map((span) => span.durationNs)),
  })).sort((a, b) => b.wallNs - a.wallNs)
}

function modelsOf(calls: readonly CallSummary[]): ModelTotals[] {
  return [...groupBy(calls, ({ responseModel }) => responseModel ?? 'unknown')].map(([model, of]) => {
    const ttfts = of.flatMap(({ ttftNs }) => ttftNs ?? [])
    return {
      model, provider: 'openai', calls: of.length,
      usage: of.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE),
      costUsd: costOf(of), busyNs: of.reduce((sum, { durationNs }) => sum + durationNs, 0),
      ...(ttfts.length > 0 && { ttftNs: percentiles(ttfts) }),
    }
  })
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

const failures = (spans: readonly SpanView[]): number => spans.filter(({ outcome }) => outcome.state === 'failed').length

function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}

export const finding = (code: string, title: string, rest: Partial<Finding> = {}): Finding => ({
  code, title, spanIds: [], saving: { timeNs: 480 * NS_PER_MS }, confidence: 'proven', advice: 'Do it.', ...rest,
})

/** The run that the goldens show: several turns, a retry, tools one after another, memory, retrieval, parallel work. */
export const supportAgent: Analysis = drawn(`
  support-agent agent 0-4820
    load_memory memory 2-172
    gpt-5-mini-2025-08-07 llm 175-787 ttft=280 in=1204 cached=0 out=86 usd=0.00047
    search_kb tool 790-1220 by=s2
      embed embedding 792-850
      vector_search retrieval 850-1180
    get_orders tool 1221-1531 by=s2
    get_profile tool 1532-1702 by=s2
    gpt-5-mini-2025-08-07 llm 1705-2890 ttft=840 in=3850 cached=1152 out=142 usd=0.00098 fail=429:1760-2260
    check_stock tool 2892-3150
    price_quote tool 2893-2990
    gpt-5-mini-2025-08-07 llm 3152-3860 ttft=300 in=5210 cached=4736 out=201 usd=0.00064
    plan internal 3862-3990
    claude-haiku-4-5 llm 3992-4790 ttft=410 in=7940 cached=7000 out=677 usd=0.0132
    save_memory memory 4791-4818
`, {
  findings: [
    finding('PAR001', 'Run search_kb, get_orders and get_profile together: one answer asked for all 3, and they ran '
      + 'one after another', {
      spanIds: ['s3', 's6', 's7'], saving: { timeNs: 480 * NS_PER_MS },
      advice: 'Start them all before you await the first, for example with Promise.all. The model could not know one result when '
        + 'it asked for the next; only side effects can still tie them, so keep the order where one changes what another reads.',
    }),
    finding('RETRY001', '1 failed attempt (429) in 1 call cost 555 ms with the waits after them', {
      spanIds: ['s8'], saving: { timeNs: 555 * NS_PER_MS }, confidence: 'likely',
      advice: 'Stay below the rate limit: fewer calls at once, smaller requests, or a higher limit from the provider.',
    }),
    finding('CACHE001', 'The prompt prefix changes in every turn', {
      spanIds: ['s8', 's11'], confidence: 'possible',
      saving: { tokens: { low: 900, high: 2100 }, costUsd: { low: 0.0004, high: 0.0012 } },
      advice: 'Move what changes behind what stays.',
    }),
  ],
  observations: [
    {
      code: 'LLM001', title: 'LLM calls take 68 % of the run', spanIds: [],
      advice: 'Fewer turns or shorter answers make this run faster.',
    },
  ],
  schedules: { proven: { durationNs: 4340 * NS_PER_MS, limit: 3 }, possible: { durationNs: 3910 * NS_PER_MS, limit: 3 } },
  context: {
    calls: [],
    peak: {
      spanId: 's13', number: 4, model: 'claude-haiku-4-5', usedTokens: 8617, windowTokens: 200_000, share: 8617 / 200_000,
      composition: { system: 700, 'tool-definition': 900, user: 340, assistant: 1200, 'tool-call': 300, 'tool-result': 4500 },
    },
  },
  sources: { prices: '@pydantic/genai-prices 0.1.8 of 2026-06-01', windows: 'the same' },
})

/** 40 turns in a row: more spans than a chart has rows. */
export const manyTurns: Analysis = drawn(turns(40, seeded(7)))

function turns(count: number, random: () => number): string {
  const lines: string[] = []
  let now = 0
  for (let turn = 0; turn < count; turn++) {
    const answered = now + Math.round(200 + 900 * random())
    const usage = `in=${1000 + turn * 400} cached=${turn * 380} out=90 usd=0.001`
    lines.push(`  gpt-5 llm ${now + 5}-${answered} ttft=${Math.round((answered - now) / 3)} ${usage}`)
    now = answered
    for (let left = Math.floor(random() * 3); left > 0; left--) {
      const end = now + Math.round(20 + 300 * random())
      const name = ['search', 'lookup', 'fetch_page'][Math.floor(random() * 3)] ?? 'search'
      lines.push(`  ${name} tool ${now}-${end}${random() < 0.08 ? ' failed=TimeoutError:took_too_long' : ''}`)
      now = end
    }
  }
  return [`researcher agent 0-${now}`, ...lines].join('\n')
}

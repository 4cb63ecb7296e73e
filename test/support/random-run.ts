import type { Span, Trace } from '../../src/model/span.ts'
import { OK, OPEN, type Attempt } from '../../src/model/span.ts'
import { seeded } from './random.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'

/** Which way a random tree grows. */
interface Shape {
  /** How often a span lies in the one before it. */
  readonly chain: number
  /** Of which of the first spans it is a child otherwise. */
  readonly reach: number
}

const ANY: Shape = { chain: 0.3, reach: Infinity }
const SHAPES: readonly Shape[] = [ANY, { chain: 0.97, reach: Infinity }, { chain: 0.02, reach: 1 }, { chain: 0.6, reach: 4 }]

/** What users, models and web pages write. */
const NAMES: readonly string[] = [
  "=cmd|' /C calc'!A0", '<script>', '\u001b[31mred\u001b[0m', 'a;b|`c`', '查询 🚚', 'x\r\n,"y"\u0000', '', '__proto__', '+1', '\ud800',
]

/**
 * A random tree of the given seed's shape (any, deep, wide, bushy), every tenth one large. In half of them what starts at one time
 * stands in reverse, children before their parents. In a third names mean harm, and a model has no price.
 */
export function concurrentTrace(seed: number): Trace {
  const trace = randomTrace(seed, seed % 10 === 0 ? 40 : 14, seed % 3 === 0 ? 300 : 2_000, SHAPES[seed % SHAPES.length])
  const [root, ...others] = trace.spans
  const spans = [root!, ...(seed % 2 === 0 ? others : others.reverse().sort((a, b) => a.start - b.start))]
  if (seed % 3 !== 0) return { ...trace, spans }
  return {
    ...trace,
    spans: spans.map((one, i) => ({
      ...one, name: NAMES[(seed + i) % NAMES.length]!, ...(one.llm && { llm: { ...one.llm, ...(i % 2 === 0 && { requestModel: 'house-model' }) } }),
    })),
  }
}

/**
 * A tree of concurrent spans: parallel siblings, equal times, spans of no length, late and open ones, retried calls, tools that an
 * answer issued. Times lie on a coarse grid, so that ties are frequent; `gridNs` below a microsecond makes them of one microsecond.
 */
export function randomTrace(
  seed: number, most = 12, gridNs: number = seed % 3 === 0 ? 300 : 2_000, { chain, reach }: Shape = ANY,
): Trace {
  const random = seeded(seed)
  const upTo = (max: number): number => Math.floor(random() * (max + 1))
  const spans: Span[] = [span(0, undefined, 0, 40 * gridNs)]
  const count = 1 + upTo(most)
  for (let i = 1; i < count; i++) {
    const parent = spans[random() < chain ? spans.length - 1 : upTo(Math.min(reach, spans.length - 1))]!
    const from = parent.start / gridNs
    const to = (parent.end ?? parent.start + 10 * gridNs) / gridNs
    const start = from + (random() < 0.25 ? 0 : upTo(to - from))
    const end = start + (random() < 0.15 ? 0 : random() < 0.2 ? Math.max(0, to - start) : upTo(Math.max(0, to - start) * (random() < 0.1 ? 2 : 1)))
    const one = span(i, parent, start * gridNs, random() < 0.03 ? undefined : end * gridNs)
    const llms = spans.filter(({ llm }) => llm !== undefined)
    if (random() < 0.3) spans.push({ ...one, category: 'llm', llm: call(one, random) })
    else if (random() < 0.5 && llms.length > 0) spans.push({ ...one, category: 'tool', tool: { name: one.name, issuedBy: llms[upTo(llms.length - 1)]!.id } })
    else spans.push(one)
  }
  const [root, ...rest] = spans
  return {
    id: TRACE_ID, name: 'random', startedAtEpochMs: Date.UTC(2026, 10, 1), parts: [], overheadNs: 0, selfErrors: 0,
    spans: [root!, ...rest.sort((a, b) => a.start - b.start)],
    dropped: { spans: 0, contentChars: 0, parts: 0 },
  }
}

function span(number: number, parent: Span | undefined, start: number, end: number | undefined): Span {
  const late = parent?.end !== undefined && (end === undefined || end > parent.end)
  return {
    id: (number + 1).toString(16).padStart(16, '0'), traceId: TRACE_ID, name: `s${number % 7}`, category: number === 0 ? 'agent' : 'internal',
    ...(parent && { parentId: parent.id }), start, outcome: end === undefined ? OPEN : OK,
    ...(end !== undefined && { end }), ...(late && { late: true as const }),
  }
}

function call({ start, end = start }: Span, random: () => number): NonNullable<Span['llm']> {
  const between = start + Math.floor((end - start) * random())
  const attempts: Attempt[] = random() < 0.4
    ? [{ start, end: between, status: 429, waitNs: end - between }, { start: end, end, status: 200 }]
    : [{ start, end, status: 200 }]
  const input = { total: 10, uncached: 10, cacheRead: 0, cacheWrite: 0 }
  return {
    provider: 'openai', operation: 'chat', api: 'chat.completions', requestModel: 'gpt-5-mini', streamed: false, attempts,
    usage: { input, output: { total: 5, visible: 5, reasoning: 0 }, complete: true, source: 'provider' },
  }
}

/** A run of many spans: turns of parallel tools with inner work, as a long-lived agent makes them. */
export function longTrace(count: number): Trace {
  const random = seeded(3)
  const spans: Span[] = [span(0, undefined, 0, count * 1_000_000)]
  for (let turn = 0; spans.length < count; turn++) {
    const at = turn * 8_000_000
    for (let tool = 0; tool < 4 && spans.length < count; tool++) {
      const parent = span(spans.length, spans[0], at + tool * 1_000, at + 5_000_000 + Math.floor(random() * 1_000_000))
      spans.push(parent, span(spans.length + 1, parent, parent.start + 1_000, parent.start + 1_000_000))
    }
  }
  return { ...randomTrace(1), spans: [spans[0]!, ...spans.slice(1).sort((a, b) => a.start - b.start)] }
}

import { readFileSync, readdirSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { importTraces } from '../../adapters/import/index.ts'
import type { Analysis } from '../../src/model/analysis.ts'
import type { Trace } from '../../src/model/span.ts'
import { analyze } from '../../src/index.ts'
import { checkAnalysis, checkTrace } from '../laws.ts'
import { root } from './source.ts'

const folder = `${root}test/fixtures/import/`

export const fixtures = (name: string): string[] => readdirSync(folder + name).filter((file) => /\.json(\.gz)?$/.test(file)).sort()

export function fixture(path: string): string {
  const bytes = readFileSync(folder + path)
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
}

export interface Imported {
  readonly format: string | undefined
  readonly traces: readonly Trace[]
  readonly analyses: readonly Analysis[]
  readonly problems: readonly string[]
}

/** Imports a text, and checks every law of what comes out. */
export function imported(content: unknown): Imported {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  const { format, traces, problems } = importTraces({ name: 'file', text })
  const analyses = traces.map((trace) => {
    checkTrace(trace)
    const analysis = analyze(trace)
    checkAnalysis(analysis)
    return analysis
  })
  return { format, traces, analyses, problems: problems.map(({ message }) => message) }
}

/** The only trace of a text. */
export function onlyTrace(content: unknown): Trace {
  const { traces, problems } = imported(content)
  if (traces.length !== 1) throw new Error(`${traces.length} traces: ${problems.join('; ')}`)
  return traces[0]!
}

/** A trace as an indented tree: `name category 0-10 in 5 out 2`, times in milliseconds. */
export function tree(trace: Trace): string {
  const depth = new Map<string, number>()
  const lines = new Map<string, string[]>()
  for (const span of trace.spans) {
    const level = span.parentId === undefined ? 0 : depth.get(span.parentId)! + 1
    depth.set(span.id, level)
    const { input, output } = span.llm?.usage ?? {}
    const tokens = `${input === undefined ? '' : ` in ${input.total}`}${output === undefined ? '' : ` out ${output.total}`}`
    const end = span.end === undefined ? '' : span.end / 1e6
    const state = span.outcome.state === 'ok' || span.outcome.state === 'open' ? '' : ` ${span.outcome.state}`
    const line = `${'  '.repeat(level)}${span.name} ${span.category} ${span.start / 1e6}-${end}${tokens}${state}${span.late ? ' late' : ''}`
    const own = [line]
    lines.set(span.id, own)
    if (span.parentId !== undefined) lines.get(span.parentId)!.push(span.id)
  }
  const print = (id: string): string => lines.get(id)!.map((one, i) => (i === 0 ? one : print(one))).join('\n')
  return print(trace.spans[0]!.id)
}

export interface DrawnSpan {
  readonly id: string
  readonly parent?: string
  readonly name?: string
  /** Milliseconds after {@link BASE_MS}. */
  readonly start?: number
  readonly end?: number
  readonly attributes?: Readonly<Record<string, unknown>>
  readonly more?: Readonly<Record<string, unknown>>
}

export const BASE_MS = 1_750_000_000_000
export const TRACE = '0af7651916cd43dd8448eb211c80319c'

/** An OTLP document with one scope. Ids are padded to their size. */
export function otlpOf(spans: readonly DrawnSpan[], scope = 'test', traceId = TRACE): unknown {
  return { resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: { name: scope }, spans: spans.map((span) => otlpSpan(span, traceId)) }] }] }
}

const nano = (ms: number): string => String(BigInt(BASE_MS) * 1_000_000n + BigInt(Math.round(ms * 1e6)))
export const spanId = (name: string): string => name.padStart(16, '0')

function otlpSpan({ id, parent, name = id, start = 0, end, attributes = {}, more }: DrawnSpan, traceId: string): unknown {
  return {
    traceId, spanId: spanId(id), name,
    ...(parent !== undefined && { parentSpanId: spanId(parent) }),
    startTimeUnixNano: nano(start),
    ...(end !== undefined && { endTimeUnixNano: nano(end) }),
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) })),
    ...more,
  }
}

function anyValue(value: unknown): unknown {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  return { kvlistValue: { values: Object.entries(value as object).map(([key, one]) => ({ key, value: anyValue(one) })) } }
}

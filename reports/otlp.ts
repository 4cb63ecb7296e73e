import type { Analysis } from '../src/model/analysis.ts'
import type { Trace } from '../src/model/span.ts'
import { attributeList, compact } from './otlp/attributes.ts'
import { otlpSpan, type Source } from './otlp/span.ts'
import { printable } from './shared/json-text.ts'
import type { Report, ReportOptions } from './shared/report.ts'

/**
 * OTLP/JSON, as OpenTelemetry collectors and back ends read it: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 * (lowerCamelCase names, hexadecimal ids, enumerations as integers, integers of 64 bits as decimal texts). The attributes are
 * those of the GenAI conventions, and `spanwise.*` for what they have no name for. Prompts, answers, arguments and results of
 * tools are never in it.
 */
export function renderOtlp(analysis: Analysis, options?: ReportOptions): string {
  return print(analysis, undefined, options)
}

/** With what only the trace knows: the operation, ids of answers and of tool calls, declared dependencies. */
export function renderOtlpTrace(trace: Trace, analysis: Analysis, options?: ReportOptions): string {
  return print(analysis, trace, options)
}

/** The last schema in which the `gen_ai` attributes stand; their new repository has published none. */
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.41.0'

function print(analysis: Analysis, trace: Trace | undefined, options: ReportOptions = {}): string {
  const { spanOf, request } = draftOf(analysis, trace, options)
  return printable(JSON.stringify(request(analysis.spans.map(spanOf)), undefined, options.indent === true ? 2 : undefined))
}

/** Spans stand in pieces of so many. */
const PIECE_SPANS = 1_000
const NO_SPANS = '"spans":[]'

/** The text of {@link renderOtlpTrace} without indentation, in pieces: a long run's is more than one text can hold. */
function* otlpPieces(trace: Trace, analysis: Analysis, options: ReportOptions = {}): Generator<string> {
  const { spanOf, request } = draftOf(analysis, trace, options)
  const frame = printable(JSON.stringify(request([])))
  // No text of JSON holds this: its quotes would be escaped.
  const at = frame.indexOf(NO_SPANS) + NO_SPANS.length - 1
  yield frame.slice(0, at)
  for (let from = 0; from < analysis.spans.length; from += PIECE_SPANS) {
    const piece = analysis.spans.slice(from, from + PIECE_SPANS).map((view) => printable(JSON.stringify(spanOf(view))))
    yield `${from === 0 ? '' : ','}${piece.join(',')}`
  }
  yield frame.slice(at)
}

interface Draft {
  readonly spanOf: (view: Analysis['spans'][number]) => unknown
  readonly request: (spans: readonly unknown[]) => unknown
}

function draftOf(analysis: Analysis, trace: Trace | undefined, { semconv = '1.41', version }: ReportOptions): Draft {
  if (semconv !== '1.41' && semconv !== 'latest') {
    throw new TypeError(`semconv must be '1.41' or 'latest', got ${String(semconv)}`)
  }
  const calls = new Map(analysis.calls.map((call) => [call.spanId, call]))
  const recorded = new Map(trace?.spans.map((span) => [span.id, span]))
  const sourceOf = (view: Analysis['spans'][number]): Source =>
    ({ analysis, view, call: calls.get(view.id), span: recorded.get(view.id), semconv })
  const scopeSpans = (spans: readonly unknown[]): unknown => compact({
    scope: compact({ name: 'spanwise', version }),
    spans,
    schemaUrl: semconv === '1.41' ? SCHEMA_URL : undefined,
  })
  return {
    spanOf: (view) => otlpSpan(sourceOf(view)),
    request: (spans) => ({ resourceSpans: [{ resource: { attributes: resource(analysis, version) }, scopeSpans: [scopeSpans(spans)] }] }),
  }
}

function resource({ run: { service, process } }: Analysis, version: string | undefined): readonly unknown[] {
  return attributeList([
    ['service.name', service ?? 'unknown_service'],
    ['telemetry.sdk.name', 'spanwise'],
    ['telemetry.sdk.language', 'nodejs'],
    ['telemetry.sdk.version', version],
    ['process.pid', process?.pid],
    ['process.runtime.description', process?.runtime],
    ['os.description', process?.platform],
  ])
}

export const otlpReport: Report<string> = {
  name: 'otlp', extension: 'otlp.json', render: renderOtlp, renderTrace: renderOtlpTrace, renderPieces: otlpPieces,
}

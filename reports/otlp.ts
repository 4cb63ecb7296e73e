import type { Analysis } from '../src/model/analysis.ts'
import type { Trace } from '../src/model/span.ts'
import { attributeList, compact } from './otlp/attributes.ts'
import { otlpSpan, type Source } from './otlp/span.ts'
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

function print(analysis: Analysis, trace: Trace | undefined, { semconv = '1.41', indent = false }: ReportOptions = {}): string {
  if (semconv !== '1.41' && semconv !== 'latest') {
    throw new TypeError(`semconv must be '1.41' or 'latest', got ${String(semconv)}`)
  }
  const calls = new Map(analysis.calls.map((call) => [call.spanId, call]))
  const recorded = new Map(trace?.spans.map((span) => [span.id, span]))
  const sourceOf = (view: Analysis['spans'][number]): Source =>
    ({ analysis, view, call: calls.get(view.id), span: recorded.get(view.id), semconv })
  const scopeSpans = compact({
    scope: { name: 'spanwise' },
    spans: analysis.spans.map((view) => otlpSpan(sourceOf(view))),
    schemaUrl: semconv === '1.41' ? SCHEMA_URL : undefined,
  })
  const request = { resourceSpans: [{ resource: { attributes: resource(analysis) }, scopeSpans: [scopeSpans] }] }
  return JSON.stringify(request, undefined, indent ? 2 : undefined)
}

function resource({ run: { service, process } }: Analysis): readonly unknown[] {
  return attributeList([
    ['service.name', service ?? 'unknown_service'],
    ['telemetry.sdk.name', 'spanwise'],
    ['telemetry.sdk.language', 'nodejs'],
    ['process.pid', process?.pid],
    ['process.runtime.description', process?.runtime],
    ['os.description', process?.platform],
  ])
}

export const otlpReport: Report<string> = {
  name: 'otlp', extension: 'otlp.json', render: renderOtlp, renderTrace: renderOtlpTrace,
}

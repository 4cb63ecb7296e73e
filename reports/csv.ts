import type { Analysis, CacheBreak, CallSummary, ContextCall, SpanView } from '../src/model/analysis.ts'
import { nsToMs } from '../src/model/units.ts'
import { withoutNoise } from './shared/numbers.ts'
import type { Report, ReportOptions } from './shared/report.ts'
import { controlPicture } from './shared/text.ts'

interface Row {
  readonly analysis: Analysis
  readonly span: SpanView
  readonly call: CallSummary | undefined
  readonly context: ContextCall | undefined
  readonly cacheBreak: CacheBreak | undefined
}

/** Undefined is an empty cell: absent is not zero. */
type Cell = string | number | undefined

const ms = (ns: number | undefined): number | undefined => (ns === undefined ? undefined : nsToMs(ns))
const failure = ({ span: { outcome } }: Row) => (outcome.state === 'failed' ? outcome : undefined)

/** New columns go to the end. */
const columns: readonly (readonly [title: string, cell: (row: Row) => Cell])[] = [
  ['trace_id', ({ analysis }) => analysis.run.traceId],
  ['run', ({ analysis }) => analysis.run.name],
  ['span_id', ({ span }) => span.id],
  ['parent_id', ({ span }) => span.parentId],
  ['depth', ({ span }) => span.depth],
  ['name', ({ span }) => span.name],
  ['category', ({ span }) => span.category],
  ['outcome', ({ span }) => span.outcome.state],
  ['error_type', (row) => failure(row)?.type],
  ['error_message', (row) => failure(row)?.message],
  ['start_ms', ({ span }) => ms(span.startNs)],
  ['end_ms', ({ span }) => ms(span.endNs)],
  ['duration_ms', ({ span }) => ms(span.durationNs)],
  ['self_ms', ({ span }) => ms(span.selfNs)],
  ['wall_ms', ({ span }) => ms(span.wallNs)],
  ['slack_ms', ({ span }) => ms(span.slackNs)],
  ['late', ({ span }) => (span.late === true ? 'true' : 'false')],
  ['issued_by', ({ span }) => span.issuedBy],
  ['provider', ({ call }) => call?.provider],
  ['request_model', ({ call }) => call?.requestModel],
  ['response_model', ({ call }) => call?.responseModel],
  ['input_tokens', ({ call }) => call?.usage?.input?.total],
  ['cache_read_tokens', ({ call }) => call?.usage?.input?.cacheRead],
  ['cache_write_tokens', ({ call }) => call?.usage?.input?.cacheWrite],
  ['output_tokens', ({ call }) => call?.usage?.output?.total],
  ['reasoning_tokens', ({ call }) => call?.usage?.output?.reasoning],
  ['usage_source', ({ call }) => call?.usage?.source],
  ['cost_usd', ({ call }) => (call?.costUsd === undefined ? undefined : withoutNoise(call.costUsd))],
  ['ttft_ms', ({ call }) => ms(call?.ttftNs)],
  ['attempts', ({ call }) => call?.attempts.length],
  ['retry_ms', ({ call }) => ms(call?.retryNs)],
  ['call', ({ call }) => call?.number],
  ['wait_ms', ({ call }) => ms(call?.phases?.waitNs)],
  ['failed_attempts_ms', ({ call }) => ms(call?.phases?.attemptsNs)],
  ['backoff_ms', ({ call }) => ms(call?.phases?.backoffNs)],
  ['headers_ms', ({ call }) => ms(call?.phases?.headersNs)],
  ['first_token_ms', ({ call }) => ms(call?.phases?.firstTokenNs)],
  ['decode_ms', ({ call }) => ms(call?.phases?.decodeNs)],
  ['reader_ms', ({ call }) => ms(call?.phases?.readerNs)],
  ['rest_ms', ({ call }) => ms(call?.phases?.restNs)],
  ['gap_before_ms', ({ call }) => ms(call?.gapNs)],
  ['output_tokens_per_second', ({ call }) => call?.outputTokensPerSecond],
  ['finish_reasons', ({ call }) => call?.finishReasons?.join(' ')],
  ['context_tokens', ({ context }) => context?.usedTokens],
  ['context_share', ({ context }) => context?.share],
  ['cache_break', ({ cacheBreak }) => cacheBreak?.cause],
  ['cache_break_side', ({ cacheBreak }) => cacheBreak?.side],
  ['cache_tokens_paid_again', ({ cacheBreak }) => cacheBreak?.tokens],
  ['cache_lost_usd', ({ cacheBreak }) => cacheBreak?.costUsd],
]

/**
 * The spans as CSV of RFC 4180, one row each in order of start, after a header. Times are milliseconds, costs US dollars.
 * Texts that a spreadsheet would take for a formula begin with an apostrophe.
 * @param options `bom: true` for a byte order mark at the start
 * @returns rows that end in CR LF, but for the last one
 */
export const renderCsv = (analysis: Analysis, options?: ReportOptions): string => [...csvPieces(undefined, analysis, options)].join('')

function* csvPieces(_trace: unknown, analysis: Analysis, { bom = false }: ReportOptions = {}): Generator<string> {
  const calls = bySpan(analysis.calls)
  const contexts = bySpan(analysis.context.calls)
  const breaks = bySpan(analysis.cache?.breaks ?? [])
  yield (bom ? '\ufeff' : '') + columns.map(([title]) => title).join(',')
  for (const span of analysis.spans) {
    const row: Row = { analysis, span, call: calls.get(span.id), context: contexts.get(span.id), cacheBreak: breaks.get(span.id) }
    yield `\r\n${columns.map(([, cell]) => print(cell(row))).join(',')}`
  }
}

const bySpan = <T extends { readonly spanId: string }>(all: readonly T[]): ReadonlyMap<string, T> => new Map(all.map((one) => [one.spanId, one]))

/**
 * What makes a spreadsheet take a text for a formula, wide forms of the signs too, and apostrophes before it: so that taking one
 * away always gives the text back. Spaces before the sign do not help in every program.
 */
const FORMULA = /^'*\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/
/** A file that somebody prints must not act on the terminal, and tables hold no control characters but these three. */
const CONTROLS = /(?![\t\r\n])[\p{Cc}\p{Cs}]/gu
/** Semicolons and tabs separate cells in some countries' spreadsheets. */
const NEEDS_QUOTES = /[",;\t\r\n]|^\s|\s$/

function print(cell: Cell): string {
  if (cell === undefined) return ''
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : ''
  const shown = cell.replace(CONTROLS, controlPicture)
  const text = FORMULA.test(shown) ? `'${shown}` : shown
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export const csvReport: Report<string> = { name: 'csv', extension: 'csv', render: renderCsv, renderPieces: csvPieces }

import { modelOf } from '../../../reports/shared/phases.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import type { CallSummary, Cost } from '../../../src/model/analysis.ts'
import { addUsage, NO_USAGE, type UsageTotals } from '../../../src/model/usage.ts'
import type { RunModel } from '../run/run-model.ts'

/** The calls of models as lines of a table: what is sorted, filtered and added up. Pure. */

export interface CallRow {
  readonly call: CallSummary
  /** Place of its span. */
  readonly place: number
  readonly startNs: number
  readonly model: string
  /** How its span ended, where that is no success: `RateLimitError`, `cancelled`. */
  readonly problem?: string
  /** What it finished with, and its error. */
  readonly finish: string
}

export type CallColumn = 'number' | 'model' | 'start' | 'duration' | 'ttft' | 'speed' | 'input' | 'output' | 'cost' | 'attempts' | 'finish' | 'gap'

export function callRows(run: RunModel): CallRow[] {
  return run.analysis.calls.flatMap((call) => {
    const place = run.placeOf(call.spanId)
    if (place === undefined) return []
    const state = run.state(place)
    const problem = state === 'failed' ? cleanName(run.extra(place).failure?.type ?? 'failed') : state === 'ok' ? undefined : state === 'open' ? 'not ended' : state
    return [{
      call, place,
      startNs: Math.max(0, run.spans.start[place]! - run.startNs),
      model: cleanName(modelOf(call)),
      finish: [problem, ...new Set((call.finishReasons ?? []).map(cleanName))].filter((one) => one !== undefined).join(', '),
      ...(problem !== undefined && { problem }),
    }]
  })
}

const values: Readonly<Record<CallColumn, (row: CallRow) => number | string | undefined>> = {
  number: ({ call }) => call.number,
  model: ({ model }) => model,
  start: ({ startNs }) => startNs,
  duration: ({ call }) => call.durationNs,
  ttft: ({ call }) => call.ttftNs,
  speed: ({ call }) => call.outputTokensPerSecond,
  input: ({ call }) => call.usage?.input?.total,
  output: ({ call }) => call.usage?.output?.total,
  cost: ({ call }) => call.costUsd,
  attempts: ({ call }) => (call.attempts.length === 0 ? undefined : call.attempts.length),
  finish: ({ finish }) => (finish === '' ? undefined : finish),
  gap: ({ call }) => call.gapNs,
}

export interface Sort {
  readonly column: CallColumn
  readonly direction: 'ascending' | 'descending'
}

/** As it stands in the address: `cost`, `-cost` for the dearest first. In order of their numbers where it names no column. */
export function readSort(text: string | null): Sort {
  const column = (text ?? '').replace(/^-/, '')
  return Object.hasOwn(values, column) ? { column: column as CallColumn, direction: text?.startsWith('-') === true ? 'descending' : 'ascending' } : { column: 'number', direction: 'ascending' }
}

/** A click on a column's title: numbers with the most first, texts from A on, then the other way round. */
export function nextSort(sort: Sort, column: CallColumn): string {
  const isText = column === 'model' || column === 'finish' || column === 'number' || column === 'start'
  const direction = sort.column !== column ? (isText ? 'ascending' : 'descending') : sort.direction === 'ascending' ? 'descending' : 'ascending'
  return direction === 'descending' ? `-${column}` : column
}

/** What is not known stands last in both directions; equals in order of their numbers. */
export function sorted(rows: readonly CallRow[], { column, direction }: Sort): CallRow[] {
  const value = values[column]
  const sign = direction === 'ascending' ? 1 : -1
  return rows.toSorted((a, b) => {
    const [x, y] = [value(a), value(b)]
    if (x === undefined || y === undefined) return x === y ? a.call.number - b.call.number : x === undefined ? 1 : -1
    const order = typeof x === 'string' && typeof y === 'string' ? (x < y ? -1 : x > y ? 1 : 0) : Number(x) - Number(y)
    return order === 0 ? a.call.number - b.call.number : order * sign
  })
}

export interface CallFilter {
  /** Words, all of which stand in model, provider, finish reason or error. */
  readonly text: string
  /** Exactly that model; empty: any. */
  readonly model: string
  /** Failed, cancelled or tried more than once. */
  readonly troubled: boolean
}

export function filtered(rows: readonly CallRow[], { text, model, troubled }: CallFilter): CallRow[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '')
  return rows.filter((row) => {
    if (model !== '' && row.model !== model) return false
    if (troubled && !isTroubled(row)) return false
    if (words.length === 0) return true
    const { call: { provider, requestModel = '', attempts }, finish } = row
    const said = [row.model, requestModel, provider, finish, ...attempts.flatMap(({ status, error }) => [status ?? '', error ?? ''])].join(' ').toLowerCase()
    return words.every((word) => said.includes(word))
  })
}

export const isTroubled = ({ problem, call: { attempts, retryNs } }: CallRow): boolean => problem !== undefined || attempts.length > 1 || retryNs > 0

export interface CallTotals {
  readonly calls: number
  readonly durationNs: number
  readonly usage: UsageTotals
  readonly cost: Cost
  /** Attempts after the first ones. */
  readonly retries: number
}

/** Like the run's own totals: calls that failed without an answer have neither usage nor cost. */
export function totalsOf(rows: readonly CallRow[]): CallTotals {
  let usage = NO_USAGE
  let durationNs = 0
  let retries = 0
  const cost = { knownUsd: 0, unknownCalls: 0, estimatedCalls: 0 }
  for (const { call } of rows) {
    durationNs += call.durationNs
    retries += Math.max(0, call.attempts.length - 1)
    if (call.unanswered === true) continue
    usage = addUsage(usage, call.usage)
    if (call.costUsd === undefined) cost.unknownCalls++
    else cost.knownUsd += call.costUsd
    if (call.costUsd !== undefined && call.usage?.source === 'estimated') cost.estimatedCalls++
  }
  return { calls: rows.length, durationNs, usage, cost, retries }
}

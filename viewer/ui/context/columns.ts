import type { CacheBreak, ContextCall } from '../../../src/model/analysis.ts'
import type { RunContent } from '../../document/run-document.ts'
import type { RunModel } from '../run/run-model.ts'
import { tokensBefore } from './stacks.ts'

/** What a call's request was made of, as a column of the picture. Pure. */

export interface ContextColumn {
  readonly call: ContextCall
  /** Place of its span. */
  readonly place: number
  readonly broke?: CacheBreak
}

/** Columns that belong together: the calls of one agent. `to` is the one after the last. */
export interface ColumnGroup {
  /** Place of the agent's span; -1: none. */
  readonly agent: number
  readonly from: number
  readonly to: number
}

export interface ContextColumns {
  readonly columns: readonly ContextColumn[]
  readonly groups: readonly ColumnGroup[]
  readonly mostTokens: number
  /** Of the models whose window is known; 0: of none. */
  readonly largestWindow: number
}

/** The calls of an agent stand side by side, also where it ran beside others: agents by their first call, calls in their order. */
export function contextColumns(run: RunModel): ContextColumns {
  const breaks = new Map((run.analysis.cache?.breaks ?? []).map((one) => [one.call, one]))
  const byAgent = new Map<number, ContextColumn[]>()
  for (const call of run.analysis.context.calls) {
    const place = run.placeOf(call.spanId)
    if (place === undefined || call.usedTokens <= 0) continue
    const agent = agentOf(run, place)
    const broke = breaks.get(call.number)
    const column = { call, place, ...(broke !== undefined && { broke }) }
    const group = byAgent.get(agent)
    if (group === undefined) byAgent.set(agent, [column])
    else group.push(column)
  }
  const columns: ContextColumn[] = []
  const groups: ColumnGroup[] = []
  for (const [agent, own] of byAgent) {
    groups.push({ agent, from: columns.length, to: columns.length + own.length })
    for (const column of own) columns.push(column)
  }
  return {
    columns, groups,
    mostTokens: columns.reduce((most, { call }) => Math.max(most, call.usedTokens), 0),
    largestWindow: columns.reduce((most, { call }) => Math.max(most, call.windowTokens ?? 0), 0),
  }
}

/** The innermost agent around it. What has no agent around it stands alone. */
function agentOf({ spans }: RunModel, place: number): number {
  const agent = spans.categories.indexOf('agent')
  for (let at = spans.parent[place]!; at !== -1; at = spans.parent[at]!) if (spans.category[at] === agent) return at
  return -1
}

export type Scale = 'largest' | 'window'

/** A window is shown where it is near, so that the columns stay readable. */
const NEAR = 1.35

/** Tokens at the top of the picture. */
export function topOf({ mostTokens, largestWindow }: ContextColumns, scale: Scale): number {
  if (scale === 'window' && largestWindow > 0) return Math.max(mostTokens, largestWindow) * 1.03
  return largestWindow > 0 && largestWindow <= mostTokens * NEAR ? Math.max(mostTokens, largestWindow) * 1.04 : Math.max(1, mostTokens * 1.06)
}

export interface Loss {
  /** What was paid again, in tokens from the bottom: from where the cache was read to, as far as it could have been. */
  readonly from: number
  readonly to: number
}

export function lossOf({ broke, call }: ContextColumn): Loss | undefined {
  if (broke === undefined) return undefined
  const from = Math.min(call.input?.cacheRead ?? broke.readTokens, call.usedTokens)
  return { from, to: Math.min(call.usedTokens, from + broke.tokens) }
}

/**
 * Where the request began to differ, in tokens from the bottom: the place of the changed part, where that is known and the columns
 * show it, else where the cache was read to.
 */
export function breakAt(column: ContextColumn, isInOrder: boolean, places: readonly number[], parts: RunContent['parts']): number {
  const { broke, call } = column
  const read = lossOf(column)?.from ?? 0
  // Stacked by kind, only what stands before all messages has the place that it had in the request.
  if (broke?.part === undefined || !(isInOrder || broke.part.kind === 'tool-definition' || broke.part.kind === 'system')) return read
  return Math.min(call.usedTokens, tokensBefore(call, broke.part.index, places, parts) ?? read)
}

/** Which columns are drawn: each, or where they would be thinner than a line the largest of a few neighbours. */
export function drawnColumns(columns: readonly ContextColumn[], { from, to }: { readonly from: number; readonly to: number }, width: number): { readonly index: number; readonly first: number; readonly count: number }[] {
  const [first, last] = [Math.max(0, Math.floor(from)), Math.min(columns.length, Math.ceil(to))]
  const step = Math.max(1, Math.ceil((to - from) / (width / LEAST_WIDTH)))
  const drawn: { index: number; first: number; count: number }[] = []
  for (let at = first - (first % step); at < last; at += step) {
    const count = Math.min(step, columns.length - at)
    let index = at
    for (let i = at; i < at + count; i++) if (columns[i]!.call.usedTokens > columns[index]!.call.usedTokens) index = i
    drawn.push({ index, first: at, count })
  }
  return drawn
}

const LEAST_WIDTH = 2

/** Of neighbours that are drawn as one, the one that paid for the most again. */
export function worstBreak(columns: readonly ContextColumn[], first: number, count: number): number | undefined {
  let worst: number | undefined
  for (let i = first; i < first + count; i++) {
    const tokens = columns[i]!.broke?.tokens
    if (tokens !== undefined && (worst === undefined || tokens > columns[worst]!.broke!.tokens)) worst = i
  }
  return worst
}

import type { CacheBreak, ContextCall } from '../../../src/model/analysis.ts'
import type { RunContent } from '../../document/run-document.ts'
import type { RunModel } from '../run/run-model.ts'
import { kindOrder } from './kinds.ts'

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

/** A stretch of a column, from the bottom up; `kind` is one of a part, or `answer`. */
export interface Stretch {
  readonly kind: string
  readonly tokens: number
}

/** All of one kind together. What was answered is on top. */
export function byKind({ composition, usedTokens, input }: ContextCall): Stretch[] {
  const inputTokens = input?.total ?? sumOf(composition ?? {})
  const parts = Object.entries(composition ?? {}).filter(([, tokens]) => tokens > 0).sort(([a], [b]) => kindOrder(a) - kindOrder(b))
  const stretches = parts.length > 0 ? parts.map(([kind, tokens]): Stretch => ({ kind, tokens })) : [{ kind: 'not recorded', tokens: inputTokens }]
  return withAnswer(stretches, usedTokens - inputTokens)
}

const withAnswer = (stretches: readonly Stretch[], answer: number): Stretch[] =>
  [...stretches, ...(answer > 0 ? [{ kind: 'answer', tokens: answer }] : [])].filter(({ tokens }) => tokens > 0)

const sumOf = (composition: Composition): number => Object.values(composition).reduce((sum, tokens) => sum + tokens, 0)

/**
 * In the order in which the request was sent, which is the order in which a cache reads it. Each kind's tokens are shared out to its
 * parts by their characters; what no part stands for is at the bottom.
 * @param places the request's parts @param least tokens below which a stretch is not told apart from its neighbours
 */
export function inOrder(call: ContextCall, places: readonly number[], parts: RunContent['parts'], least: number): Stretch[] {
  const { composition, usedTokens, input } = call
  if (composition === undefined || places.length === 0) return byKind(call)
  const merger = new Merger(least)
  const weights = weightsOf(composition, places, parts)
  for (const [kind, tokens] of belowOf(composition, weights)) merger.add(kind, tokens)
  merger.flush()
  for (const place of places) {
    const part = parts[place]
    if (part === undefined) continue
    const kind = kindIn(part, composition)
    merger.add(kind, part.chars * weights.get(kind)!)
  }
  merger.flush()
  return withAnswer(merger.stretches, usedTokens - (input?.total ?? sumOf(composition)))
}

/** Tokens of a request before one of its parts, as {@link inOrder} stacks them. */
export function tokensBefore({ composition }: ContextCall, index: number, places: readonly number[], parts: RunContent['parts']): number | undefined {
  if (composition === undefined || index > places.length) return undefined
  const weights = weightsOf(composition, places, parts)
  let tokens = belowOf(composition, weights).reduce((sum, [, own]) => sum + own, 0)
  for (const place of places.slice(0, index)) {
    const part = parts[place]
    if (part !== undefined) tokens += part.chars * weights.get(kindIn(part, composition))!
  }
  return tokens
}

type Composition = Readonly<Record<string, number>>
/** Tokens per character, by kind. */
type Weights = ReadonlyMap<string, number>

function weightsOf(composition: Composition, places: readonly number[], parts: RunContent['parts']): Weights {
  const chars = new Map<string, number>()
  for (const place of places) {
    const part = parts[place]
    if (part === undefined) continue
    const kind = kindIn(part, composition)
    chars.set(kind, (chars.get(kind) ?? 0) + part.chars)
  }
  // A kind may be any word, that of an object's own parts too.
  return new Map([...chars].map(([kind, all]) => [kind, all > 0 && Object.hasOwn(composition, kind) ? composition[kind]! / all : 0]))
}

/** What no part of the request stands for, such as what a transcript does not hold. */
const belowOf = (composition: Composition, weights: Weights): (readonly [kind: string, tokens: number])[] =>
  Object.entries(composition).filter(([kind]) => (weights.get(kind) ?? 0) === 0).sort(([a], [b]) => kindOrder(a) - kindOrder(b))

/** Images and files are a kind of their own where the analysis counted them so. */
const kindIn = ({ kind, media }: RunContent['parts'][number], composition: Composition): string =>
  (media !== undefined && Object.hasOwn(composition, media) ? media : kind)

/** Neighbours too small to be seen become one stretch of the kind that most of them are of. */
class Merger {
  readonly stretches: { kind: string; tokens: number }[] = []
  readonly #least: number
  readonly #held = new Map<string, number>()
  #heldTokens = 0

  constructor(least: number) {
    this.#least = least
  }

  add(kind: string, tokens: number): void {
    if (this.#heldTokens === 0 && tokens >= this.#least) return this.#put(kind, tokens)
    this.#held.set(kind, (this.#held.get(kind) ?? 0) + tokens)
    this.#heldTokens += tokens
    if (this.#heldTokens >= this.#least) this.flush()
  }

  flush(): void {
    if (this.#held.size === 0) return
    let kind = ''
    let most = -1
    for (const [one, tokens] of this.#held) {
      if (tokens <= most) continue
      kind = one
      most = tokens
    }
    this.#put(kind, this.#heldTokens)
    this.#held.clear()
    this.#heldTokens = 0
  }

  #put(kind: string, tokens: number): void {
    const last = this.stretches.at(-1)
    if (last?.kind === kind) last.tokens += tokens
    else this.stretches.push({ kind, tokens })
  }
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

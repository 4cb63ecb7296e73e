import type { ContextCall } from '../../../src/model/analysis.ts'
import type { RunContent } from '../../document/run-document.ts'
import { kindOrder } from './kinds.ts'

/** What a column is stacked of. Pure; a run can have a thousand calls of five thousand parts each. */

/** A stretch of a column, from the bottom up; `kind` is one of a part, or `answer`. */
export interface Stretch {
  readonly kind: string
  readonly tokens: number
}

type Composition = Readonly<Record<string, number>>

/** All of one kind together. What was answered is on top. */
export function byKind({ composition, usedTokens, input }: ContextCall): Stretch[] {
  const inputTokens = input?.total ?? sumOf(composition ?? {})
  const parts = Object.entries(composition ?? {}).filter(([, tokens]) => tokens > 0).sort(([a], [b]) => kindOrder(a) - kindOrder(b))
  const stretches = parts.length > 0 ? parts.map(([kind, tokens]): Stretch => ({ kind, tokens })) : [{ kind: 'not recorded', tokens: inputTokens }]
  return withAnswer(stretches, usedTokens - inputTokens)
}

/**
 * In the order in which the request was sent, which is the order in which a cache reads it. Each kind's tokens are shared out to its
 * parts by their characters; what no part stands for is at the bottom.
 * @param places the request's parts @param least tokens below which a stretch is not told apart from its neighbours
 */
export function inOrder(call: ContextCall, places: readonly number[], parts: RunContent['parts'], least: number): Stretch[] {
  const { composition, usedTokens, input } = call
  if (composition === undefined || places.length === 0) return byKind(call)
  const table = tableOf(parts)
  const { kindOf, weights, below } = sharesOf(composition, places, table)
  const merger = new Merger(table.names, least, below)
  for (const place of places) {
    const kind = kindOf(place)
    if (kind !== -1) merger.add(kind, table.chars[place]! * weights[kind]!)
  }
  merger.flush()
  return withAnswer(merger.stretches, usedTokens - (input?.total ?? sumOf(composition)))
}

/** Tokens of a request before one of its parts, as {@link inOrder} stacks them. */
export function tokensBefore({ composition }: ContextCall, index: number, places: readonly number[], parts: RunContent['parts']): number | undefined {
  if (composition === undefined || index > places.length) return undefined
  const table = tableOf(parts)
  const { kindOf, weights, below } = sharesOf(composition, places, table)
  let tokens = below.reduce((sum, one) => sum + one.tokens, 0)
  for (let i = 0; i < index; i++) {
    const kind = kindOf(places[i]!)
    if (kind !== -1) tokens += table.chars[places[i]!]! * weights[kind]!
  }
  return tokens
}

const withAnswer = (stretches: readonly Stretch[], answer: number): Stretch[] =>
  [...stretches, ...(answer > 0 ? [{ kind: 'answer', tokens: answer }] : [])].filter(({ tokens }) => tokens > 0)

const sumOf = (composition: Composition): number => Object.values(composition).reduce((sum, tokens) => sum + tokens, 0)

/** Kinds and lengths of a run's parts as numbers. */
interface PartTable {
  readonly names: readonly string[]
  readonly kind: Int32Array
  /** -1: text. */
  readonly media: Int32Array
  readonly chars: Float64Array
}

const tables = new WeakMap<RunContent['parts'], PartTable>()

function tableOf(parts: RunContent['parts']): PartTable {
  const known = tables.get(parts)
  if (known !== undefined) return known
  const numbers = new Map<string, number>()
  const numberOf = (name: string): number => {
    const number = numbers.get(name) ?? numbers.size
    numbers.set(name, number)
    return number
  }
  const kind = Int32Array.from(parts, (part) => numberOf(part.kind))
  const media = Int32Array.from(parts, (part) => (part.media === undefined ? -1 : numberOf(part.media)))
  const table = { kind, media, chars: Float64Array.from(parts, ({ chars }) => chars), names: [...numbers.keys()] }
  tables.set(parts, table)
  return table
}

interface Shares {
  /** Number of a part's kind: images and files are a kind of their own where the analysis counted them so. -1: no such part. */
  readonly kindOf: (place: number) => number
  /** Tokens per character, by number of the kind. */
  readonly weights: Float64Array
  /** What no part of the request stands for, such as what a transcript does not hold. */
  readonly below: readonly Stretch[]
}

function sharesOf(composition: Composition, places: readonly number[], { names, kind, media, chars }: PartTable): Shares {
  // A kind may be any word, that of an object's own parts too.
  const tokens = names.map((name) => (Object.hasOwn(composition, name) ? composition[name]! : undefined))
  const kindOf = (place: number): number => {
    const own = media[place]
    return own === undefined ? -1 : own !== -1 && tokens[own] !== undefined ? own : kind[place]!
  }
  const sums = new Float64Array(names.length)
  for (const place of places) {
    const of = kindOf(place)
    if (of !== -1) sums[of]! += chars[place]!
  }
  const weights = sums.map((sum, i) => (sum > 0 ? (tokens[i] ?? 0) / sum : 0))
  const stood = new Set(names.filter((_, i) => weights[i]! > 0))
  const below = Object.entries(composition).filter(([name]) => !stood.has(name)).sort(([a], [b]) => kindOrder(a) - kindOrder(b))
  return { kindOf, weights, below: below.map(([name, own]) => ({ kind: name, tokens: own })) }
}

/** Neighbours too small to be seen become one stretch of the kind that most of them are of. */
class Merger {
  readonly stretches: { kind: string; tokens: number }[]
  readonly #names: readonly string[]
  readonly #least: number
  readonly #held: Float64Array
  #heldTokens = 0

  constructor(names: readonly string[], least: number, below: readonly Stretch[]) {
    this.#names = names
    this.#least = least
    this.#held = new Float64Array(names.length)
    this.stretches = below.map((one) => ({ ...one }))
  }

  add(kind: number, tokens: number): void {
    if (this.#heldTokens === 0 && tokens >= this.#least) return this.#put(kind, tokens)
    this.#held[kind]! += tokens
    this.#heldTokens += tokens
    if (this.#heldTokens >= this.#least) this.flush()
  }

  flush(): void {
    if (this.#heldTokens === 0) return
    let most = 0
    for (let kind = 1; kind < this.#held.length; kind++) if (this.#held[kind]! > this.#held[most]!) most = kind
    this.#put(most, this.#heldTokens)
    this.#held.fill(0)
    this.#heldTokens = 0
  }

  #put(kind: number, tokens: number): void {
    const last = this.stretches.at(-1)
    if (last !== undefined && last.kind === this.#names[kind]) last.tokens += tokens
    else this.stretches.push({ kind: this.#names[kind]!, tokens })
  }
}

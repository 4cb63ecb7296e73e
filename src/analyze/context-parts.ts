import type { ContextPart } from '../model/analysis.ts'
import type { Part } from '../model/message.ts'
import type { Trace } from '../model/span.ts'
import type { Layout } from './context-layout.ts'
import { largestRemainder } from './largest-remainder.ts'
import { byText } from './totals.ts'

/** Names of tools by the id of their call: a result often carries only that. */
export type PartNames = ReadonlyMap<string, string>

export function toolNames({ parts, spans }: Trace): PartNames {
  const names = new Map<string, string>()
  for (const { kind, callId, name } of parts) if (kind === 'tool-call' && callId !== undefined && name !== undefined) names.set(callId, name)
  for (const { tool } of spans) if (tool?.callId !== undefined && !names.has(tool.callId)) names.set(tool.callId, tool.name)
  return names
}

type Line = Pick<ContextPart, 'kind' | 'name' | 'callId' | 'media'>

/** Which line each part of a trace belongs to, worked out once: a conversation repeats its parts in every request. */
interface Lines {
  /** By the part's index, from 1; line 0 is what the server kept. */
  readonly of: Int32Array
  readonly keys: readonly string[]
  /** A part of each line. */
  readonly example: readonly (Part | undefined)[]
  /** Of the request that is looked at; zero in between. */
  readonly weight: Float64Array
  readonly count: Int32Array
}

/** By the names that an analysis made for itself: another analysis works them out anew. */
const known = new WeakMap<PartNames, Lines>()

function linesOf({ parts }: Trace, names: PartNames): Lines {
  const found = known.get(names)
  if (found !== undefined) return found
  const numbers = new Map<string, number>([['kept', 0]])
  const example: (Part | undefined)[] = [undefined]
  const of = Int32Array.from(parts, (part) => {
    const key = keyOf(part)
    let line = numbers.get(key)
    if (line === undefined) {
      line = example.push(part) - 1
      numbers.set(key, line)
    }
    return line
  })
  const lines: Lines = {
    of, keys: [...numbers.keys()], example, weight: new Float64Array(example.length), count: new Int32Array(example.length),
  }
  known.set(names, lines)
  return lines
}

export interface Composed {
  readonly composition: Readonly<Record<string, number>>
  readonly parts: readonly ContextPart[]
}

/**
 * What a request is made of, in tokens that add up to the provider's own count: by kind, and line by line. A line is the system
 * text, one tool's definition, one tool result, what is not text by its kind, or all messages of one role.
 * @param most lines that are shown; the others are one line `rest`
 */
export function contextParts(trace: Trace, names: PartNames, { parts, at, kept }: Layout, total: number, most: number): Composed {
  const { of, keys, example, weight, count } = linesOf(trace, names)
  const used: number[] = []
  const add = (line: number, tokens: number): void => {
    if (count[line]!++ === 0) used.push(line)
    weight[line]! += tokens
  }
  if (kept > 0) add(0, kept)
  for (let i = 0; i < parts.length; i++) add(of[parts[i]!]!, at[i + 1]! - at[i]!)
  const sorted = used.sort((a, b) => weight[b]! - weight[a]! || byText(keys[a]!, keys[b]!))
    .map((line) => ({ line, kind: kindOf(example[line]), count: count[line]!, weight: weight[line]! }))
  for (const line of used) weight[line] = count[line] = 0
  const kinds = new Map<string, number>()
  for (const one of sorted) kinds.set(one.kind, (kinds.get(one.kind) ?? 0) + one.weight)
  const shown = sorted.length > most ? sorted.slice(0, most - 1) : sorted
  const left = sorted.slice(shown.length)
  const rest = left.length === 0 ? [] : [{ count: sum(left.map((one) => one.count)), weight: sum(left.map((one) => one.weight)) }]
  const weights = [...shown, ...rest].map((one) => one.weight)
  const tokens = largestRemainder(weights, total) ?? weights.map(() => 0)
  return {
    composition: byKind(kinds, total),
    parts: [
      ...shown.map(({ line, count: times }, i) => ({ ...lineOf(example[line], names), count: times, tokens: tokens[i]! })),
      ...rest.map(({ count: times }) => ({ kind: 'rest', count: times, tokens: tokens[shown.length]! })),
    ],
  }
}

const kindOf = (part: Part | undefined): string => part?.kind ?? 'kept by the server'

function byKind(weights: ReadonlyMap<string, number>, total: number): Record<string, number> {
  const kinds = [...weights.keys()]
  const tokens = largestRemainder(kinds.map((kind) => weights.get(kind)!), total, (a, b) => byText(kinds[a]!, kinds[b]!)) ?? []
  return Object.fromEntries(kinds.map((kind, i) => [kind, tokens[i] ?? 0]))
}

function keyOf({ kind, name, callId, media }: Part): string {
  if (media !== undefined) return `${kind} media ${media} ${callId ?? ''}`
  if (kind === 'tool-definition') return `${kind} ${name ?? ''}`
  return kind === 'tool-result' ? `${kind} ${callId ?? ''} ${name ?? ''}` : kind
}

function lineOf(part: Part | undefined, names: PartNames): Line {
  if (part === undefined) return { kind: kindOf(part) }
  const { kind, name, callId, media } = part
  const tool = name ?? (callId === undefined ? undefined : names.get(callId))
  const isResult = kind === 'tool-result'
  return {
    kind,
    ...((isResult || kind === 'tool-definition') && tool !== undefined && { name: tool }),
    ...(isResult && callId !== undefined && { callId }),
    ...(media !== undefined && { media }),
  }
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

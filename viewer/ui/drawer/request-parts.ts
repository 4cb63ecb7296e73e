import type { ContextCall } from '../../../src/model/analysis.ts'
import type { RunContent } from '../../document/run-document.ts'

type Part = RunContent['parts'][number]

/** A part of a request or an answer with its size in tokens, where that is known or can be told from its kind's. */
export interface SizedPart {
  readonly part: Part
  /** Place in the request, from 0. */
  readonly index: number
  readonly tokens?: number
  /** The tokens of its kind, shared out by characters. */
  readonly isEstimate?: true
}

/**
 * The parts of a request with their sizes. A line of the context's list that stands for one part says it exactly; the other parts
 * share what is left of their kind.
 * @param places in `content.parts`
 */
export function sizedParts(places: readonly number[], content: RunContent, context: ContextCall | undefined): SizedPart[] {
  const parts = named(places.flatMap((place) => content.parts[place] ?? []))
  const known = new Map<string, number>()
  const left = new Map(Object.entries(context?.composition ?? {}))
  for (const { kind, name, callId, media, count, tokens } of context?.parts ?? []) if (count === 1 && kind !== 'rest') known.set(keyOf({ kind, name, callId, media }), tokens)
  // A line of one part, where the request has several such parts, would be a line of another: none is exact then.
  const times = new Map<string, number>()
  for (const part of parts) times.set(keyOf(part), (times.get(keyOf(part)) ?? 0) + 1)
  const exact = parts.map((part) => (times.get(keyOf(part)) === 1 ? known.get(keyOf(part)) : undefined))
  const chars = new Map<string, number>()
  parts.forEach((part, i) => {
    const tokens = exact[i]
    if (tokens !== undefined) left.set(part.kind, (left.get(part.kind) ?? 0) - tokens)
    else chars.set(part.kind, (chars.get(part.kind) ?? 0) + part.chars)
  })
  return parts.map((part, index): SizedPart => {
    const tokens = exact[index]
    if (tokens !== undefined) return { part, index, tokens }
    const ofKind = left.get(part.kind)
    const all = chars.get(part.kind) ?? 0
    if (ofKind === undefined || ofKind < 0 || all === 0) return { part, index }
    return { part, index, tokens: Math.round((ofKind * part.chars) / all), isEstimate: true }
  })
}

/** Some APIs say of a result only which call it answers: the tool's name stands with the call. */
function named(parts: readonly Part[]): readonly Part[] {
  const names = new Map<string, string>()
  for (const { kind, callId, name } of parts) if (kind === 'tool-call' && callId !== undefined && name !== undefined) names.set(callId, name)
  return parts.map((part) => {
    const name = part.kind === 'tool-result' && part.name === undefined && part.callId !== undefined ? names.get(part.callId) : undefined
    return name === undefined ? part : { ...part, name }
  })
}

const keyOf = ({ kind, name, callId, media }: { readonly [K in 'kind' | 'name' | 'callId' | 'media']?: string | undefined }): string =>
  JSON.stringify([kind, name, kind === 'tool-result' ? callId : undefined, media])

/** Which places of a long list are shown before anybody asks for the others: the first and the newest. */
export function shownOf(count: number, first = 8, last = 16): { readonly head: number; readonly tail: number } {
  return count <= first + last + 6 ? { head: count, tail: 0 } : { head: first, tail: last }
}

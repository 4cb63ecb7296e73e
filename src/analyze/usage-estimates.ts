import { isPartial } from '../model/marks.ts'
import { hasLentTexts, textOf } from '../model/transient.ts'
import { countTokensSliced } from '../tokens/index.ts'
import type { LlmDetail, Span, Trace } from '../model/span.ts'
import type { Part } from '../model/message.ts'
import type { Usage } from '../model/usage.ts'
import type { TextPart, TokenCounter } from './token-counter.ts'

/** `counted`: from the texts. `rough`: from their lengths, because the texts are gone. */
export type Estimate = 'counted' | 'rough'

export interface CallUsage {
  readonly usage?: Usage
  /** Absent when all of it is the provider's own count. */
  readonly estimate?: Estimate
}

export const CHARS_PER_TOKEN = 4
/** An image or a file, whose tokens do not depend on its length. */
const CHARS_PER_MEDIA = 4_000

/** The share of a part in a request's size, in characters. */
export const weightOf = ({ media, chars }: Part): number => (media === undefined ? chars : CHARS_PER_MEDIA)

/**
 * The usage of a call: what the provider said, and an estimate of the input or the output where it said nothing, labelled
 * as one. What the provider did say is never overwritten.
 *
 * A call that failed without an answer is not estimated: nothing was generated, and providers do not bill it. Neither is one
 * that is still open, nor one whose request is known in part only.
 */
export function callUsage(trace: Trace, span: Span, counter: TokenCounter | false): CallUsage {
  const { llm, outcome } = span
  const told = withoutRaw(llm?.usage)
  const known: CallUsage = told === undefined ? {} : { usage: told }
  if (llm === undefined || counter === false || outcome.state === 'open' || isPartial(span)) return known
  if (outcome.state === 'failed' && told === undefined && !llm.responseParts?.length) return known

  const input = told?.input === undefined ? estimateInput(trace, llm, counter) : undefined
  const output = told?.output === undefined ? estimateOutput(trace, llm, counter) : undefined
  if (input === undefined && output === undefined) return known
  const usage: Usage = {
    complete: false,
    ...told,
    ...(input && { input: { total: input.tokens, uncached: input.tokens, cacheRead: 0, cacheWrite: 0 } }),
    ...(output && { output: { total: output.tokens, visible: output.tokens, reasoning: 0 } }),
    source: 'estimated',
  }
  return { usage, estimate: input?.by === 'rough' || output?.by === 'rough' ? 'rough' : 'counted' }
}

/**
 * Counts ahead, in slices, what an analysis of `trace` will have to count: it then finds the counts by text. Traces whose
 * providers told all usage cost nothing.
 */
export async function countMissingUsage(trace: Trace): Promise<void> {
  if (!hasLentTexts(trace)) return
  const byModel = new Map<string, Set<string>>()
  for (const span of trace.spans) {
    const { llm } = span
    if (llm === undefined || llm.usage?.complete === true || isPartial(span)) continue
    let texts = byModel.get(modelOf(llm))
    if (texts === undefined) byModel.set(modelOf(llm), (texts = new Set()))
    for (const index of [...(llm.requestParts ?? []), ...(llm.responseParts ?? [])]) {
      const part = trace.parts[index]
      const text = textOf(trace, index)
      if (part === undefined || text === undefined || part.media !== undefined) continue
      texts.add(text).add(countedText({ kind: part.kind, text, name: part.name }))
    }
  }
  for (const [model, texts] of byModel) await countTokensSliced([...texts], model)
}

interface Estimated {
  readonly tokens: number
  readonly by: Estimate
}

function estimateInput(trace: Trace, llm: LlmDetail, counter: TokenCounter): Estimated | undefined {
  const indexes = llm.requestParts
  if (!indexes?.length) return undefined
  const texts = textParts(trace, indexes)
  const model = modelOf(llm)
  const count = (all: TextPart[]): number | undefined =>
    llm.operation === 'embeddings' ? sum(all, counter, model) : counter.estimateRequestTokens(all, model)
  const counted = texts && count(texts)
  return counted === undefined ? rough(trace, indexes) : { tokens: counted, by: 'counted' }
}

function estimateOutput(trace: Trace, llm: LlmDetail, counter: TokenCounter): Estimated | undefined {
  const indexes = llm.responseParts
  if (!indexes?.length || llm.operation === 'embeddings') return undefined
  const texts = textParts(trace, indexes)
  const counted = texts && sum(texts, counter, modelOf(llm))
  return counted === undefined ? rough(trace, indexes) : { tokens: counted, by: 'counted' }
}

/** Undefined unless every text can be reached. */
function textParts(trace: Trace, indexes: readonly number[]): TextPart[] | undefined {
  const parts: TextPart[] = []
  for (const index of indexes) {
    const part = trace.parts[index]
    const text = textOf(trace, index)
    if (part === undefined || text === undefined) return undefined
    parts.push({ kind: part.kind, text, name: part.name, media: part.media })
  }
  return parts
}

function sum(parts: readonly TextPart[], counter: TokenCounter, model: string): number | undefined {
  let total = 0
  for (const { text, name, kind, media } of parts) {
    const tokens = media === undefined ? counter.countTokens(countedText({ kind, text, name }), model) : undefined
    if (tokens === undefined) return undefined
    total += tokens
  }
  return total
}

const countedText = ({ kind, text, name }: TextPart): string => (kind === 'tool-call' ? `${name ?? ''} ${text}` : text)

function rough(trace: Trace, indexes: readonly number[]): Estimated | undefined {
  let chars = 0
  for (const index of indexes) {
    const part = trace.parts[index]
    if (part === undefined) return undefined
    chars += weightOf(part)
  }
  return { tokens: Math.ceil(chars / CHARS_PER_TOKEN), by: 'rough' }
}

const modelOf = (llm: LlmDetail): string => llm.responseModel ?? llm.requestModel ?? ''

/** The trace keeps what the provider said word for word; an analysis has only what is normal. */
function withoutRaw(usage: Usage | undefined): Usage | undefined {
  if (usage === undefined || !Object.hasOwn(usage, 'raw')) return usage
  const { raw: _raw, ...rest } = usage
  return rest
}

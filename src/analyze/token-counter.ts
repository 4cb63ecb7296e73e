import { countTokens, estimateRequestTokens } from '../tokens/index.ts'
import type { PartKind } from '../model/message.ts'

export interface TextPart {
  readonly kind: PartKind
  readonly text: string
  readonly name?: string | undefined
  readonly media?: string | undefined
}

/** Counts tokens locally, for calls whose provider told no usage. Undefined where it cannot. */
export interface TokenCounter {
  countTokens(text: string, model: string): number | undefined
  /** The input tokens of a whole request: its texts and what the chat format adds. */
  estimateRequestTokens(parts: readonly TextPart[], model: string): number | undefined
  /** What it counts with, for the reader of a report. */
  readonly source: string
}

export const localTokenCounter: TokenCounter = {
  countTokens, estimateRequestTokens,
  source: 'counted locally with the o200k_base and cl100k_base ranks of js-tiktoken',
}

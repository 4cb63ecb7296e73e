import { countTokens } from './count.ts'
import { isClaude } from './models.ts'

/** What is counted of a part of a request; a `Part` with its text is one. */
export interface CountedPart {
  readonly kind: string
  readonly text: string
  readonly name?: string | undefined
  readonly media?: string | undefined
}

/**
 * Tokens that a chat format adds to the texts: OpenAI's own figures (its cookbook, "How to count tokens with tiktoken"; a
 * message's role is the fourth). They gave the provider's count for 20 of 21 recorded requests; Claude adds about as many.
 */
const PER_REQUEST = 3
const PER_MESSAGE = 4
const PER_NAME = 1
/** Measured on recorded requests; each of several parallel calls costs about as much again. */
const PER_TOOL_CALL = 7
/** OpenAI shows the model a shorter form of a tool's definition than the JSON; 17 recorded requests came within 12 %. */
const OPENAI_DEFINITION = 0.8
/** The instructions that Claude gets with the first tool; 310 to 570 tokens in recordings, depending on the model. */
const CLAUDE_TOOL_PROMPT = 340

/**
 * The input tokens of a request with these parts: their texts and what the chat format adds. An estimate, also where the
 * counts of the texts are exact. Undefined when the ranks cannot be loaded, and when a part is an image or a file, whose
 * tokens do not depend on its length. Texts that `countTokensSliced` has counted before cost next to nothing here.
 */
export function estimateRequestTokens(parts: readonly CountedPart[], model: string): number | undefined {
  let sum = PER_REQUEST
  for (const part of parts) {
    const tokens = estimatePart(part, model)
    if (tokens === undefined) return undefined
    sum += tokens
  }
  const hasTools = parts.some(({ kind }) => kind === 'tool-definition')
  return Math.round(sum + (hasTools && isClaude(model) ? CLAUDE_TOOL_PROMPT : 0))
}

function estimatePart({ kind, text, name, media }: CountedPart, model: string): number | undefined {
  const tokens = media === undefined ? countTokens(text, model) : undefined
  if (tokens === undefined) return undefined
  const named = name === undefined ? 0 : (countTokens(name, model) ?? 0)
  switch (kind) {
    case 'reasoning':
      return tokens
    case 'tool-definition':
      // Its name is a part of its text.
      return isClaude(model) ? tokens : tokens * OPENAI_DEFINITION
    case 'tool-call':
      return tokens + named + PER_MESSAGE + PER_TOOL_CALL
    case 'tool-result':
      return tokens + PER_MESSAGE
    default:
      return tokens + PER_MESSAGE + (name === undefined ? 0 : named + PER_NAME)
  }
}

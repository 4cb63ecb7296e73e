import type { InputTokens } from './usage.ts'

export interface ContextCall {
  readonly spanId: string
  /** 1-based number of the call. */
  readonly number: number
  readonly model: string
  /** Input and output of the call in tokens. */
  readonly usedTokens: number
  readonly windowTokens?: number
  /** usedTokens ÷ windowTokens */
  readonly share?: number
  /** Tokens by part kind, calibrated so that they add up to the provider's own input count. */
  readonly composition?: Readonly<Record<string, number>>
  /**
   * The same, part by part: the largest first, what is left as one line of kind `rest`; adds up to the input too. The call with
   * the largest input shows more lines than the others.
   */
  readonly parts?: readonly ContextPart[]
  readonly input?: InputTokens
}

/** One line of what a request is made of: a tool's definition, a tool result, or all parts of one kind. */
export interface ContextPart {
  /** A part kind; `kept by the server`; `not recorded` (of a transcript: system text and tools); or `rest` for the lines that are not shown. */
  readonly kind: string
  /** Name of the tool. */
  readonly name?: string
  /** Of a tool result. */
  readonly callId?: string
  /** `image`, `audio`, `file`: by the provider's rule where the size of an image is known, else a guess. */
  readonly media?: string
  /** How many parts of the request it stands for. */
  readonly count: number
  readonly tokens: number
}

/** How the context of one conversation grew: its calls, each of which went on from the one before. */
export interface ContextGrowth {
  /** The calls that the line goes through: those since the context last became shorter. */
  readonly calls: readonly number[]
  /** Tokens by which a turn makes the context longer: the slope of a least-squares line through input plus output. */
  readonly tokensPerTurn: number
  /** Share of the scatter that the line explains, 0 to 1. */
  readonly fit: number
  /** Turns from the last call on until the model's window is full, by that line; absent when the context does not grow. */
  readonly turnsLeft?: number
}

/** What a tool result cost over its whole stay in the context. */
export interface ResultStay {
  readonly name?: string
  readonly callId?: string
  /** The tool's span. */
  readonly spanId?: string
  /** The first and last call that carried it. */
  readonly firstCall: number
  readonly lastCall: number
  readonly tokens: number
  /** Requests that carried it. */
  readonly turns: number
  /** Tokens over all requests, and how many of them came from a cache. */
  readonly totalTokens: number
  readonly cachedTokens: number
  /** At the prices paid, by where in each request it stood; absent when one of them is unknown. */
  readonly costUsd?: number
  /** Of that, what the requests after the first one paid. */
  readonly laterCostUsd?: number
  /** At the price of input that no cache holds. */
  readonly uncachedCostUsd?: number
  /**
   * Whether a later call or answer repeated a distinctive value of it; absent where that was not looked for. Repeating none
   * does not prove that it was not used.
   */
  readonly repeated?: boolean
}

/** A tool's definition and what carrying it cost. */
export interface DefinitionUse {
  readonly name: string
  /** Times that an answer asked for the tool. */
  readonly timesCalled: number
  /** Requests that carried the definition. */
  readonly requests: number
  readonly totalTokens: number
  /** At the prices paid; absent when one of them is unknown. */
  readonly costUsd?: number
}

/** The same content several times in one request. */
export interface DuplicateContent {
  readonly kind: string
  readonly name?: string
  /** Times that it stands in the request that has it most often. */
  readonly copies: number
  /** Requests that carried it more than once. */
  readonly requests: number
  /** Tokens of all copies but the first, over all requests. */
  readonly totalTokens: number
  readonly costUsd?: number
  /** The calls that carried it more than once: first and last. */
  readonly firstCall: number
  readonly lastCall: number
}

export interface ContextSummary {
  readonly calls: readonly ContextCall[]
  /** The call with the largest share of its window. */
  readonly peak?: ContextCall
  /** Set when the peak is past the threshold (default 0.5). */
  readonly warning?: string
  /** How parts were weighed before they were scaled to the provider's count: counted tokens, or lengths. */
  readonly weighedBy?: 'tokens' | 'characters'
  /** Conversations of at least three turns, the one with the most context first; at most 20. */
  readonly growth?: readonly ContextGrowth[]
  /** Tool results by what their stay cost, dearest first; at most 50. */
  readonly results?: readonly ResultStay[]
  /** Every defined tool, the dearest first. */
  readonly definitions?: readonly DefinitionUse[]
  /** The dearest first; at most 50. */
  readonly duplicates?: readonly DuplicateContent[]
}

import type { Amount, Confidence } from './analysis.ts'

/**
 * Why a request paid again for what a cache had held. `nothing-changed`: the request goes on from the one before it unchanged,
 * in time and with the same model, as far as the recording shows.
 */
export type CacheCause =
  | 'model-changed'
  | 'tool-added' | 'tool-removed' | 'tool-changed' | 'tools-reordered'
  | 'system-changed'
  | 'message-edited' | 'message-dropped' | 'message-inserted' | 'history-rewritten'
  | 'expired'
  | 'too-many-new-blocks'
  /** By the provider's own word: a setting such as the cache key, the effort or the format. */
  | 'setting-changed'
  | 'nothing-changed'
  | 'unknown'

/** Who can do something about it. `provider`: nothing in the request explains it. `unknown`: the request was not seen. */
export type CacheSide = 'actionable' | 'provider' | 'unknown'

/** The part at which two requests begin to differ. */
export interface ChangedPart {
  /** Its place in the request, from 0, in the order in which a cache reads: definitions, system, messages. */
  readonly index: number
  readonly kind: string
  /** Name of the tool. */
  readonly name?: string
  readonly callId?: string
  /** For text that was seen: how many UTF-16 code units of it had stayed the same. */
  readonly offset?: number
  /** Parts that were dropped or inserted there. */
  readonly count?: number
}

export interface CacheBreak {
  readonly spanId: string
  /** Number of the call, and of the one that it goes on from. */
  readonly call: number
  readonly previousCall: number
  readonly cause: CacheCause
  readonly side: CacheSide
  readonly confidence: Confidence
  readonly part?: ChangedPart
  /** Time from the end of the call before to the start of this one. */
  readonly gapNs: number
  /**
   * Number of a later call that read from the cache exactly what this one did not find: it had not been lost, so the history
   * was not changed for good, nor had the time run out.
   */
  readonly stillHeldBy?: number
  /** Tokens that the cache held, or could have held, after the call before; and what this call read of them. */
  readonly cacheableTokens: number
  readonly readTokens: number
  /** Tokens that were paid for again. */
  readonly tokens: number
  /** What they cost more than a cache read; absent when a price is unknown. */
  readonly costUsd?: number
  /** What reading them anew took, by the run's own times to the first token; absent when these cannot tell. */
  readonly timeNs?: Amount
  /** The reason that the provider itself gave, in its words; `agrees` is absent when it says nothing about the cause. */
  readonly stated?: { readonly reason: string; readonly tokens?: number; readonly agrees?: boolean }
}

/** A conversation of which no request read or wrote a cache. */
export interface NeverCached {
  /** `no-breakpoint`: the API caches what is marked, and nothing was; `below-minimum`: too short for the model's cache. */
  readonly cause: 'below-minimum' | 'no-breakpoint' | 'unknown'
  readonly confidence: Confidence
  readonly model: string
  /** Numbers of its calls. */
  readonly calls: readonly number[]
  /** The longest prefix that a request repeated, in tokens, and the least that the model's cache holds. */
  readonly prefixTokens: number
  readonly minimumTokens?: number
  /** Tokens that requests repeated. */
  readonly tokens: number
  /** What a cache would have saved, with the price of writing to it; absent when a price is unknown. */
  readonly savingUsd?: number
}

export interface CacheLoss {
  readonly breaks: number
  readonly tokens: number
  /** Of the breaks whose cost is known. */
  readonly costUsd?: number
  readonly timeNs?: Amount
}

/** What prompt caches did for the run's conversations. */
export interface CacheSummary {
  /** Requests that were compared with the one that they go on from. */
  readonly compared: number
  /** In order of the calls. */
  readonly breaks: readonly CacheBreak[]
  /** Tokens read from a cache ÷ all input tokens of these conversations. */
  readonly readShare: number
  readonly lost: CacheLoss
  readonly bySide: Readonly<Record<CacheSide, CacheLoss>>
  readonly neverCached: readonly NeverCached[]
  /** Day of the rules on lifetimes and smallest sizes. */
  readonly rules: string
}

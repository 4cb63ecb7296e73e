/**
 * What the providers say of their prompt caches, read in November 2026 from their guides and the notes of their SDKs
 * (anthropic 1.x, openai 7.x); what only third parties say is marked. The sizes are for the models named; where sources
 * disagree, the smaller one stands, so that nothing is called too short without cause.
 */
export const RULES_DATE = '2026-11-21'

export interface CacheRules {
  /** Whether the provider caches by itself; if not, only what is marked. */
  readonly automatic: boolean
  /** The shortest prefix that is cached, in tokens. */
  readonly minimumTokens: number
  /** Cached prefixes are whole multiples of this. */
  readonly blockTokens: number
  /** An entry that is not used lives at least so long, and is gone for certain after the longer time. */
  readonly lifetimeNs: { readonly atLeast: number; readonly atMost: number }
  /** Blocks that a breakpoint looks back over for an entry. */
  readonly lookback?: number
}

const MINUTE_NS = 60e9
const HOUR_NS = 60 * MINUTE_NS

/** The first that matches. Claude's sizes: third-party text, in agreement but for Sonnet 4.6 (1,024 or 2,048). */
const CLAUDE_MINIMUM: readonly (readonly [RegExp, number])[] = [
  [/(opus|fable|mythos)-5/, 512],
  [/opus-4[-.]7/, 2_048],
  [/opus-4[-.][56]/, 4_096],
  [/haiku-4[-.]5/, 4_096],
  [/haiku/, 2_048],
  [/./, 1_024],
]

/** OpenAI's models before these have no prompt cache. */
const OPENAI_CACHED = /(gpt-4o|gpt-4\.[15]|gpt-[5-9]|\bo[134](?!\d)|codex)/

/**
 * Undefined for a provider or model whose cache's rules are not known: nothing is claimed of those beyond what their usage says.
 * @param ttls lifetimes that the provider's usage named, such as `5m` and `1h`
 */
export function cacheRules(provider: string, model: string, ttls: ReadonlySet<string>): CacheRules | undefined {
  const name = model.toLowerCase()
  if (name.includes('claude')) {
    const hour = ttls.has('1h') && !ttls.has('5m')
    const lifetime = hour ? HOUR_NS : 5 * MINUTE_NS
    return {
      automatic: false, blockTokens: 1, lookback: 20,
      minimumTokens: CLAUDE_MINIMUM.find(([pattern]) => pattern.test(name))![1],
      // Google's and Amazon's own clouds give the same lifetimes.
      lifetimeNs: { atLeast: lifetime, atMost: lifetime },
    }
  }
  if ((provider === 'openai' || provider.startsWith('azure')) && OPENAI_CACHED.test(name)) {
    return { automatic: true, minimumTokens: 1_024, blockTokens: 128, lifetimeNs: openaiLifetime(name, ttls) }
  }
  return undefined
}

/**
 * In memory 5 to 10 minutes without use and at most an hour; a day where retention is extended, which is the default since
 * GPT-5.5 and for organizations that keep data. GPT-5.6 and later: at least 30
 * minutes, or the 12 hours that were asked for.
 */
function openaiLifetime(name: string, ttls: ReadonlySet<string>): CacheRules['lifetimeNs'] {
  const version = Number(/gpt-(\d+(?:\.\d+)?)/.exec(name)?.[1] ?? 0)
  return { atLeast: (ttls.has('12h') && !ttls.has('30m') ? 720 : version >= 5.6 ? 30 : 5) * MINUTE_NS, atMost: 24 * HOUR_NS }
}

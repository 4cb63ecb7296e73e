import { findProvider, PRICE_TABLE_DATE, PRICE_TABLE_VERSION, priceTable, type PriceTable } from './genai-prices.ts'
import { longestPrefix } from './model-id.ts'

/**
 * Context windows in tokens, as the providers' model pages give them. They win over the price table's own figures,
 * which round (1,000,000 for 1,047,576) or lack some. A key also stands for the ids that continue it after a `-`.
 * Claude models of 200,000 tokens have a variant of 1,000,000 behind a beta header: `windows` in the options says so.
 */
const WINDOWS_DATE = '2026-11-01'
const WINDOWS: ReadonlyMap<string, number> = new Map(Object.entries({
  'gpt-5': 400_000,
  'gpt-5-chat': 128_000,
  'gpt-5.1': 400_000,
  'gpt-5.2': 400_000,
  'gpt-5.3': 400_000,
  'gpt-4.1': 1_047_576,
  'gpt-4o': 128_000,
  'chatgpt-4o': 128_000,
  'gpt-4-turbo': 128_000,
  'gpt-4': 8_192,
  'gpt-4-32k': 32_768,
  'gpt-4-1106-preview': 128_000,
  'gpt-4-0125-preview': 128_000,
  'gpt-4-vision-preview': 128_000,
  'gpt-3.5-turbo': 16_385,
  'gpt-3.5-turbo-instruct': 4_096,
  'o1': 200_000,
  'o1-mini': 128_000,
  'o1-preview': 128_000,
  'o3': 200_000,
  'o3-mini': 200_000,
  'o4-mini': 200_000,
  'claude-3': 200_000,
  'claude-3-5-sonnet': 200_000,
  'claude-3-7-sonnet': 200_000,
  'claude-sonnet-4-0': 200_000,
  'claude-sonnet-4-20250514': 200_000,
  'claude-sonnet-4-5': 200_000,
  'claude-haiku-4-5': 200_000,
  'claude-opus-4-0': 200_000,
  'claude-opus-4-20250514': 200_000,
  'claude-opus-4-1': 200_000,
  'claude-opus-4-5': 200_000,
  'claude-2.1': 200_000,
  'claude-2.0': 100_000,
  'claude-instant-1.2': 100_000,
  'gemini-1.5-pro': 2_097_152,
  'gemini-1.5-flash': 1_048_576,
  'gemini-2.0-flash': 1_048_576,
  'gemini-2.5-pro': 1_048_576,
  'gemini-2.5-flash': 1_048_576,
  'gemini-3-pro': 1_048_576,
  'gemini-3-flash': 1_048_576,
  'llama-3.3-70b-versatile': 131_072,
}))

/** Tokens by model id; a key also stands for the ids that continue it after a `-`, `:` or `@`. The longest key wins. */
export type Windows = Readonly<Record<string, number>>

export interface WindowTable {
  /** The context window in tokens of the first model that has a known one. */
  window(provider: string, models: readonly (string | undefined)[]): number | undefined
  /** Where the windows come from and of which day. */
  readonly source: string
}

/** Windows from, in this order: the user's, our list, the table of `@pydantic/genai-prices`. */
export function windowTable(own: Windows = {}, table: PriceTable | null = priceTable() ?? null): WindowTable {
  const users = new Map(Object.entries(own))
  const known = new Map<string, number | undefined>()
  const windowOf = (provider: string, model: string): number | undefined => {
    const key = `${provider} ${model}`
    if (!known.has(key)) {
      known.set(key, longestPrefix(users, model) ?? longestPrefix(WINDOWS, model) ?? fromTable(table, provider, model))
    }
    return known.get(key)
  }
  const sources = [
    users.size > 0 && 'windows given by the caller',
    `spanwise's own list (${WINDOWS_DATE})`,
    table !== null && `@pydantic/genai-prices ${PRICE_TABLE_VERSION} (${PRICE_TABLE_DATE})`,
  ]
  return {
    window(provider, models) {
      for (const model of models) {
        const tokens = model === undefined ? undefined : windowOf(provider, model)
        if (tokens !== undefined) return tokens
      }
      return undefined
    },
    source: sources.filter((source) => source !== false).join(', '),
  }
}

function fromTable(table: PriceTable | null, provider: string, model: string): number | undefined {
  const entry = table === null ? undefined : findProvider(table, provider)
  if (table === null || entry === undefined) return undefined
  try {
    return table.calcPrice({ input_tokens: 1 }, model.replace(/^models\//, ''), { provider: entry })?.model.context_window
  } catch {
    return undefined
  }
}

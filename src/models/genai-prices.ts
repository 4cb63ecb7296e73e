import type { calcPrice, findProvider as findInTable, Provider } from '@pydantic/genai-prices'

export type { Provider } from '@pydantic/genai-prices'

/** The part of the package that we use; its data is bundled, nothing is fetched. */
export interface PriceTable {
  readonly calcPrice: typeof calcPrice
  readonly findProvider: typeof findInTable
}

/** The installed version and the day it was published; a test compares it with the package. */
export const PRICE_TABLE_VERSION = '0.1.8'
export const PRICE_TABLE_DATE = '2026-09-23'

/** On a global symbol: the copy of this package that imports the table need not be the one whose report needs it. */
const KEY = Symbol.for('spanwise.prices.v1')
const globals = globalThis as { [KEY]?: { readonly table: PriceTable | undefined } }

/**
 * The price table, loaded when first asked for, because its data takes tens of milliseconds. Synchronous: a report is.
 * Undefined where there is no `node:module` (a page) or the package is missing.
 */
export function priceTable(): PriceTable | undefined {
  return (globals[KEY] ??= { table: load() }).table
}

function load(): PriceTable | undefined {
  try {
    return requireHere()('@pydantic/genai-prices') as PriceTable
  } catch {
    return undefined
  }
}

/** A CommonJS bundle has no address of its own: what lies where the program was started is then what there is. */
function requireHere(): NodeJS.Require {
  const { getBuiltinModule, cwd } = globalThis.process
  return getBuiltinModule('node:module').createRequire((import.meta.url as string | undefined) ?? `${cwd()}/`)
}

/**
 * Sees to it that `priceTable()` will have one where it cannot be required: in a bundle that runs without the packages it was
 * made of, which holds what is imported in so many words. Where it can be required it is not loaded before it is needed.
 */
export async function importPriceTable(): Promise<void> {
  const { [KEY]: loaded } = globals
  if (loaded?.table !== undefined || (loaded === undefined && isThere())) return
  try {
    globals[KEY] = { table: await import('@pydantic/genai-prices') }
  } catch {
    globals[KEY] = { table: undefined }
  }
}

function isThere(): boolean {
  try {
    return requireHere().resolve('@pydantic/genai-prices') !== ''
  } catch {
    return false
  }
}

/** OpenTelemetry's provider names, and other common ones, to the ids of the table. */
const PROVIDER_IDS: Readonly<Record<string, string>> = {
  'openai': 'openai',
  'anthropic': 'anthropic',
  'azure.ai.openai': 'azure',
  'azure.ai.inference': 'azure',
  'azure': 'azure',
  'aws.bedrock': 'aws',
  'gcp.gemini': 'google',
  'gcp.gen_ai': 'google',
  'gcp.vertex_ai': 'google',
  'google': 'google',
  'groq': 'groq',
  'mistral_ai': 'mistral',
  'mistral': 'mistral',
  'deepseek': 'deepseek',
  'x_ai': 'x-ai',
  'xai': 'x-ai',
  'cohere': 'cohere',
  'perplexity': 'perplexity',
  'moonshot_ai': 'moonshotai',
  'moonshotai': 'moonshotai',
  'cerebras': 'cerebras',
  'fireworks': 'fireworks',
  'together': 'together',
  'novita': 'novita',
  'openrouter': 'openrouter',
  'ovhcloud': 'ovhcloud',
}

const providers = new Map<string, Provider | undefined>()

/**
 * The table's entry of a provider. A provider that it does not list has none: the same model costs differently elsewhere.
 * @param provider OpenTelemetry's `gen_ai.provider.name`
 */
export function findProvider(table: PriceTable, provider: string): Provider | undefined {
  if (!providers.has(provider)) {
    const providerId = Object.hasOwn(PROVIDER_IDS, provider) ? PROVIDER_IDS[provider]! : undefined
    providers.set(provider, providerId === undefined ? undefined : table.findProvider({ providerId }))
  }
  return providers.get(provider)
}

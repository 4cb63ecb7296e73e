import { fields, text, type Fields } from '../shared/json.ts'
import { providerAt } from '../shared/provider.ts'

/** What LlamaIndex's objects say of themselves: they are who calls, as its events tell. */

/** The class of an object; undefined where a bundler has shortened it. */
export function classOf(caller: unknown): string | undefined {
  const name = text(fields(caller)?.constructor?.name)
  return name === undefined || name.length <= 3 || name === 'Object' ? undefined : name
}

export const modelOf = (caller: unknown): string | undefined => text(fields(fields(caller)?.['metadata'])?.['model']) ?? text(fields(caller)?.['model'])

/** OpenTelemetry's names, by those of LlamaIndex's classes. */
const PROVIDERS: Readonly<Record<string, string>> = {
  AzureOpenAI: 'azure.ai.openai', Gemini: 'gcp.gemini', GoogleStudio: 'gcp.gemini', Vertex: 'gcp.vertex_ai', MistralAI: 'mistral_ai',
  Bedrock: 'aws.bedrock', DeepSeekLLM: 'deepseek', TogetherLLM: 'together_ai', FireworksLLM: 'fireworks', XAI: 'x_ai',
}

export function providerOf(caller: unknown): string {
  const llm = fields(caller)
  const byAddress = providerAt(llm?.['baseURL'] ?? fields(llm?.['additionalSessionOptions'])?.['baseURL'])
  const name = classOf(caller)
  return byAddress ?? (name === undefined ? 'unknown' : PROVIDERS[name] ?? name.toLowerCase())
}

const SETTINGS: readonly (readonly [attribute: string, name: string])[] = [
  ['gen_ai.request.temperature', 'temperature'], ['gen_ai.request.top_p', 'topP'],
]

export function settingsOf(caller: unknown): Fields {
  const metadata = fields(fields(caller)?.['metadata'])
  return Object.fromEntries(SETTINGS.flatMap(([attribute, name]) => (typeof metadata?.[name] === 'number' ? [[attribute, metadata[name]]] : [])))
}

export function maxTokensOf(caller: unknown): number | undefined {
  const max = fields(fields(caller)?.['metadata'])?.['maxTokens']
  return typeof max === 'number' ? max : undefined
}

/**
 * OpenTelemetry's provider names, by the host that a client asks. What a client is cannot be told by the name of its class:
 * bundlers shorten it.
 */
const HOSTS: readonly (readonly [ends: string, provider: string])[] = [
  ['openai.azure.com', 'azure.ai.openai'], ['cognitiveservices.azure.com', 'azure.ai.openai'], ['services.ai.azure.com', 'azure.ai.inference'],
  ['api.openai.com', 'openai'], ['groq.com', 'groq'], ['mistral.ai', 'mistral_ai'], ['deepseek.com', 'deepseek'], ['x.ai', 'x_ai'],
  ['perplexity.ai', 'perplexity'], ['generativelanguage.googleapis.com', 'gcp.gemini'], ['aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['moonshot.ai', 'moonshot_ai'], ['moonshot.cn', 'moonshot_ai'], ['amazonaws.com', 'aws.bedrock'], ['anthropic.com', 'anthropic'],
  ['openrouter.ai', 'openrouter'], ['together.xyz', 'together_ai'], ['together.ai', 'together_ai'], ['fireworks.ai', 'fireworks'],
  ['cerebras.ai', 'cerebras'],
]

/** Named for their region: `us-east5-aiplatform.googleapis.com`, `bedrock-mantle.us-east-1.api.aws`. */
const REGIONAL: readonly (readonly [host: RegExp, provider: string])[] = [
  [/^[a-z\d-]+-aiplatform\.googleapis\.com$/, 'gcp.vertex_ai'], [/^bedrock-[a-z]+\.[a-z\d-]+\.api\.aws$/, 'aws.bedrock'],
]

/** The provider behind a base URL; undefined when its host is none that we know, such as a gateway's. */
export function providerAt(baseURL: unknown): string | undefined {
  const host = hostOf(baseURL)
  return HOSTS.find(([ends]) => host === ends || host.endsWith(`.${ends}`))?.[1] ?? REGIONAL.find(([pattern]) => pattern.test(host))?.[1]
}

function hostOf(url: unknown): string {
  try {
    return new URL(String(url)).hostname
  } catch {
    return ''
  }
}

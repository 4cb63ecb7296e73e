/** What emitters call a provider, where OpenTelemetry has a name for it. Of `openai.responses` the first word is looked up. */
const names: ReadonlyMap<string, string> = new Map([
  ['azure', 'azure.ai.openai'],
  ['azure_openai', 'azure.ai.openai'],
  ['azure-openai', 'azure.ai.openai'],
  ['amazon-bedrock', 'aws.bedrock'],
  ['amazon_bedrock', 'aws.bedrock'],
  ['bedrock', 'aws.bedrock'],
  ['aws', 'aws.bedrock'],
  ['google', 'gcp.gen_ai'],
  ['google-gla', 'gcp.gemini'],
  ['google-vertex', 'gcp.vertex_ai'],
  ['google_vertexai', 'gcp.vertex_ai'],
  ['google_genai', 'gcp.gen_ai'],
  ['vertexai', 'gcp.vertex_ai'],
  ['vertex_ai', 'gcp.vertex_ai'],
  ['gcp.vertex.agent', 'gcp.vertex_ai'],
  ['mistral', 'mistral_ai'],
  ['mistralai', 'mistral_ai'],
  ['xai', 'x_ai'],
])

/** Words of the AI SDK's and of others' for one vendor with several APIs: `openai.chat`, `anthropic.messages`. */
const vendors: ReadonlySet<string> = new Set([
  'openai', 'anthropic', 'google', 'azure', 'amazon-bedrock', 'mistral', 'xai', 'groq', 'cohere', 'deepseek', 'perplexity',
])

const apis: ReadonlyMap<string, string> = new Map([
  ['openai.chat', 'chat.completions'],
  ['openai.responses', 'responses'],
  ['openai.embedding', 'embeddings'],
  ['anthropic.messages', 'messages'],
])

/** OpenTelemetry's name where it has one, else what was said in lower case. */
export function providerName(said: string): string {
  const lower = said.toLowerCase()
  const [first = lower] = lower.split('.')
  const known = names.get(lower)
  if (known !== undefined) return known
  return vendors.has(first) ? names.get(first) ?? first : lower
}

export const apiName = (said: string): string | undefined => apis.get(said.toLowerCase())

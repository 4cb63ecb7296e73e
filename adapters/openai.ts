import { fields, type Fields } from './shared/json.ts'
import type { Endpoint, WrapOptions } from './shared/endpoint.ts'
import { unwrapClient, wrapClient, type SdkAdapter } from './shared/sdk-client.ts'
import { readChatAnswer, readChatRequest, readChatStream } from './openai/chat.ts'
import { readAnyAnswer, readAnyStream, readEmbeddingAnswer, readInputRequest, otherEndpoint } from './openai/others.ts'
import { readResponsesAnswer, readResponsesRequest, readResponsesStream } from './openai/responses.ts'

/**
 * Recording for the `openai` package (5, 6 and 7), its subclasses, and clients of OpenAI-compatible services.
 * Supported: chat completions, responses, embeddings and legacy completions, with all helpers that end there (`parse`,
 * `stream`, `runTools`), and raw `client.post`. Not seen: realtime and websockets.
 */
const endpoints: readonly Endpoint[] = [
  {
    route: '/chat/completions', method: 'chat.completions.create', api: 'chat.completions', operation: 'chat', category: 'llm',
    readRequest: readChatRequest, readAnswer: readChatAnswer, readStream: readChatStream, askForUsage: askForChatUsage,
  },
  {
    route: '/responses', method: 'responses.create', api: 'responses', operation: 'chat', category: 'llm',
    readRequest: readResponsesRequest, readAnswer: readResponsesAnswer, readStream: readResponsesStream,
  },
  {
    route: '/embeddings', method: 'embeddings.create', api: 'embeddings', operation: 'embeddings', category: 'embedding',
    readRequest: readInputRequest, readAnswer: readEmbeddingAnswer, readStream: readAnyStream,
  },
  {
    route: '/completions', method: 'completions.create', api: 'completions', operation: 'text_completion', category: 'llm',
    readRequest: readInputRequest, readAnswer: readAnyAnswer, readStream: readAnyStream, askForUsage: askForChatUsage,
  },
]

/** A user who asks himself gets what he asked for, extra event and all. */
function askForChatUsage(body: Fields): Fields | undefined {
  const asked = fields(body['stream_options'])
  if (body['stream'] !== true || asked?.['include_usage'] !== undefined) return undefined
  return { ...body, stream_options: { ...asked, include_usage: true } }
}

/** OpenTelemetry's provider names, by the host that a client asks. */
const HOSTS: readonly (readonly [ends: string, provider: string])[] = [
  ['openai.azure.com', 'azure.ai.openai'], ['cognitiveservices.azure.com', 'azure.ai.openai'], ['services.ai.azure.com', 'azure.ai.inference'],
  ['api.openai.com', 'openai'], ['groq.com', 'groq'], ['mistral.ai', 'mistral_ai'], ['deepseek.com', 'deepseek'], ['x.ai', 'x_ai'],
  ['perplexity.ai', 'perplexity'], ['generativelanguage.googleapis.com', 'gcp.gemini'], ['aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['moonshot.ai', 'moonshot_ai'], ['moonshot.cn', 'moonshot_ai'], ['amazonaws.com', 'aws.bedrock'], ['anthropic.com', 'anthropic'],
  ['openrouter.ai', 'openrouter'], ['together.xyz', 'together_ai'], ['together.ai', 'together_ai'], ['fireworks.ai', 'fireworks'],
  ['cerebras.ai', 'cerebras'],
]

function providerOf(client: object): string {
  const { baseURL } = client as { readonly baseURL?: unknown }
  if (client.constructor?.name === 'AzureOpenAI') return 'azure.ai.openai'
  const host = hostOf(baseURL)
  return HOSTS.find(([ends]) => host === ends || host.endsWith(`.${ends}`))?.[1] ?? 'openai'
}

function hostOf(url: unknown): string {
  try {
    return new URL(String(url)).hostname
  } catch {
    return ''
  }
}

const adapter: SdkAdapter = { name: 'wrapOpenAI', endpoints, other: otherEndpoint, providerOf }

/**
 * Records what `client` does, in place, and gives it back. Wrapping it again changes nothing.
 * @throws TypeError when it is no client
 */
export function wrapOpenAI<T extends object>(client: T, options?: WrapOptions): T {
  return wrapClient(adapter, client, options)
}

/** Takes the recording off `client` again and gives it back as it was. Clients that it derived meanwhile stay recorded. */
export function unwrapOpenAI<T extends object>(client: T): T {
  return unwrapClient(client)
}

export type { WrapOptions }

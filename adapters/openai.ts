import { fields, type Fields } from './shared/json.ts'
import type { Endpoint, WrapOptions } from './shared/endpoint.ts'
import { providerAt } from './shared/provider.ts'
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

/** Azure's and Bedrock's clients have members that the others have not, also behind a gateway's address. */
function providerOf(client: object): string {
  if ('deploymentName' in client) return 'azure.ai.openai'
  if ('bedrockTokenProvider' in client) return 'aws.bedrock'
  return providerAt((client as { readonly baseURL?: unknown }).baseURL) ?? 'openai'
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

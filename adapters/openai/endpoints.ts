import type { Endpoint } from '../shared/endpoint.ts'
import { fields, type Fields } from '../shared/json.ts'
import { readChatAnswer, readChatRequest, readChatStream } from '../shared/openai/chat.ts'
import { readAnyAnswer, readAnyStream, readEmbeddingAnswer, readInputRequest } from './others.ts'
import { readResponsesAnswer, readResponsesRequest, readResponsesStream } from '../shared/openai/responses.ts'

/** What OpenAI's clients post to, by the path below the API's version. */
export const openaiEndpoints: readonly Endpoint[] = [
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

import type { Endpoint } from '../shared/endpoint.ts'
import { readCompleteAnswer, readCompleteRequest, readCompleteStream } from './complete.ts'
import { readMessagesAnswer, readMessagesRequest, readMessagesStream } from './messages.ts'

const messages = { route: '/v1/messages', api: 'messages', operation: 'chat', category: 'llm' } as const
const read = { readRequest: readMessagesRequest, readAnswer: readMessagesAnswer, readStream: readMessagesStream }
/** What Anthropic's clients post to. */
export const anthropicEndpoints: readonly Endpoint[] = [
  { ...messages, ...read, method: 'messages.create' },
  // Posts to the same path with a query; a look-alike has a method of its own.
  { ...messages, ...read, method: 'beta.messages.create' },
  {
    route: '/v1/complete', method: 'completions.create', api: 'complete', operation: 'text_completion', category: 'llm',
    readRequest: readCompleteRequest, readAnswer: readCompleteAnswer, readStream: readCompleteStream,
  },
]

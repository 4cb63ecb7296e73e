import type { Endpoint } from '../shared/endpoint.ts'
import { readAnswer, readChatRequest, readGenerateRequest, readStream } from './chat.ts'
import { readAnswers, readEmbedAnswer, readEmbedRequest, readQuestions } from './others.ts'

const generated = { category: 'llm', readAnswer, readStream } as const
const embedded = {
  operation: 'embeddings', category: 'embedding', readRequest: readEmbedRequest, readAnswer: readEmbedAnswer, readStream,
} as const

/** Streams of Ollama are lines of JSON, and what is asked over HTTP is streamed unless the body says `stream: false`. */
export const ollamaEndpoints: readonly Endpoint[] = [
  { ...generated, route: '/api/chat', method: 'chat', api: 'chat', operation: 'chat', readRequest: readChatRequest },
  { ...generated, route: '/api/generate', method: 'generate', api: 'generate', operation: 'text_completion', readRequest: readGenerateRequest },
  { ...embedded, route: '/api/embed', method: 'embed', api: 'embed' },
  { ...embedded, route: '/api/embeddings', method: 'embeddings', api: 'embeddings' },
  {
    ...generated, route: '/v1/systemone', method: 'systemone', api: 'systemone', operation: 'systemone', readRequest: readQuestions, readAnswer: readAnswers,
  },
]

import type { Endpoint } from '../shared/endpoint.ts'
import { readEmbedAnswer, readEmbedRequest } from './embed.ts'
import { readGenerateAnswer, readGenerateRequest, readGenerateStream, readStreamRequest } from './generate.ts'
import { readInteractionAnswer, readInteractionRequest, readInteractionStream } from './interactions.ts'

export interface GoogleEndpoint extends Endpoint {
  /**
   * The method of the SDK below the public one, which makes one request: calling functions automatically and going on with a
   * cut answer are loops around it.
   */
  readonly inner?: string
}

const generate = { api: 'generateContent', operation: 'generate_content', category: 'llm' } as const
const embed = {
  method: 'models.embedContent', inner: 'models.embedContentInternal', api: 'embedContent', operation: 'embeddings', category: 'embedding',
  readRequest: readEmbedRequest, readAnswer: readEmbedAnswer, readStream: readGenerateStream,
} as const

/** By the verb that a path ends in. */
export const googleEndpoints: readonly GoogleEndpoint[] = [
  {
    ...generate, route: ':generateContent', method: 'models.generateContent', inner: 'models.generateContentInternal',
    readRequest: readGenerateRequest, readAnswer: readGenerateAnswer, readStream: readGenerateStream,
  },
  {
    ...generate, route: ':streamGenerateContent', method: 'models.generateContentStream', inner: 'models.generateContentStreamInternal',
    readRequest: readStreamRequest, readAnswer: readGenerateAnswer, readStream: readGenerateStream,
  },
  { ...embed, route: ':embedContent' },
  { ...embed, route: ':batchEmbedContents' },
  { ...embed, route: ':predict' },
]

export const interactions: GoogleEndpoint = {
  route: '/interactions', method: 'interactions.create', api: 'interactions', operation: 'generate_content', category: 'llm',
  readRequest: readInteractionRequest, readAnswer: readInteractionAnswer, readStream: readInteractionStream,
}

/**
 * What a POST asks for, by its path, such as `/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse`.
 * @returns the model where the path names it; undefined when it is no call of a model
 */
export function googleEndpointOf(path: string): { readonly endpoint: GoogleEndpoint; readonly model?: string } | undefined {
  const [route = ''] = path.split('?', 1)
  if (route.endsWith(interactions.route)) return { endpoint: interactions }
  const [, model = '', verb] = /([^/]+?)(:\w+)$/.exec(route) ?? []
  const endpoint = googleEndpoints.find(({ route }) => route === verb)
  // Images and videos are predicted too.
  if (endpoint === undefined || (verb === ':predict' && !/embed/.test(model))) return undefined
  return { endpoint, model }
}

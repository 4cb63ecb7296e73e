import Anthropic, * as anthropic from '@anthropic-ai/sdk'
import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError, AzureOpenAI } from 'openai'
import { describe, expect, test } from 'vitest'
import { wrapAnthropic } from '../adapters/anthropic.ts'
import { wrapOpenAI } from '../adapters/openai.ts'
import { checkTrace } from './laws.ts'
import { recorded } from './support/recorded.ts'

// Bundlers shorten the names of classes. What is told by them elsewhere is told by more here.

type Class = abstract new (...rest: never[]) => object

/** The class, under the name that a bundler would give it. */
function shortened<C extends Class>(original: C, name = 'a9'): C {
  return Object.defineProperty(class extends (original as unknown as new () => object) {}, 'name', { value: name }) as unknown as C
}

describe('errors', () => {
  const typeOf = (error: unknown): unknown => {
    const { profiler } = recorded()
    try {
      profiler.run('agent', () => { throw error })
    } catch {
      // It is looked at below.
    }
    checkTrace(profiler.lastTrace!)
    const { outcome } = profiler.lastTrace!.spans[0]!
    return outcome.state === 'failed' ? outcome.type : outcome.state
  }
  const headers = new Headers()

  test.each([
    [400, 'BadRequestError'], [401, 'AuthenticationError'], [403, 'PermissionDeniedError'], [404, 'NotFoundError'], [409, 'ConflictError'],
    [422, 'UnprocessableEntityError'], [429, 'RateLimitError'], [500, 'InternalServerError'], [502, 'InternalServerError'], [418, 'APIError'],
  ])('status %i of a provider is %s, as in the SDKs', (status, type) => {
    const MinifiedOfOpenAI = shortened(APIError)
    const MinifiedOfAnthropic = shortened(anthropic.APIError)
    expect([
      typeOf(new MinifiedOfOpenAI(status, { message: 'no' }, undefined, headers)),
      typeOf(APIError.generate(status, {}, undefined, headers)),
      typeOf(anthropic.APIError.generate(status, {}, undefined, headers)),
    ]).toEqual([type, type, type])
    // Its own name is a static of the class, which the short one inherits.
    expect(typeOf(new MinifiedOfAnthropic(status, undefined, 'no', headers))).toBe('APIError')
  })

  test.each([
    ['taken back', APIUserAbortError, {}, 'cancelled'], ['taken back', anthropic.APIUserAbortError, {}, 'cancelled'],
    ['too slow', APIConnectionTimeoutError, {}, 'APIConnectionTimeoutError'],
    ['cut', APIConnectionError, {}, 'APIConnectionError'],
    ['cut with words of its own', APIConnectionError, { message: 'the line is dead' }, 'APIError'],
  ] as const)('a request that was %s is told by its message', (_what, original, options, type) => {
    const Minified = shortened(original as new (options: object) => Error)
    expect(typeOf(new Minified(options))).toBe(type)
  })

  test('others have the name that they give themselves, or that of the nearest class that has one', () => {
    class Named extends Error {
      override name = 'ToolError'
    }
    class Short extends RangeError {}
    class Err extends Error {
      override name = 'Err'
    }
    const Twice = shortened(shortened(Short, 'b'), '$c')
    class Nothing {
      readonly code = 1
    }
    const Gone = shortened(Nothing, 'd')
    expect([
      typeOf(new (shortened(Named))()), typeOf(new Twice()), typeOf(new Err()), typeOf(new Gone()), typeOf(new (shortened(TypeError, 'abcd'))()),
    ]).toEqual(['ToolError', 'Short', 'Err', 'Nothing', 'abcd'])
    expect(typeOf(new (shortened(Object as unknown as Class, 'e') as new () => object)())).toBe('object')
  })
})

describe('providers', () => {
  const answer = (body: object): typeof fetch => () => Promise.resolve(Response.json(body))
  const completion = { id: 'c1', model: 'm', choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'x' } }] }
  const message = { id: 'm1', type: 'message', role: 'assistant', model: 'm', content: [], stop_reason: 'end_turn', usage: { input_tokens: 1, output_tokens: 1 } }

  test.each([
    ['https://api.openai.com/v1', 'openai'], ['https://eu.api.openai.com/v1', 'openai'], ['http://localhost:8080/v1', 'openai'], ['no address', 'openai'],
    ['https://api.groq.com/openai/v1', 'groq'], ['https://notgroq.com/v1', 'openai'], ['https://name.openai.azure.com/openai/v1', 'azure.ai.openai'],
    ['https://us-east5-aiplatform.googleapis.com/v1', 'gcp.vertex_ai'], ['https://aiplatform.googleapis.com/v1', 'gcp.vertex_ai'],
    ['https://bedrock-mantle.us-east-1.api.aws/openai/v1', 'aws.bedrock'], ['https://bedrock-runtime.us-east-1.amazonaws.com/v1', 'aws.bedrock'],
  ])('OpenAI\'s client at %s asks %s', async (baseURL, provider) => {
    const { profiler } = recorded()
    const client = { baseURL, chat: { completions: { create: async (_body: object) => completion } } }
    await wrapOpenAI(client, { profiler }).chat.completions.create({ model: 'm', messages: [] })
    expect(profiler.lastTrace!.spans[0]!.llm!.provider).toBe(provider)
  })

  test('Azure\'s and Bedrock\'s clients are known behind any address', async () => {
    const { profiler } = recorded()
    const options = { apiKey: 'k', baseURL: 'http://gateway.test/v1', maxRetries: 0, fetch: answer(completion) }
    const clients = [
      new (shortened(AzureOpenAI))({ ...options, apiVersion: 'v1' }), new (shortened(OpenAI))(options),
      Object.assign(new (shortened(OpenAI))(options), { bedrockTokenProvider: undefined }),
    ]
    for (const client of clients) await wrapOpenAI(client, { profiler }).chat.completions.create({ model: 'm', messages: [] })
    expect(profiler.traces.map(({ spans }) => spans[0]!.llm!.provider)).toEqual(['azure.ai.openai', 'openai', 'aws.bedrock'])
  })

  // The members that the clients of `@anthropic-ai/bedrock-sdk`, `vertex-sdk`, `foundry-sdk` and `aws-sdk` add to Anthropic's.
  test.each([
    ['Bedrock', { awsRegion: 'us-east-1', awsSecretKey: null, skipAuth: false }, 'aws.bedrock'],
    ['Bedrock Mantle', { awsRegion: 'us-east-1', awsProfile: null }, 'aws.bedrock'],
    ['AWS, Anthropic\'s own API', { awsRegion: 'us-east-1', workspaceId: 'w' }, 'anthropic'],
    ['Vertex', { region: 'global', projectId: null, accessToken: null }, 'gcp.vertex_ai'],
    ['Foundry', { resource: null }, 'azure.ai.inference'],
    ['Anthropic', {}, 'anthropic'],
    ['a compatible service', { baseURL: 'https://api.deepseek.com/anthropic' }, 'deepseek'],
  ])('Anthropic\'s client for %s', async (_name, members, provider) => {
    const { profiler } = recorded()
    const client = Object.assign(new (shortened(Anthropic))({ apiKey: 'k', baseURL: 'http://gateway.test', fetch: answer(message) }), members)
    await wrapAnthropic(client, { profiler }).messages.create({ model: 'm', max_tokens: 9, messages: [] })
    expect(profiler.lastTrace!.spans[0]!.llm!.provider).toBe(provider)
  })
})

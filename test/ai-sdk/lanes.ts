import { createOpenAI } from '@ai-sdk/openai'
import * as ai7 from 'ai'
import * as ai5 from 'ai-5'
import * as ai6 from 'ai-6'
import { createOpenAI as createOpenAI2 } from 'ai-sdk-openai-2'
import { createOpenAI as createOpenAI3 } from 'ai-sdk-openai-3'
import * as test7 from 'ai/test'
import * as test5 from 'ai-5/test'
import * as test6 from 'ai-6/test'

/** What the cases use of a version, by the names and types of the newest. */
export type Ai = typeof ai7
export type Model = ReturnType<ReturnType<typeof createOpenAI>['chat']>
export type EmbeddingModel = ReturnType<ReturnType<typeof createOpenAI>['embedding']>

/** What a mock of a model does. */
export interface Behaviour {
  readonly doGenerate?: (options: object) => Promise<object>
  readonly doStream?: (options: object) => Promise<object>
  readonly doEmbed?: (options: { readonly values: readonly string[] }) => Promise<object>
  readonly doRerank?: (options: object) => Promise<object>
  readonly provider?: string
  readonly modelId?: string
  readonly maxEmbeddingsPerCall?: number
}

type Mock = new (behaviour: never) => object

/** One version of the AI SDK, with the version of its OpenAI provider that belongs to it. */
export interface Lane {
  readonly version: 5 | 6 | 7
  readonly ai: Ai
  openai(baseURL: string, fetch?: typeof globalThis.fetch): { chat(id: string): Model; responses(id: string): Model; embedding(id: string): EmbeddingModel }
  readonly Model: Mock
  readonly Embedding: Mock
  readonly Reranking?: Mock
  readonly Agent: Ai['ToolLoopAgent']
  /** Input, cached, output and reasoning tokens in the form of this version's models. */
  usage(input: number, cached: number, output: number, reasoning: number): object
  finishReason(unified: string, raw: string): unknown
}

/** The same names with other types. */
const as = <T>(value: unknown): T => value as T

const settings = (baseURL: string, fetch?: typeof globalThis.fetch) => ({ baseURL, apiKey: 'test', ...(fetch && { fetch }) })
const nested: Pick<Lane, 'usage' | 'finishReason'> = {
  usage: (input, cached, output, reasoning) => ({
    inputTokens: { total: input, noCache: input - cached, cacheRead: cached, cacheWrite: undefined },
    outputTokens: { total: output, text: output - reasoning, reasoning },
  }),
  finishReason: (unified, raw) => ({ unified, raw }),
}

export const lanes: readonly Lane[] = [
  {
    version: 7, ai: ai7, openai: (url, fetch) => createOpenAI(settings(url, fetch)), ...nested,
    Model: test7.MockLanguageModelV4, Embedding: test7.MockEmbeddingModelV4, Reranking: test7.MockRerankingModelV4, Agent: ai7.ToolLoopAgent,
  },
  {
    version: 6, ai: as(ai6), openai: (url, fetch) => as(createOpenAI3(settings(url, fetch))), ...nested,
    Model: test6.MockLanguageModelV3, Embedding: test6.MockEmbeddingModelV3, Reranking: test6.MockRerankingModelV3, Agent: as(ai6.ToolLoopAgent),
  },
  {
    version: 5, ai: as(ai5), openai: (url, fetch) => as(createOpenAI2(settings(url, fetch))),
    Model: test5.MockLanguageModelV2, Embedding: test5.MockEmbeddingModelV2, Agent: as(ai5.Experimental_Agent),
    usage: (input, cached, output, reasoning) => ({
      inputTokens: input, outputTokens: output, totalTokens: input + output, reasoningTokens: reasoning, cachedInputTokens: cached,
    }),
    finishReason: (unified) => unified,
  },
]

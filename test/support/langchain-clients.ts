import Anthropic from '@anthropic-ai/sdk'
import { ChatAnthropic } from '@langchain/anthropic'
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { ChatOpenAI, ChatOpenAICompletions, ChatOpenAIResponses } from '@langchain/openai'
import OpenAI from 'openai'
import type { Profiler } from 'spanwise'
import { wrapAnthropic } from 'spanwise/anthropic'
import { wrapOpenAI } from 'spanwise/openai'
import type { Kind } from './said.ts'

/** LangChain's models of OpenAI and Anthropic, on a client of their own or on one that is recorded. */

export interface Maker {
  readonly kind: Kind
  readonly model?: string
  readonly baseURL?: string
  readonly fetch?: typeof globalThis.fetch
  readonly maxRetries?: number
  readonly maxConcurrency?: number
  /** Whose client is recorded too. */
  readonly wrapped?: Profiler | undefined
}

export function makeModel({ kind, model = 'a-model', baseURL, fetch, maxRetries = 0, maxConcurrency = Infinity, wrapped }: Maker): BaseChatModel {
  const client = { ...(baseURL !== undefined && { baseURL }), ...(fetch !== undefined && { fetch }) }
  if (kind === 'messages') {
    return new ChatAnthropic({
      model, apiKey: 'test', maxRetries, maxConcurrency, maxTokens: 100, clientOptions: client,
      ...(wrapped !== undefined && { createClient: (options: object) => wrapAnthropic(new Anthropic(options), { profiler: wrapped }) }),
    })
  }
  const fields = { model, apiKey: 'test', maxRetries, maxConcurrency, useResponsesApi: kind === 'responses', configuration: client }
  if (wrapped === undefined) return new ChatOpenAI(fields)
  const completions = new ChatOpenAICompletions(fields)
  const responses = new ChatOpenAIResponses(fields)
  // They make their client when they first need one, unless they have one.
  const recorded = wrapOpenAI(new OpenAI({ ...client, apiKey: 'test', maxRetries: 0, logLevel: 'off' }), { profiler: wrapped })
  for (const one of [completions, responses]) Reflect.set(one, 'client', recorded)
  return new ChatOpenAI({ ...fields, completions, responses })
}

import Anthropic from '@anthropic-ai/sdk'
import { ChatAnthropic } from '@langchain/anthropic'
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { HumanMessage, type BaseMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI, ChatOpenAICompletions, ChatOpenAIResponses } from '@langchain/openai'
import { z } from 'zod'
import { watchAnthropic, wrapAnthropic } from 'spanwise/anthropic'
import { spanwiseHandler } from 'spanwise/langchain'
import { combinations, ENDS, type Asker, type Kit, type Maker } from './support/combinations.ts'

/** LangChain's models, with its callbacks. */

function openaiModel(kit: Kit, kind: 'chat' | 'responses'): BaseChatModel {
  const fields = { model: 'some-model', apiKey: 'test', maxRetries: kit.maxRetries, useResponsesApi: kind === 'responses', configuration: { baseURL: kit.url } }
  const completions = new ChatOpenAICompletions(fields)
  const responses = new ChatOpenAIResponses(fields)
  // They make their client when they first need one, unless they have one.
  const client = kit.openai()
  client.maxRetries = 0
  for (const one of [completions, responses]) Reflect.set(one, 'client', client)
  return new ChatOpenAI({ ...fields, completions, responses })
}

function anthropicModel({ profiler, url, client, maxRetries, undo }: Kit): BaseChatModel {
  if (client === 'watched by its class') undo(watchAnthropic(Object.getPrototypeOf(Anthropic), { profiler }))
  return new ChatAnthropic({
    model: 'some-model', apiKey: 'test', maxRetries, maxTokens: 100, clientOptions: { baseURL: url },
    createClient: (options: object) => {
      const made = new Anthropic(options)
      return client === 'wrapped' ? wrapAnthropic(made, { profiler }) : made
    },
  })
}

function asker(kit: Kit, model: BaseChatModel): Asker {
  const config = { callbacks: [spanwiseHandler({ profiler: kit.profiler })] }
  return {
    ask: async (text) => (await model.invoke(text, config)).text,
    async stream(text) {
      let all = ''
      for await (const piece of await model.stream(text, config)) all += piece.text
      return all
    },
    async leave(text) {
      const controller = new AbortController()
      try {
        for await (const piece of await model.stream(text, { ...config, signal: controller.signal })) if (piece.text !== '') controller.abort()
      } catch {
        // As LangChain tells of it.
      }
    },
    async tools(text, weather) {
      const own = tool(weather, { name: 'weather', description: 'The weather in a city', schema: z.object({ city: z.string() }) })
      const able = model.bindTools!([own])
      const messages: BaseMessage[] = [new HumanMessage(text)]
      const first = await able.invoke(messages, config)
      messages.push(first, ...await Promise.all(first.tool_calls!.map((call) => own.invoke({ ...call, type: 'tool_call' }, config))) as BaseMessage[])
      return (await able.invoke(messages, config)).text
    },
  }
}

const outside = 'with nothing around them, calls and tools are runs of their own'
const leftOut: Maker['leftOut'] = (way, _client, place) => (way === 'with tools' && place === 'outside of any' ? outside : undefined)

combinations([
  ...(['chat', 'responses'] as const).map((kind): Maker => ({ name: `ChatOpenAI, ${kind}`, kind, busyStatus: 500, make: (kit) => asker(kit, openaiModel(kit, kind)), leftOut, ...(kind === 'responses' && { places: ENDS }) })),
  {
    name: 'ChatAnthropic', kind: 'messages', busyStatus: 500, clients: ['bare', 'wrapped', 'watched by its class'], make: (kit) => asker(kit, anthropicModel(kit)), leftOut,
  },
])

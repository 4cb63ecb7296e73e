import { setImmediate as turn } from 'node:timers/promises'
import { Settings } from '@llamaindex/core/global'
import { tool as llamaTool } from '@llamaindex/core/tools'
import { OpenAI as LlamaOpenAI, OpenAIAgent } from '@llamaindex/openai'
import { Agent, OpenAIProvider, Runner, setTraceProcessors, setTracingDisabled, tool } from '@openai/agents'
import type OpenAI from 'openai'
import { z } from 'zod'
import { recordLlamaIndex } from 'spanwise/llamaindex'
import { spanwiseProcessor } from 'spanwise/openai-agents'
import { combinations, ENDS, type Asker, type Kit, type Maker, type Weather } from './support/combinations.ts'

/** What is built on OpenAI's client, and the client alone. */

const parameters = z.object({ city: z.string() })

function agents(kit: Kit, api: 'chat' | 'responses'): Asker {
  setTracingDisabled(false)
  setTraceProcessors([spanwiseProcessor({ profiler: kit.profiler })])
  const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient: kit.openai() as never, useResponses: api === 'responses' }) })
  const agent = (...tools: ReturnType<typeof tool>[]): Agent => new Agent({ name: 'Helper', instructions: 'Be brief', model: 'some-model', tools })
  const ask = async (text: string, ...tools: ReturnType<typeof tool>[]): Promise<string> => (await runner.run(agent(...tools), text)).finalOutput as string
  return {
    ask: (text) => ask(text),
    async stream(text) {
      const result = await runner.run(agent(), text, { stream: true })
      for await (const _event of result);
      await result.completed
      return result.finalOutput as string
    },
    async leave(text) {
      for await (const event of await runner.run(agent(), text, { stream: true })) if (event.type === 'raw_model_stream_event') break
      // The SDK notices a little later.
      for (let i = 0; i < 5; i++) await turn()
    },
    tools: (text, weather) => ask(text, tool({ name: 'weather', description: 'The weather in a city', parameters, execute: weather }) as ReturnType<typeof tool>),
  }
}

function llamaIndex(kit: Kit): Asker {
  kit.undo(recordLlamaIndex(Settings, { profiler: kit.profiler }))
  const client = kit.openai()
  const llm = new LlamaOpenAI({ model: 'some-model', apiKey: 'test', maxRetries: kit.maxRetries, baseURL: kit.url, session: client as never })
  Settings.llm = llm
  const messages = (content: string) => ({ messages: [{ role: 'user' as const, content }] })
  return {
    ask: async (text) => (await llm.chat(messages(text))).message.content as string,
    async stream(text) {
      let all = ''
      for await (const { delta } of await llm.chat({ ...messages(text), stream: true })) all += delta
      return all
    },
    async tools(text, weather: Weather) {
      const agent = new OpenAIAgent({ tools: [llamaTool({ name: 'weather', description: 'The weather in a city', parameters, execute: weather })] })
      return (await agent.chat({ message: text })).message.content as string
    },
  }
}

function clientAlone(client: OpenAI): Asker {
  const request = (content: string) => ({ model: 'some-model', messages: [{ role: 'user' as const, content }] })
  return {
    ask: async (text) => (await client.chat.completions.create(request(text))).choices[0]!.message.content!,
    async stream(text) {
      let all = ''
      for await (const { choices } of await client.chat.completions.create({ ...request(text), stream: true })) all += choices[0]?.delta.content ?? ''
      return all
    },
    async leave(text) {
      const stream = await client.chat.completions.create({ ...request(text), stream: true })
      const reading = stream[Symbol.asyncIterator]()
      await reading.next()
      stream.controller.abort()
    },
  }
}

const untold: Maker['leftOut'] = (way, client) => {
  if (way === 'left') return 'LlamaIndex does not tell its client that a stream is left: it is noticed when it has been collected'
  return way === 'refused' && client === 'bare' ? 'LlamaIndex tells of no failures' : undefined
}

const alone: Maker['leftOut'] = (way, client) => {
  if (way === 'with tools') return 'a client runs no tools'
  return way === 'left' && client === 'instrumented' ? 'an instrumentation is not told that nobody reads on' : undefined
}

combinations([
  ...(['responses', 'chat'] as const).map((kind): Maker => ({ name: `OpenAI Agents, ${kind}`, kind, make: (kit) => agents(kit, kind), ...(kind === 'chat' && { places: ENDS }) })),
  { name: 'LlamaIndex', kind: 'chat', make: llamaIndex, leftOut: untold },
  { name: 'the client alone', kind: 'chat', clients: ['wrapped', 'watched by its class', 'instrumented', 'instrumented and wrapped'], make: (kit) => clientAlone(kit.openai()), leftOut: alone },
])

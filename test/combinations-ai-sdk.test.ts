import type OpenAI from 'openai'
import { z } from 'zod'
import { spanwiseMiddleware, spanwiseTelemetry } from 'spanwise/ai-sdk'
import { lanes, type Lane, type Model } from './ai-sdk/lanes.ts'
import { combinations, ENDS, type Asker, type Kit, type Maker, type Way } from './support/combinations.ts'

/** Vercel's AI SDK by its telemetry, by the middleware and by both: over its own provider, and over a model that asks a client. */

type Told = 'telemetry' | 'middleware' | 'both'

interface Setting {
  readonly lane: Lane
  readonly told: Told
  readonly hasClient: boolean
}

function asker(kit: Kit, { lane, told, hasClient }: Setting): Asker {
  const { ai } = lane
  const { profiler } = kit
  const bare = hasClient ? clientModel(lane, kit.openai()) : lane.openai(kit.url).chat('some-model')
  const model = told === 'telemetry' ? bare : ai.wrapLanguageModel({ model: bare, middleware: spanwiseMiddleware({ profiler }) }) as Model
  const telemetry = told === 'middleware' ? {} : { [lane.version === 7 ? 'telemetry' : 'experimental_telemetry']: spanwiseTelemetry({ profiler }) }
  const { maxRetries } = kit
  return {
    ask: async (prompt) => (await ai.generateText({ model, prompt, maxRetries, ...telemetry })).text,
    stream: async (prompt) => ai.streamText({ model, prompt, maxRetries, onError: () => {}, ...telemetry }).text,
    async leave(prompt) {
      const controller = new AbortController()
      const { textStream } = ai.streamText({ model, prompt, maxRetries, abortSignal: controller.signal, onError: () => {}, ...telemetry })
      for await (const _piece of textStream) controller.abort()
      for (let i = 0; i < 5; i++) await new Promise((resolve) => { setImmediate(resolve) })
    },
    async tools(prompt, execute) {
      const weather = ai.tool({ description: 'The weather in a city', inputSchema: z.object({ city: z.string() }), execute })
      return (await ai.generateText({ model, prompt, tools: { weather }, stopWhen: ai.stepCountIs(3), maxRetries, ...telemetry })).text
    },
  }
}

/** What the SDK hands to a model, as far as it is used here. */
interface Handed {
  readonly prompt: readonly { readonly role: string; readonly content: string | readonly { readonly type: string; readonly text?: string }[] }[]
  readonly abortSignal?: AbortSignal
}

/** A model that somebody wrote himself, on top of a client. */
function clientModel({ usage, finishReason, Model: Mock }: Lane, client: OpenAI): Model {
  const request = ({ prompt }: Handed) => {
    const { content } = prompt.findLast(({ role }) => role === 'user')!
    const text = typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('')
    return { model: 'some-model', messages: [{ role: 'user' as const, content: text }] }
  }
  const end = { finishReason: finishReason('stop', 'stop'), usage: usage(10, 4, 5, 0) }
  return new Mock({
    provider: 'openai.chat', modelId: 'some-model',
    doGenerate: async (handed: Handed) => {
      const { id, choices } = await client.chat.completions.create(request(handed), { signal: handed.abortSignal })
      const { content, tool_calls: calls = [] } = choices[0]!.message
      const asked = calls.map((call) => ({ type: 'tool-call', toolCallId: call.id, ...('function' in call && { toolName: call.function.name, input: call.function.arguments }) }))
      return { content: [...(content === null ? [] : [{ type: 'text', text: content }]), ...asked], warnings: [], response: { id }, ...end }
    },
    doStream: async (handed: Handed) => {
      const chunks = await client.chat.completions.create({ ...request(handed), stream: true }, { signal: handed.abortSignal })
      return { stream: streamOf(parts(chunks, handed, end)) }
    },
  } as never) as Model
}

const streamOf = (all: AsyncGenerator<object>): ReadableStream<object> => new ReadableStream({
  async pull(controller) {
    const { done, value } = await all.next()
    if (done === true) controller.close()
    else controller.enqueue(value)
  },
  cancel: async () => void await all.return(undefined),
})

async function* parts(chunks: AsyncIterable<OpenAI.ChatCompletionChunk>, { abortSignal }: Handed, end: object): AsyncGenerator<object> {
  yield { type: 'stream-start', warnings: [] }
  yield { type: 'text-start', id: '0' }
  for await (const { choices } of chunks) if (choices[0]?.delta.content) yield { type: 'text-delta', id: '0', delta: choices[0].delta.content }
  // The client ends an aborted stream as if it were done.
  abortSignal?.throwIfAborted()
  yield { type: 'text-end', id: '0' }
  yield { type: 'finish', ...end }
}

function leftOut(told: Told, hasClient: boolean) {
  return (way: Way, _client: string, place: string): string | undefined => {
    if (told === 'middleware' && place === 'outside of any') {
      if (way === 'tried again') return 'the middleware sees a second request as a call of its own, and nothing is around the two'
      if (way === 'with tools') return 'a middleware hears nothing of what is around calls: each is a run of its own'
    }
    if (told === 'middleware' && way === 'tried again' && !hasClient) return 'the middleware sees requests: each is a call'
    return undefined
  }
}

const settings = lanes.flatMap((lane) => (['telemetry', 'middleware', 'both'] as const).flatMap((told) => [false, true].map((hasClient) => ({ lane, told, hasClient }))))

combinations(settings.map((setting): Maker => {
  const { lane, told, hasClient } = setting
  return {
    name: `ai ${lane.version}, ${told}, ${hasClient ? 'a model on a client' : 'its own provider'}`, kind: 'chat', make: (kit) => asker(kit, setting),
    // Everything of the newest version by both ways, else the ends of the scale.
    ...((lane.version !== 7 || told !== 'both') && { clients: ['wrapped', 'instrumented and wrapped'], places: ENDS }),
    ...(!hasClient && { clients: ['bare'] }), leftOut: leftOut(told, hasClient),
  }
}))

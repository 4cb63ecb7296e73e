import type { ChatCompletionStreamParams } from 'openai/lib/ChatCompletionStream'
import { but } from '../draw.ts'
import type { OpenaiCase } from './kit.ts'
import { event, json } from '../../support/provider-server.ts'
import {
  ASK, ASK_RESPONSES, MODEL, PROMPT, WEATHER, answer, brokenStream, chatStream, completion, cutResponse, delta, outputText, responseAnswer, responseBody,
  responseStream, responseTools, textStream, weatherCall, weatherStream,
} from './answers.ts'
import { frozen } from '../frozen.ts'
import { collect, inRun, note } from '../reading.ts'
import { CALL } from './calls.ts'
import { STREAMED, STREAMED_USAGE } from './streams.ts'

const JSON_TEXT = '{"canary":"Reykjavík","degrees":4}'
const SCHEMA = frozen({
  type: 'object', properties: { canary: { type: 'string' }, degrees: { type: 'number' } }, required: ['canary', 'degrees'], additionalProperties: false,
})
const FORMAT = frozen({ type: 'json_schema' as const, json_schema: { name: 'weather', strict: true, schema: SCHEMA } })

/** A response format as `zodResponseFormat` builds it: hidden members with its own parser. */
function parseable<T extends object>(format: T): T {
  return Object.defineProperties({ ...format }, {
    $brand: { value: 'auto-parseable-response-format' },
    $parseRaw: { value: (text: string) => new Map(Object.entries(JSON.parse(text) as object)).get('degrees') as unknown },
  })
}

const jsonStream = chatStream([
  [delta({ role: 'assistant', content: '' })], [delta({ content: JSON_TEXT.slice(0, 12) })], [delta({ content: JSON_TEXT.slice(12) })],
  [delta({}, 'stop')],
])
const parse = JSON.parse as (text: string) => { city: string }

const withTool = (call: string): string => call.replace('200 | system', '200 | tool-definition system')
const ASKS = but(withTool(CALL), {
  stop: 'tool_calls', '200 | ': '200 | asks weather(27) call_1 | ', '> assistant': '> tool-call',
})
const TOLD = but(withTool(CALL), { 'system user': 'system user tool-call tool-result' })
const STREAM_ASKS = but(ASKS, { 'tool_calls |': 'tool_calls | streamed 4 timed |', 'in 12+8r out 3+2t': 'no usage' })
const STREAM_TOLD = but(TOLD, { 'stop |': 'stop | streamed 5 timed |', 'in 12+8r out 3+2t': 'no usage' })
const RESPONSE = 'llm gpt-5-mini ok | openai responses | gpt-5-mini-2025-08-07 resp_1 completed | in 14+16r out 5+4t | 200 | system user > assistant'
const RESPONSE_STREAMED = but(RESPONSE, { 'completed |': 'completed | streamed 10 timed |' })

const EVENTS = [
  'connect', 'chunk', 'content', 'content.delta', 'content.done', 'message', 'chatCompletion', 'finalContent', 'finalMessage', 'finalChatCompletion',
  'functionToolCall', 'functionToolCallResult', 'tool_calls.function.arguments.done', 'totalUsage', 'abort', 'error', 'end',
]

/** What the SDK builds on top of `create`: all of it must still find the promise and the stream that it expects. */
export const helpers: readonly OpenaiCase[] = [
  {
    name: 'parse with a JSON schema',
    replies: [json(completion({ content: JSON_TEXT }))],
    run: (client) => client.chat.completions.parse({ ...ASK, response_format: FORMAT }),
    recorded: CALL,
  },
  {
    name: 'parse with a parser of the user\'s own',
    replies: [json(completion({ content: JSON_TEXT }))],
    async run(client) {
      const result = await client.chat.completions.parse({ ...ASK, response_format: parseable(FORMAT) })
      return [result.choices[0]!.message.parsed, result]
    },
    recorded: CALL,
  },
  {
    name: 'parse, withResponse',
    replies: [json(completion({ content: JSON_TEXT }))],
    async run(client) {
      const { data, response } = await client.chat.completions.parse({ ...ASK, response_format: parseable(FORMAT) }).withResponse()
      return [data.choices[0]!.message.parsed, response.status]
    },
    recorded: CALL,
  },
  {
    name: 'parse of what was cut by its length throws, after an answer that was paid for',
    replies: [json({ ...completion(), choices: [{ ...completion().choices[0]!, finish_reason: 'length' }] })],
    run: (client) => client.chat.completions.parse({ ...ASK, response_format: FORMAT }),
    recorded: but(CALL, { stop: 'length' }),
  },
  {
    name: 'parse with tools of which the arguments are parsed',
    replies: [weatherCall],
    run: (client) => client.chat.completions.parse({ ...ASK, tools: [WEATHER] }),
    recorded: ASKS,
  },
  {
    name: 'chat.completions.stream: events and finals',
    replies: [textStream],
    async run(client) {
      const stream = client.chat.completions.stream({ ...ASK })
      const seen = note(stream, EVENTS)
      const finals = [await stream.finalContent(), await stream.finalMessage(), await stream.finalChatCompletion(), await stream.done()]
      return [finals, seen, stream.ended, stream.errored, stream.aborted]
    },
    recorded: STREAMED,
  },
  {
    name: 'chat.completions.stream with usage: totalUsage',
    replies: [textStream],
    async run(client) {
      const stream = client.chat.completions.stream({ ...ASK, stream_options: { include_usage: true } })
      return [await stream.totalUsage(), (await stream.finalChatCompletion()).usage]
    },
    recorded: STREAMED_USAGE,
  },
  {
    name: 'chat.completions.stream, read with for await',
    replies: [textStream],
    run: async (client) => collect(client.chat.completions.stream({ ...ASK })),
    recorded: STREAMED,
  },
  {
    name: 'chat.completions.stream with a parsed format',
    replies: [jsonStream],
    async run(client) {
      const params: ChatCompletionStreamParams = { ...ASK, stream: true, response_format: parseable(FORMAT) }
      const stream = client.chat.completions.stream(params)
      return (await stream.finalChatCompletion()).choices[0]!.message.parsed
    },
    recorded: but(STREAMED, { 'streamed 5': 'streamed 4' }),
  },
  {
    name: 'chat.completions.stream, aborted by its abort()',
    replies: [brokenStream('hold')],
    async run(client) {
      const stream = client.chat.completions.stream({ ...ASK })
      const seen = note(stream, ['connect', 'chunk', 'abort', 'error', 'end'])
      let count = 0
      stream.on('chunk', () => ++count === 3 && stream.abort())
      return [await stream.done().catch((error: unknown) => error), seen, stream.aborted, count]
    },
    recorded: but(STREAMED, { ok: 'cancelled', 'chatcmpl-1 stop': 'chatcmpl-1', 'streamed 5': 'streamed 3' }),
  },
  {
    name: 'chat.completions.stream, left by a break',
    replies: [brokenStream('hold')],
    async run(client) {
      const stream = client.chat.completions.stream({ ...ASK })
      // Its own promises reject then; a user who breaks out does not wait for them.
      stream.done().catch(() => {})
      let count = 0
      for await (const _ of stream) if (++count === 3) break
      return count
    },
    recorded: but(STREAMED, { ok: 'cancelled', 'chatcmpl-1 stop': 'chatcmpl-1', 'streamed 5': 'streamed 3' }),
  },
  {
    name: 'chat.completions.stream, with an error in the stream',
    replies: [brokenStream(event({ error: { message: 'the provider broke', code: 'overloaded' } }))],
    async run(client) {
      const stream = client.chat.completions.stream({ ...ASK })
      const seen = note(stream, ['connect', 'error', 'abort', 'end'])
      return [await stream.finalContent().catch((error: unknown) => error), seen]
    },
    recorded: but(STREAMED, { ok: 'failed APIError', 'chatcmpl-1 stop': 'chatcmpl-1', 'streamed 5': 'streamed 3' }),
  },
  {
    name: 'runTools: the tool runs inside the run and is tied to the call that asked for it',
    replies: [weatherCall, answer],
    run: (client, { profiler, store }) => profiler.run('agent', async () => {
      const seen: unknown[] = []
      const weather = profiler.tool('weather', async (args: { city: string }) => {
        seen.push(args, store.getStore())
        await profiler.span('inside the tool', async () => null)
        return 'canary-result'
      })
      const runner = client.chat.completions.runTools({
        ...ASK, tools: [{ type: 'function', function: { ...WEATHER.function, function: weather, parse } }],
      })
      const events = note(runner, EVENTS)
      return [await runner.finalContent(), seen, events, runner.messages, await runner.totalUsage()]
    }),
    recorded: inRun(ASKS, 'tool weather ok | for call_1', '  internal inside the tool ok', TOLD),
  },
  {
    name: 'runTools, streamed',
    replies: [weatherStream, textStream],
    run: (client, { profiler, store }) => profiler.run('agent', async () => {
      const seen: unknown[] = []
      const weather = profiler.tool('weather', (args: { city: string }) => {
        seen.push(args, store.getStore())
        return 'canary-result'
      })
      const runner = client.chat.completions.runTools({
        ...ASK, stream: true, tools: [{ type: 'function', function: { ...WEATHER.function, function: weather, parse } }],
      })
      const events = note(runner, EVENTS)
      return [await runner.finalContent(), seen, events, runner.messages]
    }),
    recorded: inRun(STREAM_ASKS, 'tool weather ok | for call_1', STREAM_TOLD),
  },
  {
    name: 'runTools whose tool throws, tells the model of it, and goes on',
    replies: [weatherCall, answer],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const weather = profiler.tool('weather', (): string => {
        throw new RangeError('mine')
      })
      const runner = client.chat.completions.runTools({ ...ASK, tools: [{ type: 'function', function: { ...WEATHER.function, function: weather } }] })
      return runner.finalContent().catch((error: unknown) => error)
    }),
    // The SDK lets the error through: no second request is made.
    recorded: inRun(ASKS, 'tool weather failed RangeError | for call_1'),
  },
  {
    name: 'responses.parse',
    replies: [json(responseBody([outputText(JSON_TEXT)]))],
    async run(client) {
      const result = await client.responses.parse({ ...ASK_RESPONSES, text: { format: { type: 'json_schema', name: 'weather', strict: true, schema: SCHEMA } } })
      return [result.output_parsed, result.output_text, result]
    },
    recorded: RESPONSE,
  },
  {
    name: 'responses.stream: events and finalResponse',
    replies: [responseStream],
    async run(client) {
      const stream = client.responses.stream({ ...ASK_RESPONSES })
      const seen = note(stream, ['connect', 'event', 'response.created', 'response.output_text.delta', 'response.completed', 'error', 'abort', 'end'])
      return [await stream.finalResponse(), seen]
    },
    recorded: RESPONSE_STREAMED,
  },
  {
    name: 'responses.stream, read with for await',
    replies: [responseStream],
    run: (client) => collect(client.responses.stream({ ...ASK_RESPONSES })),
    recorded: RESPONSE_STREAMED,
  },
  {
    name: 'responses.stream, aborted',
    replies: [cutResponse('hold')],
    async run(client) {
      const stream = client.responses.stream({ ...ASK_RESPONSES })
      let count = 0
      stream.on('event', () => void (++count === 5 && stream.abort()))
      return [await stream.done().catch((error: unknown) => error), count]
    },
    recorded: but(RESPONSE_STREAMED, {
      ok: 'cancelled', ' completed': '', 'streamed 10': 'streamed 5', 'in 14+16r out 5+4t': 'no usage',
    }),
  },
  {
    name: 'a loop of responses with tools run side by side: siblings, each tied to its call',
    replies: [responseTools, responseAnswer],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const tools = {
        weather: profiler.tool('weather', async (_: string) => 'canary-rain'),
        news: profiler.tool('news', async (_: string) => 'canary-none'),
      }
      const first = await client.responses.create(ASK_RESPONSES)
      const calls = first.output.filter((item) => item.type === 'function_call')
      const results = await Promise.all(calls.map(async (call) => ({
        type: 'function_call_output' as const, call_id: call.call_id, output: await tools[call.name as 'weather' | 'news'](call.arguments),
      })))
      const second = await client.responses.create({ model: MODEL, input: [{ role: 'user', content: PROMPT }, ...first.output as never[], ...results] })
      return second.output_text
    }),
    recorded: inRun(
      but(RESPONSE, {
        '200 | ': '200 | asks weather(27) call_1, news(27) call_2 | ', '> assistant': '> tool-call tool-call',
      }),
      'tool weather ok | for call_1',
      'tool news ok | for call_2',
      but(RESPONSE, { 'system user > assistant': 'user tool-call tool-call tool-result tool-result > reasoning assistant' }),
    ),
  },
]

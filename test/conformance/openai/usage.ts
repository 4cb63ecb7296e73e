import { expect } from 'vitest'
import type { OpenaiCase } from './kit.ts'
import { event, json, sse } from '../../support/provider-server.ts'
import { ASK, STREAM, STREAM_USAGE, TEXT_CHOICES, chunk, completion, textStream } from './answers.ts'
import { but, drawUsage } from '../draw.ts'
import { frozen } from '../frozen.ts'
import { collect } from '../reading.ts'
import { STREAMED, STREAMED_USAGE } from './streams.ts'

/** Usage as a provider may send it, and what can be trusted of it. Text on the right is draw.ts's. */
const SHAPES: readonly (readonly [raw: unknown, drawn: string])[] = [
  [undefined, 'no usage'],
  [null, 'no usage'],
  [{}, 'in ? out ? cut'],
  [{ prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 }, 'in 10 out 4'],
  [{ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, 'in 0 out 0'],
  [{ prompt_tokens: 10 }, 'in 10 out ? cut'],
  [{ prompt_tokens: null, completion_tokens: 4 }, 'in ? out 4'],
  [{ prompt_tokens: -1, completion_tokens: 4 }, 'in ? out 4'],
  [{ prompt_tokens: '10', completion_tokens: '4' }, 'in ? out ? cut'],
  [{ prompt_tokens: 1.5, completion_tokens: 4 }, 'in ? out 4'],
  [{ prompt_tokens: 1e300, completion_tokens: 4 }, 'in ? out 4'],
  [{ prompt_tokens: [10], completion_tokens: { count: 4 } }, 'in ? out ? cut'],
  [{ prompt_tokens: 10, completion_tokens: 4, prompt_tokens_details: null, completion_tokens_details: null }, 'in 10 out 4'],
  [{ prompt_tokens: 10, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 11 } }, 'in 10 out 4'],
  [{ prompt_tokens: 10, completion_tokens: 4, prompt_tokens_details: { cached_tokens: -3 } }, 'in 10 out 4'],
  [{ prompt_tokens: 10, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 6, cache_write_tokens: 3 } }, 'in 1+6r+3w out 4'],
  [{ prompt_tokens: 10, completion_tokens: 4, completion_tokens_details: { reasoning_tokens: 9 } }, 'in 10 out 4'],
  [{ prompt_tokens: 10, completion_tokens: 4, completion_tokens_details: { reasoning_tokens: 4, rejected_prediction_tokens: 2 } }, 'in 10 out 0+4t'],
  ['many', 'in ? out ? cut'],
  [7, 'in ? out ? cut'],
  [[], 'in ? out ? cut'],
  [true, 'in ? out ? cut'],
]

const usageChunk = (usage: unknown): string => chunk({ choices: [], usage })

/** What was counted, by whom, and whether the user asked. */
export const usage: readonly OpenaiCase[] = [
  {
    name: 'usage of any shape never throws: what can be trusted is taken, the rest is absent, all of it is kept raw',
    replies: SHAPES.map(([raw]) => json({ ...completion(), usage: raw })),
    async run(client) {
      const seen: unknown[] = []
      for (const _ of SHAPES) seen.push((await client.chat.completions.create(ASK)).usage)
      return seen
    },
    recorded(traces) {
      const all = traces.map((trace) => trace.spans[0]!.llm?.usage)
      expect(all.map(drawUsage)).toEqual(SHAPES.map(([, drawn]) => drawn))
      for (const [index, usage] of all.entries()) if (usage !== undefined) expect(usage.raw).toEqual(SHAPES[index]![0])
    },
  },
  {
    name: 'usage in a stream: the last one counts, nothing is added up',
    replies: [sse([
      ...TEXT_CHOICES.map((choices, index) => chunk({ choices, usage: { prompt_tokens: 20, completion_tokens: index, total_tokens: 20 + index } })),
      usageChunk({ prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 }), event('[DONE]'),
    ])],
    run: async (client) => collect(await client.chat.completions.create(STREAM_USAGE)),
    recorded: but(STREAMED_USAGE, { 'in 12+8r out 3+2t': 'in 20 out 5' }),
  },
  {
    name: 'usage of a wrong shape in a stream',
    replies: [sse([...TEXT_CHOICES.map((choices) => chunk({ choices })), usageChunk('many'), event('[DONE]')])],
    run: async (client) => collect(await client.chat.completions.create(STREAM_USAGE)),
    recorded: but(STREAMED_USAGE, { 'in 12+8r out 3+2t': 'in ? out ? cut' }),
  },
  {
    name: 'includeUsage: asked for in the stream, and the user sees neither the extra chunk nor usage: null',
    replies: [textStream],
    includeUsage: true,
    run: async (client) => collect(await client.chat.completions.create(STREAM)),
    bodyWhenRecorded: withIncludeUsage,
    recorded: STREAMED_USAGE,
  },
  {
    name: 'includeUsage, with tee, toReadableStream and the stream helper',
    replies: [textStream, textStream, textStream],
    includeUsage: true,
    async run(client) {
      const [left, right] = (await client.chat.completions.create(STREAM)).tee()
      const teed = [await collect(left), await collect(right)]
      const readable = (await client.chat.completions.create(STREAM)).toReadableStream()
      const lines: unknown[] = []
      for await (const bytes of readable) lines.push(new TextDecoder().decode(bytes as Uint8Array))
      return [teed, lines, await client.chat.completions.stream({ ...ASK }).finalChatCompletion()]
    },
    bodyWhenRecorded: withIncludeUsage,
    recorded: [STREAMED_USAGE, STREAMED_USAGE, STREAMED_USAGE].join('\n'),
  },
  {
    name: 'includeUsage leaves a user alone who asks himself',
    replies: [textStream],
    includeUsage: true,
    run: async (client) => collect(await client.chat.completions.create(STREAM_USAGE)),
    recorded: STREAMED_USAGE,
  },
  {
    name: 'includeUsage leaves a user alone who asks not to be told',
    replies: [textStream],
    includeUsage: true,
    run: async (client) => collect(await client.chat.completions.create({ ...STREAM, stream_options: frozen({ include_usage: false }) })),
    recorded: STREAMED,
  },
  {
    name: 'includeUsage leaves calls that are no streams alone',
    replies: [json(completion())],
    includeUsage: true,
    run: (client) => client.chat.completions.create(ASK),
    recorded: 'llm gpt-5-mini ok | openai chat.completions | gpt-5-mini-2025-08-07 chatcmpl-1 stop | in 12+8r out 3+2t | 200 | system user > assistant',
  },
  {
    name: 'includeUsage, and a break before the usage: what is unknown stays unknown',
    replies: [sse([...TEXT_CHOICES.slice(0, 3).map((choices) => chunk({ choices, usage: null })), 'hold'])],
    includeUsage: true,
    async run(client) {
      let count = 0
      for await (const one of await client.chat.completions.create(STREAM)) if (one.choices.length > 0 && ++count === 3) break
      return count
    },
    bodyWhenRecorded: withIncludeUsage,
    recorded: but(STREAMED, { ok: 'cancelled', ' stop': '', 'streamed 5': 'streamed 3' }),
  },
]

/** The one field that is added, at the end of the body. */
function withIncludeUsage(body: string): string {
  return JSON.stringify({ ...(JSON.parse(body) as object), stream_options: { include_usage: true } })
}

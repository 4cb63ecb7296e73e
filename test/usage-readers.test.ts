import { describe } from 'vitest'
import { cut, events } from './support/fake-client.ts'
import { checkCases, type Case } from './support/usage-cases.ts'

/** What the adapters make of usage as OpenAI's and Anthropic's APIs, and the servers that copy them, report it. */

const chat = (usage: unknown): object => ({ choices: [{ finish_reason: 'stop', message: { content: 'Hi' } }], usage })
const piece = (content: string, rest: object = {}): object => ({ choices: [{ index: 0, delta: { content } }], ...rest })
const last = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null }
const response = (usage: unknown, rest: object = {}): object => ({ status: 'completed', output: [], usage, ...rest })
const finished = (status: string, usage: unknown): object =>
  ({ type: `response.${status}`, response: response(usage, { status }) })
const message = (usage: unknown): object => ({ type: 'message', content: [{ type: 'text', text: 'Hi' }], usage })
const start = (usage: unknown): object => ({ type: 'message_start', message: { id: 'm', model: 'm', usage } })
const delta = (usage: unknown): object => ({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage })

const openaiChat: readonly Case[] = [
  ['plain', 'chat', chat({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }), '10 in, 5 out'],
  [
    'cached tokens are inside', 'chat',
    chat({ prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } }), '6+4r in, 5 out',
  ],
  [
    'cache writes are inside', 'chat',
    chat({ prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 } }),
    '4+4r+2w in, 5 out',
  ],
  [
    'reasoning is inside', 'chat',
    chat({ prompt_tokens: 10, completion_tokens: 9, completion_tokens_details: { reasoning_tokens: 7 } }), '10 in, 2+7r out',
  ],
  [
    'rejected predictions are in the completion', 'chat',
    chat({ prompt_tokens: 10, completion_tokens: 9, completion_tokens_details: { rejected_prediction_tokens: 7 } }),
    '10 in, 9 out',
  ],
  [
    'audio is part of the whole', 'chat',
    chat({ prompt_tokens: 10, completion_tokens: 9, prompt_tokens_details: { audio_tokens: 7 } }), '10 in, 9 out',
  ],
  [
    'xAI: reasoning beside, as the total says', 'chat',
    chat({
      prompt_tokens: 12, completion_tokens: 1, total_tokens: 241, completion_tokens_details: { reasoning_tokens: 228 },
    }),
    '12 in, 1+228r out',
  ],
  [
    'DeepSeek', 'chat',
    chat({ prompt_tokens: 10, completion_tokens: 5, prompt_cache_hit_tokens: 8, prompt_cache_miss_tokens: 2 }),
    '2+8r in, 5 out',
  ],
  ['Moonshot, Together', 'chat', chat({ prompt_tokens: 10, completion_tokens: 5, cached_tokens: 3 }), '7+3r in, 5 out'],
  [
    'Writer', 'chat',
    chat({
      prompt_tokens: 10, completion_tokens: 5, prompt_token_details: { cached_tokens: 3 },
      completion_token_details: { reasoning_tokens: 1 },
    }),
    '7+3r in, 4+1r out',
  ],
  ['Groq', 'chat', { choices: [], x_groq: { usage: { prompt_tokens: 10, completion_tokens: 5 } } }, '10 in, 5 out'],
  [
    'Anthropic behind a gateway', 'chat',
    chat({ input_tokens: 10, cache_read_input_tokens: 30, output_tokens: 5 }), '10+30r in, 5 out',
  ],
  ['zeros are zeros', 'chat', chat({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }), '0 in, 0 out'],
  ['one side only', 'chat', chat({ prompt_tokens: 10 }), '10 in, ? out, incomplete'],
  ['a total alone tells no side', 'chat', chat({ total_tokens: 10 }), '? in, ? out, incomplete'],
  [
    'more cached than sent', 'chat',
    chat({ prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 40 } }), '10 in, 5 out',
  ],
  [
    'more reasoned than generated', 'chat',
    chat({ prompt_tokens: 10, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 40 } }), '10 in, 5 out',
  ],
  ['null', 'chat', chat(null), 'nothing'],
  ['absent', 'chat', { choices: [] }, 'nothing'],
  ['negative', 'chat', chat({ prompt_tokens: -1, completion_tokens: 5 }), '? in, 5 out'],
  ['strings', 'chat', chat({ prompt_tokens: '10', completion_tokens: '5' }), '? in, ? out, incomplete'],
  ['huge', 'chat', chat({ prompt_tokens: 1e300, completion_tokens: 5 }), '? in, 5 out'],
  ['fractions', 'chat', chat({ prompt_tokens: 1.5, completion_tokens: 5 }), '? in, 5 out'],
  ['no object', 'chat', chat('lots'), '? in, ? out, incomplete'],
  [
    'a prototype in the JSON tells nothing', 'chat',
    chat(JSON.parse('{"prompt_tokens":10,"__proto__":{"completion_tokens":5}}')), '10 in, ? out, incomplete',
  ],
  [
    'stream with usage', 'chat',
    events(piece('Hi', { usage: null }), last, { choices: [], usage: { prompt_tokens: 10, completion_tokens: 5 } }),
    '10 in, 5 out',
  ],
  ['stream without', 'chat', events(piece('Hi'), last), 'nothing'],
  ['stream cut before its usage', 'chat', cut(piece('Hi', { usage: null })), 'nothing'],
  [
    'Perplexity: counts so far in each event', 'chat',
    events(
      piece('H', { usage: { prompt_tokens: 10, completion_tokens: 1 } }),
      { ...last, usage: { prompt_tokens: 10, completion_tokens: 2 } },
    ),
    '10 in, 2 out',
  ],
  [
    'the same, cut', 'chat',
    cut(piece('H', { usage: { prompt_tokens: 10, completion_tokens: 1 } })), '10 in, 1 out, incomplete',
  ],
  [
    'Groq stream', 'chat',
    events(piece('Hi'), { ...last, x_groq: { usage: { prompt_tokens: 10, completion_tokens: 5 } } }), '10 in, 5 out',
  ],
]

const openaiResponses: readonly Case[] = [
  [
    'plain', 'responses',
    response({ input_tokens: 10, output_tokens: 5, input_tokens_details: { cached_tokens: 0 } }), '10 in, 5 out',
  ],
  [
    'cached and written', 'responses',
    response({ input_tokens: 10, output_tokens: 5, input_tokens_details: { cached_tokens: 3, cache_write_tokens: 4 } }),
    '3+3r+4w in, 5 out',
  ],
  [
    'writes by lifetime', 'responses',
    response({
      input_tokens: 10, output_tokens: 5,
      input_tokens_details: { cache_write_tokens: 4, cache_write_tokens_details: { ttl_30m_tokens: 3, ttl_12h_tokens: 1 } },
    }),
    '6+4w 30m:3 12h:1 in, 5 out',
  ],
  [
    'lifetimes that do not add up', 'responses',
    response({
      input_tokens: 10, output_tokens: 5,
      input_tokens_details: { cache_write_tokens: 4, cache_write_tokens_details: { ttl_30m_tokens: 9 } },
    }),
    '6+4w in, 5 out',
  ],
  [
    'reasoning is inside', 'responses',
    response({
      input_tokens: 10, output_tokens: 5, total_tokens: 15, input_tokens_details: {},
      output_tokens_details: { reasoning_tokens: 4 },
    }),
    '10 in, 1+4r out',
  ],
  [
    'tools are beside', 'responses',
    response(
      { input_tokens: 10, output_tokens: 5 },
      { tool_usage: { web_search: { num_requests: 2 }, image_gen: { input_tokens: 7, output_tokens: 90 } } },
    ),
    '10 in, 5 out, 2 webSearch, 7 imageGenInput, 90 imageGenOutput',
  ],
  [
    'xAI: searches', 'responses',
    response({ input_tokens: 10, output_tokens: 5, server_side_tool_usage_details: { web_search_calls: 3 } }),
    '10 in, 5 out, 3 webSearch',
  ],
  [
    'stream: completed', 'responses',
    events(
      { type: 'response.created', response: response(null) }, finished('completed', { input_tokens: 10, output_tokens: 5 }),
    ),
    '10 in, 5 out',
  ],
  [
    'stream: incomplete', 'responses',
    events(finished('incomplete', { input_tokens: 10, output_tokens: 5 })), '10 in, 5 out',
  ],
  ['stream: failed', 'responses', events(finished('failed', { input_tokens: 10, output_tokens: 0 })), '10 in, 0 out'],
  ['stream: cut', 'responses', cut({ type: 'response.created', response: response(null) }), 'nothing'],
]

const inputOnly: readonly Case[] = [
  ['embeddings', 'embeddings', { data: [], usage: { prompt_tokens: 10, total_tokens: 10 } }, '10 in, ? out'],
  [
    'Mistral tells 0 generated', 'embeddings',
    { data: [], usage: { prompt_tokens: 10, completion_tokens: 0, total_tokens: 10 } }, '10 in, ? out',
  ],
  ['Voyage tells a total', 'embeddings', { data: [], usage: { total_tokens: 10 } }, '10 in, ? out'],
  ['Cohere', 'embeddings', { embeddings: [], meta: { billed_units: { input_tokens: 10 } } }, '10 in, ? out'],
  ['reranking', 'rerank', { results: [], usage: { total_tokens: 10 } }, '10 in, ? out'],
  ['null', 'embeddings', { data: [], usage: null }, 'nothing'],
]

const media: readonly Case[] = [
  [
    'images', 'images',
    {
      data: [],
      usage: {
        input_tokens: 10, output_tokens: 90, total_tokens: 100, input_tokens_details: { text_tokens: 8, image_tokens: 2 },
      },
    },
    '10 in, 90 out',
  ],
  [
    'an image stream', 'images',
    events({ type: 'image_generation.completed', usage: { input_tokens: 10, output_tokens: 90, input_tokens_details: {} } }),
    '10 in, 90 out',
  ],
  [
    'transcription by token', 'other',
    { text: 'Hi', usage: { type: 'tokens', input_tokens: 10, output_tokens: 5, input_token_details: { audio_tokens: 10 } } },
    '10 in, 5 out',
  ],
  [
    'transcription by duration', 'other',
    { text: 'Hi', usage: { type: 'duration', seconds: 37 } }, '? in, ? out, incomplete',
  ],
  [
    'realtime', 'other',
    {
      type: 'response.done',
      response: {
        usage: {
          input_tokens: 10, output_tokens: 5, input_token_details: { cached_tokens: 4 },
          output_token_details: { text_tokens: 5 },
        },
      },
    },
    '6+4r in, 5 out',
  ],
]

const anthropic: readonly Case[] = [
  ['plain', 'messages', message({ input_tokens: 10, output_tokens: 5 }), '10 in, 5 out'],
  [
    'cached tokens are beside', 'messages',
    message({ input_tokens: 10, cache_read_input_tokens: 30, cache_creation_input_tokens: 20, output_tokens: 5 }),
    '10+30r+20w in, 5 out',
  ],
  [
    'nulls are absent', 'messages',
    message({
      input_tokens: 10, cache_read_input_tokens: null, cache_creation_input_tokens: null, cache_creation: null,
      output_tokens: 5,
    }),
    '10 in, 5 out',
  ],
  [
    'writes by lifetime', 'messages',
    message({
      input_tokens: 10, cache_creation_input_tokens: 20,
      cache_creation: { ephemeral_5m_input_tokens: 15, ephemeral_1h_input_tokens: 5 }, output_tokens: 5,
    }),
    '10+20w 5m:15 1h:5 in, 5 out',
  ],
  [
    'lifetimes alone', 'messages',
    message({
      input_tokens: 10, cache_creation: { ephemeral_5m_input_tokens: 15, ephemeral_1h_input_tokens: 0 }, output_tokens: 5,
    }),
    '10+15w 5m:15 1h:0 in, 5 out',
  ],
  [
    'thinking is inside', 'messages',
    message({ input_tokens: 10, output_tokens: 50, output_tokens_details: { thinking_tokens: 40 } }), '10 in, 10+40r out',
  ],
  [
    'server tools', 'messages',
    message({ input_tokens: 10, output_tokens: 5, server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 } }),
    '10 in, 5 out, 2 webSearch, 1 webFetch',
  ],
  [
    'compaction is beside', 'messages',
    message({
      input_tokens: 10, output_tokens: 5,
      iterations: [
        { type: 'compaction', input_tokens: 180, output_tokens: 9 },
        { type: 'message', input_tokens: 10, output_tokens: 5 },
      ],
    }),
    '10 in, 5 out, 180 compactionInput, 9 compactionOutput',
  ],
  [
    'stream', 'messages',
    events(start({ input_tokens: 10, cache_read_input_tokens: 30, output_tokens: 1 }), delta({ output_tokens: 5 })),
    '10+30r in, 5 out',
  ],
  [
    'stream: later counts replace', 'messages',
    events(
      start({ input_tokens: 10, output_tokens: 1 }), delta({ output_tokens: 5 }),
      delta({ input_tokens: 25, output_tokens: 9 }),
    ),
    '25 in, 9 out',
  ],
  [
    'stream: null keeps', 'messages',
    events(
      start({ input_tokens: 10, cache_read_input_tokens: 30, output_tokens: 1 }),
      delta({ input_tokens: null, cache_read_input_tokens: null, output_tokens: 5 }),
    ),
    '10+30r in, 5 out',
  ],
  [
    'stream: the first output count is a placeholder', 'messages',
    cut(start({ input_tokens: 10, cache_read_input_tokens: 30, output_tokens: 1 })), '10+30r in, ? out, incomplete',
  ],
  [
    'stream: searches are told last', 'messages',
    events(
      start({ input_tokens: 10, output_tokens: 1 }),
      delta({ output_tokens: 5, server_tool_use: { web_search_requests: 1 } }),
    ),
    '10 in, 5 out, 1 webSearch',
  ],
  [
    'stream: cut in a second message', 'messages',
    cut(start({ input_tokens: 10 }), delta({ output_tokens: 5 }), start({ input_tokens: 20, output_tokens: 1 })),
    '20 in, ? out, incomplete',
  ],
  ['stream: nothing told', 'messages', events(start(undefined), { type: 'message_stop' }), '? in, ? out, incomplete'],
]

describe('OpenAI chat', () => {
  checkCases(openaiChat)
})
describe('OpenAI responses', () => {
  checkCases(openaiResponses)
})
describe('input only', () => {
  checkCases(inputOnly)
})
describe('images and sound', () => {
  checkCases(media)
})
describe('Anthropic messages', () => {
  checkCases(anthropic)
})

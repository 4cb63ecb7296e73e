import { describe, expect, test } from 'vitest'
import { Profiler, type Usage } from 'spanwise'
import { checkTrace } from './laws.ts'
import { callOnce, Events, paths, type Api } from './support/fake-client.ts'
import { seeded } from './support/random.ts'

/** Answers that no API gives, and some that broken servers do: the user gets them as they are, and the record stays true. */

const apis = Object.keys(paths) as Api[]
const recording = (): Profiler => new Profiler({ enabled: true, sampleRate: 1, content: 'full' })

const NAMES = [
  'prompt_tokens', 'completion_tokens', 'total_tokens', 'prompt_tokens_details', 'completion_tokens_details',
  'cached_tokens', 'reasoning_tokens', 'cache_write_tokens', 'cache_write_tokens_details', 'ttl_30m_tokens',
  'ttl_12h_tokens', 'input_tokens', 'output_tokens', 'input_tokens_details', 'output_tokens_details',
  'input_token_details', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'cache_creation',
  'ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens', 'thinking_tokens', 'iterations', 'server_tool_use',
  'web_search_requests', 'web_fetch_requests', 'promptTokenCount', 'candidatesTokenCount', 'thoughtsTokenCount',
  'toolUsePromptTokenCount', 'totalTokenCount', 'cachedContentTokenCount', 'inputTokens', 'outputTokens',
  'cacheReadInputTokens', 'total_input_tokens', 'total_output_tokens', 'billed_units', 'prompt_eval_count', 'eval_count',
  'input_token_count', 'generated_token_count', 'inputTextTokenCount', 'results', 'tokenCount', 'type',
  'prompt_cache_hit_tokens', '__proto__', 'constructor', 'image_gen', 'web_search', 'num_requests',
]

/** A value of a usage object: most often a plain count, else anything. */
function anything(random: () => number, depth: number): unknown {
  const pick = <T>(...all: readonly T[]): T => all[Math.floor(random() * all.length)]!
  const kind = random()
  if (kind < 0.45) return Math.floor(random() * 1_000)
  if (kind < 0.6 && depth < 5) return anyUsage(random, depth + 1)
  if (kind < 0.65 && depth < 5) return [anyUsage(random, depth + 1), anything(random, depth + 1)]
  return pick<unknown>(
    undefined, null, Number.NaN, Number.POSITIVE_INFINITY, -1, -0, 0.5, '12', '', true, 2 ** 53 - 1, 2 ** 53, 1e300, 10n,
    Symbol.iterator, () => 5, new Date(0), new Map([['prompt_tokens', 5]]), 'x'.repeat(5_000),
  )
}

function anyUsage(random: () => number, depth = 0): Record<string, unknown> {
  const usage: Record<string, unknown> = Object.create(random() < 0.9 ? Object.prototype : null) as Record<string, unknown>
  for (let left = Math.floor(random() * 8); left > 0; left--) {
    const name = NAMES[Math.floor(random() * NAMES.length)]!
    const value = anything(random, depth)
    Object.defineProperty(usage, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return usage
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

/** What is plain in a usage object stands in `raw` as it was. */
function expectKept(usage: Usage | undefined, said: Record<string, unknown>): void {
  const isPlain = (value: unknown): boolean =>
    typeof value === 'number' ? Number.isFinite(value) : typeof value === 'boolean' || value === '12'
  const plain = Object.entries(said).filter(([name, value]) => name !== '__proto__' && isPlain(value))
  expect(usage?.raw).toMatchObject(Object.fromEntries(plain))
}

test('10,000 usage objects of any shape: sums hold, what was said is kept, what cannot be trusted is absent', async () => {
  const random = seeded(20261)
  const profiler = recording()
  const places: readonly ((usage: unknown) => unknown)[] = [
    (usage) => ({ usage }),
    (usage) => ({ usage, tool_usage: usage, choices: null }),
    (usage) => new Events([{ usage, choices: [] }]),
    (usage) => new Events([{ type: 'response.completed', response: { usage } }]),
    (usage) => new Events([{ type: 'message_start', message: { usage } }, { type: 'message_delta', usage }]),
    (usage) => usage,
  ]
  for (let i = 0; i < 10_000; i++) {
    const said = anyUsage(random)
    const api = apis[i % apis.length]!
    const place = Math.floor(random() * places.length)
    const answer = places[place]!(said)
    const text = inspect(said)
    expect(await callOnce(api, answer, profiler)).toBe(answer)
    expect(inspect(said)).toBe(text)
    const trace = profiler.lastTrace!
    checkTrace(trace)
    expect(() => JSON.stringify(trace)).not.toThrow()
    const usage = trace.spans[0]?.llm?.usage
    if (api === 'complete' || api === 'embeddings') continue
    if (place !== 0) continue
    expectKept(usage, said)
    if (api !== 'chat' || !('prompt_tokens' in said)) continue
    expect(usage?.input?.total).toBe(isCount(said['prompt_tokens']) ? said['prompt_tokens'] : undefined)
  }
  expect(profiler.stats().firstSelfError).toBeUndefined()
})

const asText = (_name: string, part: unknown): unknown => (typeof part === 'object' ? part : String(part))
const inspect = (value: unknown): string => JSON.stringify(value, asText)

const circular: Record<string, unknown> = { id: 'c', choices: [{ message: { content: 'Hi', tool_calls: [] } }] }
circular['usage'] = { prompt_tokens: 1, self: circular }

const thrower = (): never => {
  throw new Error('no')
}
const throwing = (names: readonly string[]): object =>
  Object.defineProperties({}, Object.fromEntries(names.map((name) => [name, { enumerable: true, get: thrower }])))

/** Refuses everything but being awaited, which is the user's own doing. */
const refusing = new Proxy({}, {
  get: (_target, name) => (name === 'then' ? undefined : thrower()),
  has: thrower, ownKeys: thrower, getOwnPropertyDescriptor: thrower, getPrototypeOf: thrower,
})

const ANSWERS: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  'a null': null,
  'a number': 5,
  'a text': 'Hi',
  'a symbol': Symbol('s'),
  'a function': () => 'Hi',
  'an empty object': {},
  'an empty list': [],
  'a list of nulls': [null, undefined, 0],
  'choices null': { choices: null, usage: null },
  'choices an object': { choices: { 0: { message: {} } } },
  'choices of nulls': { choices: [null, 5, 'x', []] },
  'content a number': { choices: [{ message: { content: 5, reasoning: [] } }], content: [{ type: 'text', text: 5 }] },
  'tool calls an object': { choices: [{ message: { tool_calls: { id: 'x' } } }] },
  'tool calls of nulls': {
    choices: [{ message: { tool_calls: [null, 5, {}, { function: null }, { function: { name: 5, arguments: {} } }] } }],
  },
  'content of nulls': {
    content: [null, 5, { type: 5 }, { type: 'tool_use', input: 5 }, { type: 'thinking' }],
    output: [null, 5, { type: 'message', content: 5 }],
  },
  'output an object': { output: { type: 'message' }, status: 5, error: 'x' },
  'failed without an error': { status: 'failed', output: null },
  'a failed status with a number for a message': { status: 'failed', error: { code: 5, message: {} } },
  'ids of other types': { id: 5, model: {}, choices: [{ finish_reason: 5 }], stop_reason: [] },
  circular,
  'getters that throw': throwing(['id', 'model', 'usage', 'choices', 'content', 'output', 'status']),
  'a choice whose getters throw': {
    choices: [throwing(['message', 'finish_reason', 'text'])], content: [throwing(['type'])], output: [throwing(['type'])],
  },
  'usage whose getters throw': { usage: throwing(['prompt_tokens', 'input_tokens']) },
  'usage that refuses': { usage: refusing, choices: refusing, content: refusing, output: refusing },
  'a frozen answer': Object.freeze({ choices: Object.freeze([]), usage: Object.freeze({ prompt_tokens: 1 }) }),
  'big integers': {
    id: 5n, usage: { prompt_tokens: 5n }, choices: [{ message: { content: [{ type: 'image', image_url: 5n }] } }],
  },
  'a prototype in the JSON': JSON.parse('{"__proto__":{"usage":{}},"usage":{"__proto__":{"prompt_tokens":5}}}'),
}

describe('answers of any shape reach the user as they are', () => {
  test.each(Object.entries(ANSWERS))('%s', async (_what, answer) => {
    for (const api of apis) {
      const profiler = recording()
      expect(await callOnce(api, answer, profiler)).toBe(answer)
      expectRecorded(profiler)
    }
  })
})

describe('and so do events', () => {
  const deltas: readonly unknown[] = [
    { choices: [{ index: 'x', delta: null }] },
    { choices: [{ delta: { content: [null, 5, { type: 'thinking', thinking: 5 }] } }] },
    { choices: [{ delta: { tool_calls: [null, { index: 0 }, { index: {}, function: 5 }] } }] },
    { choices: [{ delta: { tool_calls: { index: 0 } }, text: 5 }] },
    { type: 'content_block_delta' },
    { type: 'content_block_delta', index: 0, delta: { text: 5, partial_json: {} } },
    { type: 'content_block_start', content_block: null },
    { type: 'message_start', message: 5 },
    { type: 'message_delta', delta: null, usage: 5 },
    { type: 'response.output_text.delta', delta: { a: 1 }, output_index: {} },
    { type: 'response.output_item.added', item: null },
    { type: 'response.created', response: null },
    { type: 'response.completed', response: null },
    { type: 'completion', completion: 5 },
    throwing(['type', 'choices', 'usage', 'delta']),
    refusing,
  ]
  const all = [...Object.values(ANSWERS).filter((answer) => answer !== undefined), ...deltas]
  test.each(apis)('%s', async (api) => {
    for (const event of all) {
      const profiler = recording()
      const answer = new Events([event, event])
      expect(await callOnce(api, answer, profiler)).toBe(answer)
      expect(answer.seen.every((seen) => seen === event)).toBe(true)
      expect(answer.seen.length).toBe(2)
      expectRecorded(profiler)
    }
  })
})

describe('requests of any shape are sent as they are', () => {
  const requests: Readonly<Record<string, object>> = {
    'messages null': { model: 'm', messages: null, tools: null, input: null },
    'messages of nulls': { model: 'm', messages: [null, 5, 'x', []], tools: [null, 5], input: [null, {}], system: [null] },
    'content a number': {
      model: 'm', messages: [{ role: 5, content: 5 }, { role: 'tool', content: {} }], input: [{ role: 'user', content: 5 }],
    },
    'roles that are names of every object': {
      model: 'm', messages: [{ role: 'constructor', content: 'x' }, { role: '__proto__', content: 'x' }, { role: 'toString', content: 'x' }],
      input: [{ role: 'constructor', content: 'x' }, { type: 'valueOf', content: 'x' }],
    },
    'a model that is no text': { model: 5, messages: [] },
    circular: { model: 'm', messages: [circular], tools: [circular], input: [circular], system: [circular] },
    'a message whose getters throw': {
      model: 'm', messages: [throwing(['role'])], input: [throwing(['type'])], tools: [throwing(['name'])],
    },
    'a message that refuses': { model: 'm', messages: [refusing], input: [refusing], tools: [refusing], system: refusing },
    'big integers': {
      model: 'm', max_tokens: 5n, messages: [{ role: 'user', content: [{ type: 'x', data: 5n }] }],
      input: [{ type: 'x', data: 5n }],
    },
  }
  test.each(Object.entries(requests))('%s', async (_what, request) => {
    for (const api of apis) {
      const profiler = recording()
      const answer = {}
      expect(await callOnce(api, answer, profiler, request)).toBe(answer)
      if (profiler.traces.length > 0) expectRecorded(profiler)
    }
  })
})

function expectRecorded(profiler: Profiler): void {
  expect(profiler.traces.length).toBe(1)
  const trace = profiler.lastTrace!
  checkTrace(trace)
  expect(trace.spans.length).toBe(1)
  expect(trace.spans[0]?.outcome.state).not.toBe('open')
  expect(JSON.parse(JSON.stringify(trace))).toEqual(trace)
}

import { describe, expect, test } from 'vitest'
import { analyze, type Analysis } from 'spanwise'
import { cacheRules } from '../src/analyze/cache-rules.ts'
import { draw, text } from './draw.ts'
import { checkAnalysis } from './laws.ts'
import { callOnce, events, type Api } from './support/fake-client.ts'
import { recorded } from './support/recorded.ts'

/** `3 unknown/unknown 8000 of 9000`: number of the call, cause and side, tokens lost of those held; and the call that still had them. */
function breaks(drawing: string): string {
  const analysis = analyzed(drawing)
  return (analysis.cache?.breaks ?? []).map(({ call, cause, side, tokens, cacheableTokens, stillHeldBy }) =>
    `${call} ${cause}/${side} ${tokens} of ${cacheableTokens}${stillHeldBy === undefined ? '' : ` still held by ${stillHeldBy}`}`).join('\n')
}

function analyzed(drawing: string): Analysis {
  const analysis = analyze(draw(drawing))
  checkAnalysis(analysis)
  return analysis
}

const codes = ({ findings, observations }: Analysis): string =>
  [...findings, ...observations].map(({ code }) => code).filter((code) => code.startsWith('CACHE')).join()

describe('a transcript, of which only the counts are known', () => {
  const session = (calls: string): string => `
    session 0-900000 gen_ai.conversation.id=s1
      ${calls}`
  const claude = 'provider=anthropic model=claude-sonnet-4-5'

  test('that reads what was cached before has no break', () => {
    const drawing = session(`a 0-5000 llm ${claude} in=9000 written=9000 out=10
      b 6000-9000 llm ${claude} in=9500 cached=9000 written=500 out=10
      c 10000-12000 llm ${claude} in=9900 cached=9500 written=400 out=10`)
    expect(breaks(drawing)).toBe('')
    expect(analyzed(drawing).cache).toMatchObject({ compared: 2, readShare: 18_500 / 28_400 })
  })

  test('that paid again within the lifetime: nobody is blamed', () => {
    const drawing = session(`a 0-5000 llm ${claude} in=9000 written=9000 out=10
      b 6000-9000 llm ${claude} in=9500 written=9500 out=10`)
    expect(breaks(drawing)).toBe('2 unknown/unknown 9000 of 9000')
    expect(codes(analyzed(drawing))).toBe('CACHE003')
    const [found] = analyzed(drawing).cache!.breaks
    // A write costs 3.75 and a read 0.30 dollars a million.
    expect(found!.costUsd).toBeCloseTo(9_000 * (3.75 - 0.3) / 1e6, 9)
  })

  test('a later call that still read it shows that it had not been lost', () => expect(breaks(session(`
      a 0-5000 llm ${claude} in=9000 written=9000 out=10
      b 6000-9000 llm ${claude} in=12000 written=12000 out=10
      c 10000-12000 llm ${claude} in=13000 cached=9000 written=4000 out=10`))).toBe(text(`
    2 unknown/unknown 9000 of 9000 still held by 3
    3 unknown/unknown 3000 of 12000
  `)))

  test('a pause longer than five minutes; longer than an hour where the writes are for an hour', () => {
    const pause = (minutes: number, written: string): string => session(`a 0-5000 llm ${claude} in=9000 ${written}=9000 out=10
      b ${5000 + minutes * 60_000}-${9000 + minutes * 60_000} llm ${claude} in=9500 ${written}=9500 out=10`)
    expect(breaks(pause(6, 'written'))).toBe('2 expired/actionable 9000 of 9000')
    expect(breaks(pause(6, 'written1h'))).toBe('2 unknown/unknown 9000 of 9000')
    expect(breaks(pause(61, 'written1h'))).toBe('2 expired/actionable 9000 of 9000')
    expect(codes(analyzed(pause(6, 'written')))).toBe('CACHE002')
    // Between the two ends of the call before: an entry lives from its last use.
    expect(analyzed(pause(4.95, 'written')).cache!.breaks[0]).toMatchObject({ cause: 'expired', confidence: 'possible' })
  })

  test('a context that became shorter is another one', () => expect(breaks(session(`
      a 0-5000 llm ${claude} in=90000 written=90000 out=10
      b 6000-9000 llm ${claude} in=20000 cached=4000 written=16000 out=10`))).toBe(''))

  test.each([
    ['less than is worth a word', 'in=9500 cached=8200 written=1300', ''],
    ['a tenth of what was held', 'in=9500 cached=7900 written=1600', '2 unknown/unknown 1100 of 9000'],
  ])('%s', (_what, second, expected) => expect(breaks(session(`
      a 0-5000 llm ${claude} in=9000 written=9000 out=10
      b 6000-9000 llm ${claude} ${second} out=10`))).toBe(expected))

  test('agents beside each other are conversations of their own', () => expect(breaks(`
    session 0-900000 gen_ai.conversation.id=s1
      a 0-5000 llm ${claude} in=9000 written=9000 out=10
      sub 6000-20000 agent gen_ai.agent.id=a1
        x 6000-9000 llm ${claude} in=5000 written=5000 out=10
        y 10000-12000 llm ${claude} in=6000 cached=5000 written=1000 out=10
      b 21000-24000 llm ${claude} in=9500 cached=9000 written=500 out=10
  `)).toBe(''))

  test('a request that began before the one before had ended is not compared', () => expect(analyzed(session(`
      a 0-5000 llm ${claude} in=9000 written=9000 out=10
      b 4000-9000 llm ${claude} in=9500 written=9500 out=10`)).cache).toBeUndefined())
})

describe('what is not claimed', () => {
  test('of calls of which neither parts nor a conversation are known', () => expect(analyzed(`
    agent 0-100
      a 0-10 llm model=gpt-4o in=9000 cached=5000 out=10
      b 20-30 llm model=gpt-4o in=9500 out=10
  `).cache).toBeUndefined())

  test('of requests with the same system text and other messages', () => expect(analyzed(`
    agent 0-100
      a 0-10 llm model=gpt-4o in=9000 cached=8960 out=10 parts=system:30000,user:50
      b 20-30 llm model=gpt-4o in=9000 out=10 parts=system:30000,user:60
  `).cache).toBeUndefined())

  test('of a model whose cache has no known rules, beyond what it read before', () => {
    const drawing = (first: string): string => `
      agent 0-100
        a 0-10 llm provider=house model=house-1 ${first} out=10 answer=100 parts=user:36000
        b 20-30 llm provider=house model=house-1 in=9500 out=10 repeats=a parts=user:100`
    expect(breaks(drawing('in=9000'))).toBe('')
    expect(breaks(drawing('in=9000 cached=6000'))).toBe('2 nothing-changed/provider 6000 of 6000')
    expect(analyzed(drawing('in=9000')).cache!.neverCached).toEqual([])
  })

  test('of estimated counts', () => expect(analyzed(`
    agent 0-100
      a 0-10 llm provider=anthropic model=claude-sonnet-4-5 answer=100 parts=user:36000
      b 20-30 llm provider=anthropic model=claude-sonnet-4-5 answer=200 repeats=a parts=user:100
  `).cache).toBeUndefined())
})

test('a request that only goes on, of a provider that caches by itself in whole blocks', () => expect(breaks(`
  agent 0-100000
    a 0-1000 llm model=gpt-4.1 in=9000 cached=4096 out=10 parts=user:36000 answer=100
    b 2000-3000 llm model=gpt-4.1 in=9500 out=10 repeats=a parts=user:100
`)).toBe('2 nothing-changed/provider 8960 of 8960'))

describe('rules', () => {
  const none = new Set<string>()
  test.each([
    ['anthropic', 'claude-sonnet-4-5-20250929', 1_024], ['anthropic', 'claude-opus-4-6', 4_096], ['anthropic', 'claude-haiku-4-5', 4_096],
    ['anthropic', 'claude-3-5-haiku-20241022', 2_048], ['aws.bedrock', 'us.anthropic.claude-sonnet-4-20250514-v1:0', 1_024],
    ['openai', 'gpt-4.1', 1_024], ['azure.ai.openai', 'gpt-5-mini', 1_024],
    ['openai', 'gpt-4-turbo', undefined], ['openai', 'gpt-3.5-turbo', undefined], ['gcp.gemini', 'gemini-3-pro', undefined],
  ])('%s %s caches from %s tokens on', (provider, model, minimum) => expect(cacheRules(provider, model, none)?.minimumTokens).toBe(minimum))

  test('lifetimes', () => {
    const minutes = (provider: string, model: string, ttls: ReadonlySet<string> = none): number[] => {
      const { atLeast, atMost } = cacheRules(provider, model, ttls)!.lifetimeNs
      return [atLeast / 60e9, atMost / 60e9]
    }
    expect(minutes('anthropic', 'claude-opus-4-6')).toEqual([5, 5])
    expect(minutes('anthropic', 'claude-opus-4-6', new Set(['1h']))).toEqual([60, 60])
    expect(minutes('anthropic', 'claude-opus-4-6', new Set(['1h', '5m']))).toEqual([5, 5])
    expect(minutes('openai', 'gpt-4.1')).toEqual([5, 1_440])
    expect(minutes('openai', 'gpt-5.6')).toEqual([30, 1_440])
    expect(minutes('openai', 'gpt-5.6', new Set(['12h']))).toEqual([720, 1_440])
  })
})

describe("the provider's own reason for a miss is recorded", () => {
  const told = async (api: Api, answer: unknown): Promise<unknown> => {
    const { profiler } = recorded()
    await callOnce(api, answer, profiler, api === 'messages' ? { model: 'm', messages: [], max_tokens: 1 } : { model: 'm', input: 'Hi' })
    const { attributes } = profiler.lastTrace!.spans.find(({ llm }) => llm !== undefined)!
    return [attributes?.['spanwise.cache.miss_reason'], attributes?.['spanwise.cache.missed_tokens']]
  }
  const message = (diagnostics: unknown): object =>
    ({ id: 'msg_1', model: 'm', role: 'assistant', content: [], usage: { input_tokens: 1, output_tokens: 1 }, diagnostics })
  const response = (told: unknown): object => ({ id: 'resp_1', model: 'm', output: [], prompt_cache_diagnostics: told })

  test.each<[string, Api, unknown, unknown]>([
    ['Anthropic', 'messages', message({ cache_miss_reason: { type: 'system_changed', cache_missed_input_tokens: 4_096 } }), ['system_changed', 4_096]],
    ['Anthropic without tokens', 'messages', message({ cache_miss_reason: { type: 'unavailable' } }), ['unavailable', undefined]],
    ['Anthropic, in a stream', 'messages', events(
      { type: 'message_start', message: message({ cache_miss_reason: { type: 'tools_changed', cache_missed_input_tokens: 7 } }) },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
    ), ['tools_changed', 7]],
    ['Anthropic, not yet known', 'messages', message({ cache_miss_reason: null }), [undefined, undefined]],
    ['OpenAI', 'responses', response({ type: 'cache_miss', reason: 'tools_changed', cache_missed_tokens: 2_048 }), ['tools_changed', 2_048]],
    ['OpenAI, a hit', 'responses', response({ type: 'cache_hit' }), [undefined, undefined]],
    ['of another shape', 'responses', response('because'), [undefined, undefined]],
    ['none', 'messages', message(undefined), [undefined, undefined]],
  ])('%s', async (_what, api, answer, expected) => expect(await told(api, answer)).toEqual(expected))
})

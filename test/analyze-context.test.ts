import { describe, expect, test } from 'vitest'
import { analyze, type Analysis } from 'spanwise'
import { imageTokens } from '../src/analyze/context-media.ts'
import type { Span, Trace } from '../src/model/span.ts'
import { draw } from './draw.ts'
import { checkAnalysis } from './laws.ts'
import { CLAUDE, recordedTurns, traceOf, type Said, type Turn } from './support/cached-conversation.ts'

const analyzed = (trace: Trace, options = {}): Analysis => {
  const analysis = analyze(trace, options)
  checkAnalysis(analysis)
  return analysis
}
const codes = ({ findings, observations }: Analysis, only: RegExp): string[] =>
  [...findings, ...observations].map(({ code }) => code).filter((code) => only.test(code))

const MODEL = 'claude-sonnet-4-5-20250929'
/** 4 characters a token, so that figures can be followed by hand. */
const BY_LENGTH = { tokens: false } as const
const conversation = (count: number, said: (turn: number) => readonly Said[], head: readonly Said[] = []): Turn[] => {
  const history: Said[] = [...head]
  return Array.from({ length: count }, (_, i) => {
    history.push(...said(i))
    const answer: Said[] = [{ kind: 'assistant', text: `answer ${i} `.repeat(20) }]
    const turn: Turn = { model: MODEL, request: [...history], answer, startMs: i * 3_000, endMs: i * 3_000 + 2_000 }
    history.push(...answer)
    return turn
  })
}

describe('composition', () => {
  const drawing = `
    agent 0-100
      ask 0-10 llm model=gpt-4o in=1000 out=10 asks=search#c1,orders#c2 parts=system:2000,user:400
      search 10-20 call=c1 by=ask
      orders 20-30 call=c2 by=ask
      answer 30-90 llm model=gpt-4o in=1300 out=10 repeats=ask carries=c1,c2
  `
  test('is by line: system, roles, each tool result by name and call, adding up to the provider\'s count', () => {
    const [, answer] = analyzed(draw(drawing)).context.calls
    expect(answer!.parts).toEqual([
      { kind: 'system', count: 1, tokens: 1024 },
      { kind: 'user', count: 1, tokens: 205 },
      { kind: 'tool-result', name: 'search', callId: 'c1', count: 1, tokens: 26 },
      { kind: 'tool-result', name: 'orders', callId: 'c2', count: 1, tokens: 25 },
      { kind: 'tool-call', count: 2, tokens: 20 },
    ])
    expect(answer!.parts!.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(1300)
  })

  test('names each definition, and sums up what is too much to show', () => {
    const tools = Array.from({ length: 12 }, (_, i): Said => ({ kind: 'tool-definition', name: `tool${i}`, text: 'x'.repeat(400 + i * 40) }))
    const { context } = analyzed(traceOf(conversation(2, () => [{ kind: 'user', text: 'hello '.repeat(30) }], tools), CLAUDE), BY_LENGTH)
    const [small, large] = context.calls
    expect(small!.parts).toHaveLength(6)
    expect(small!.parts!.at(-1)).toMatchObject({ kind: 'rest', count: 8 })
    expect(large!.parts!.filter(({ kind }) => kind === 'tool-definition').map(({ name }) => name)).toHaveLength(12)
    expect(context.weighedBy).toBe('characters')
  })

  test('of a request for which the provider counted nothing is nothing', () => {
    const { context } = analyzed(draw(`
      agent 0-100
        ask 0-10 llm model=gpt-4o in=0 out=10 parts=system:2000,user:400
    `))
    expect(context.calls[0]).toMatchObject({ composition: { system: 0, user: 0 }, parts: [{ tokens: 0 }, { tokens: 0 }] })
  })

  test('is weighed by tokens where texts are there: the same length of prose and of digits is not the same size', () => {
    const prose = 'the cat sat on the mat and looked at the dog '.repeat(40)
    const digits = Array.from({ length: prose.length }, (_, i) => (i * 7919) % 10).join('')
    const trace = traceOf(conversation(1, () => [{ kind: 'system', text: prose }, { kind: 'user', text: digits }]), CLAUDE)
    const { context } = analyzed(trace)
    const { system = 0, user = 0 } = context.calls[0]!.composition!
    expect(context.weighedBy).toBe('tokens')
    expect(user / system).toBeGreaterThan(1.3)
    const even = analyzed(trace, BY_LENGTH).context.calls[0]!.composition!
    expect(Math.abs(even['user']! - even['system']!)).toBeLessThan(2)
  })
})

describe('growth', () => {
  const grown = (inputs: readonly number[]): Analysis => analyzed(draw([
    '    agent 0-1000',
    ...inputs.map((input, i) => `      t${i} ${i * 10}-${i * 10 + 9} llm model=gpt-4o in=${input} out=100 answer=${400 + i} `
      + (i === 0 ? 'parts=system:400,user:40' : `repeats=t${i - 1} parts=user:${50 + i}`)),
  ].join('\n')))

  test('is a line through the turns, and says when the window is full', () => {
    const analysis = grown([10_000, 20_000, 30_000, 40_000, 50_000, 60_000, 70_000])
    expect(analysis.context.growth).toEqual([{ calls: [1, 2, 3, 4, 5, 6, 7], tokensPerTurn: 10_000, fit: 1, turnsLeft: 5 }])
    expect(codes(analysis, /CTX005/)).toEqual(['CTX005'])
    expect(analysis.observations.find(({ code }) => code === 'CTX005')!.title)
      .toBe('The context grows by 10,000 tokens a turn and will be full 5 turns after call 7')
  })

  test('begins anew where the context was compacted', () => {
    const { context } = grown([10_000, 50_000, 90_000, 12_000, 14_000, 16_000])
    expect(context.growth).toMatchObject([{ calls: [4, 5, 6], tokensPerTurn: 2_000 }])
  })

  test('foretells nothing of a context that does not grow, or of two turns', () => {
    expect(grown([5_000, 5_000, 5_000, 5_000]).context.growth![0]).not.toHaveProperty('turnsLeft')
    expect(grown([5_000, 6_000]).context).not.toHaveProperty('growth')
  })

  test('is silent where the scatter hides the line, or the window is far', () => {
    expect(codes(grown([1_000, 2_000, 3_000, 4_000, 5_000]), /CTX005/)).toEqual([])
    expect(codes(grown([60_000, 90_000, 75_000, 95_000, 80_000, 99_000]), /CTX005/)).toEqual([])
  })
})

describe('what stays', () => {
  const long = (word: string): string => `${word} `.repeat(2_000)
  const turns = conversation(5, (i) => (i === 1
    ? [{ kind: 'tool-call', text: '{}', name: 'read', callId: 'c1' }, { kind: 'tool-result', text: long('alpha'), callId: 'c1' }]
    : [{ kind: 'user', text: `Question ${i} about the run. `.repeat(8) }]),
  [{ kind: 'tool-definition', name: 'read', text: 'r'.repeat(4_000) }, { kind: 'tool-definition', name: 'write', text: 'w'.repeat(6_000) }])

  test('a tool result: tokens times turns, by where it stood in what was cached', () => {
    const { context } = analyzed(traceOf(turns, CLAUDE), BY_LENGTH)
    const [stay] = context.results!
    expect(stay).toMatchObject({ name: 'read', callId: 'c1', firstCall: 2, lastCall: 5, turns: 4 })
    expect(stay!.totalTokens / stay!.tokens).toBeCloseTo(4, 1)
    // Written to the cache by its first request, read from it by three.
    expect(stay!.cachedTokens / stay!.totalTokens).toBeCloseTo(3 / 4, 1)
    const perToken = 3 / 1e6
    expect(stay!.costUsd! / (stay!.tokens * perToken * (1.25 + 3 * 0.1))).toBeCloseTo(1, 1)
    expect(stay!.laterCostUsd! / (stay!.tokens * perToken * 3 * 0.1)).toBeCloseTo(1, 1)
    expect(stay!.uncachedCostUsd! / (stay!.tokens * perToken * 4)).toBeCloseTo(1, 1)
    // Nobody looked for values, so nothing is said of its use.
    expect(stay).not.toHaveProperty('repeated')
    expect(codes(analyzed(traceOf(turns, CLAUDE), BY_LENGTH), /CTX003/)).toEqual([])
  })

  test('CTX002: a definition that nobody called', () => {
    const analysis = analyzed(traceOf(turns, CLAUDE), BY_LENGTH)
    expect(analysis.context.definitions).toMatchObject([
      { name: 'write', timesCalled: 0, requests: 5 }, { name: 'read', timesCalled: 1, requests: 5 },
    ])
    const [write] = analysis.context.definitions!
    expect(analysis.findings.find(({ code }) => code === 'CTX002')).toMatchObject({
      title: 'A tool was defined in up to 5 requests and never called: write', confidence: 'possible',
      saving: { tokens: write!.totalTokens, costUsd: write!.costUsd },
    })
    expect(analysis.findings.find(({ code }) => code === 'CTX002')!.spanIds).toHaveLength(5)
  })

  const withTool = (repeated: boolean): Trace => {
    const drawn = traceOf(turns, CLAUDE)
    const [root, first, second, ...rest] = drawn.spans
    const tool: Span = {
      id: 'f'.repeat(16), parentId: root!.id, traceId: drawn.id, name: 'read', category: 'tool', start: 2.1e9, end: 2.9e9,
      outcome: { state: 'ok' }, tool: { name: 'read', callId: 'c1', issuedBy: first!.id }, values: { seen: true },
    }
    const last = rest.at(-1)!
    const users = repeated ? [{ ...last, values: { repeats: [{ spanId: tool.id, kind: 'identifier' as const, count: 1 }] } }] : [last]
    return { ...drawn, spans: [root!, first!, tool, second!, ...rest.slice(0, -1), ...users] }
  }

  test('CTX003: a long result that nothing repeated, where values were looked for', () => {
    const idle = analyzed(withTool(false), BY_LENGTH)
    const [stay] = idle.context.results!
    expect(stay).toMatchObject({ repeated: false, spanId: 'f'.repeat(16) })
    expect(idle.findings.find(({ code }) => code === 'CTX003')).toMatchObject({
      confidence: 'likely', saving: { tokens: { low: 0, high: stay!.totalTokens - stay!.tokens }, costUsd: { low: 0, high: stay!.laterCostUsd } },
      title: 'A result of read stayed for up to 4 turns, and no later call or answer repeats a value of it',
    })
    const used = analyzed(withTool(true), BY_LENGTH)
    expect(used.context.results![0]).toMatchObject({ repeated: true })
    expect(codes(used, /CTX003/)).toEqual([])
  })

  test('CTX004: the same text again under another call', () => {
    const twice = conversation(4, (i) => [{ kind: 'tool-result', text: long(i < 2 ? 'same' : `other${i}`), callId: `c${i}`, name: 'read' }])
    const analysis = analyzed(traceOf(twice, CLAUDE), BY_LENGTH)
    expect(analysis.context.duplicates).toMatchObject([{ kind: 'tool-result', name: 'read', copies: 2, requests: 3, firstCall: 2, lastCall: 4 }])
    expect(codes(analysis, /CTX004/)).toEqual(['CTX004'])
    // Without texts, results of different calls are different parts.
    expect(codes(analyzed(traceOf(twice, CLAUDE, false), BY_LENGTH), /CTX004/)).toEqual([])
  })
})

describe('images', () => {
  const png = (width: number, height: number): string => {
    const head = new Uint8Array(24)
    head.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52])
    new DataView(head.buffer).setUint32(16, width)
    new DataView(head.buffer).setUint32(20, height)
    return Buffer.from(head).toString('base64')
  }
  const jpeg = (width: number, height: number): string => {
    const head = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc0, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 3, 0, 0, 0]
    return `data:image/jpeg;base64,${Buffer.from(head).toString('base64')}`
  }
  test.each([
    ['claude-sonnet-4-5', png(1024, 1024), 1399],
    ['claude-sonnet-4-5', png(4032, 3024), 2459],
    ['gpt-4o', jpeg(1024, 1024), 765],
    ['gpt-4o', png(2048, 4096), 1105],
    ['gpt-5', png(1024, 1024), 1024],
    ['gemini-2.5-pro', png(300, 300), 258],
    ['house-model', png(300, 300), undefined],
    ['gpt-4o', 'https://example.com/a.png', undefined],
  ])('%s', (model, sent, tokens) => expect(imageTokens(sent, model)).toBe(tokens))
})

test('each message is weighed once: 200 calls on 150,000 tokens, and the analysis grows with the calls, not with their history', () => {
  const chapter = (i: number): string => Array.from({ length: 420 }, (_, j) => `w${(i * 31 + j * 17) % 997} and`).join(' ')
  const turns = (count: number): Turn[] => conversation(count, (i) => [{ kind: 'user', text: chapter(i) }])
  let counted = 0
  const tokens = {
    countTokens: (text: string): number => {
      counted += text.length
      return Math.ceil(text.length / 4)
    },
    estimateRequestTokens: () => undefined, source: 'test',
  }
  const trace = traceOf(turns(200), CLAUDE)
  expect(trace.spans.at(-1)!.llm!.usage!.input!.total).toBeGreaterThan(150_000)
  const before = performance.now()
  const analysis = analyze(trace, { tokens })
  expect(performance.now() - before).toBeLessThan(1_000)
  expect(counted).toBeLessThanOrEqual(trace.parts.reduce((sum, { chars }) => sum + chars, 0))
  const half = analyze(traceOf(turns(100), CLAUDE), { tokens })
  expect(JSON.stringify(analysis).length / JSON.stringify(half).length).toBeLessThan(2.1)
})

test('a recorded conversation: parts of each call add up, and the order of the spans changes nothing', () => {
  const trace = traceOf(recordedTurns(MODEL), CLAUDE)
  const analysis = analyzed(trace)
  for (const { parts, input } of analysis.context.calls) expect(parts!.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(input!.total)
  const [root, ...rest] = trace.spans
  const shuffled = analyze({ ...trace, spans: [...rest.toReversed(), root!] })
  expect(shuffled.context).toEqual(analysis.context)
  expect(shuffled.cache).toEqual(analysis.cache)
})

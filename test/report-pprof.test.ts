import { describe, expect, test } from 'vitest'
import { ProtobufWriter } from '../reports/pprof/protobuf.ts'
import { renderPprof } from '../reports/pprof.ts'
import { analyze, type Analysis } from '../src/index.ts'
import { drawn, manyTurns, supportAgent } from './support/analysis-fixture.ts'
import { goldenAnalysis } from './support/golden-run.ts'
import { readPprof } from './support/pprof.ts'
import { randomTrace } from './support/random-run.ts'

const sums = (analysis: Analysis): number[] =>
  [0, 1, 2].map((i) => readPprof(renderPprof(analysis)).samples.reduce((sum, { values }) => sum + Number(values[i]), 0))

test('the head of the profile', () => {
  const profile = readPprof(renderPprof(goldenAnalysis))
  expect(profile.strings[0]).toBe('')
  expect(new Set(profile.strings).size).toBe(profile.strings.length)
  expect(profile.sampleTypes).toEqual(['wall/nanoseconds', 'tokens/count', 'cost/microdollar'])
  expect(profile.defaultSampleType).toBe('wall')
  expect(profile.locationIds).toEqual(profile.locationIds.map((_, i) => BigInt(i + 1)))
  expect(profile.timeNanos).toBe(BigInt(goldenAnalysis.run.startedAtEpochMs) * 1_000_000n)
  expect(profile.durationNanos).toBe(4_820_000_000n)
})

describe('sums', () => {
  test.each([['golden', goldenAnalysis], ['support agent', supportAgent], ['many turns', manyTurns]])('%s', (_, analysis) => {
    const { durationNs, usage, costUsd } = analysis.totals
    const [wall, tokens, cost] = sums(analysis)
    expect([wall, tokens]).toEqual([durationNs, usage.input.total + usage.output.total])
    expect(Math.abs(cost! - costUsd.knownUsd * 1e6)).toBeLessThanOrEqual(0.5)
  })

  test('random runs', () => {
    for (let seed = 0; seed < 300; seed++) {
      const analysis = analyze(randomTrace(seed))
      const { durationNs, usage } = analysis.totals
      expect([seed, ...sums(analysis).slice(0, 2)]).toEqual([seed, durationNs, usage.input.total + usage.output.total])
    }
  })

  test('many small costs are not rounded away', () => {
    const calls = Array.from({ length: 100 }, (_, i) => `  call${i} llm ${i}-${i + 1} in=1 out=1 usd=0.0000003`)
    expect(sums(drawn(['agent agent 0-100', ...calls].join('\n')))[2]).toBe(30)
  })
})

test('equal stacks are one sample, whatever is between them', () => {
  const { samples } = readPprof(renderPprof(drawn(`
    agent agent 0-100
      search tool 0-30
      llm llm 30-60 in=5 out=2
      search tool 60-100
  `)))
  expect(samples.map(({ stack, values }) => `${stack.join(';')} ${values.join(' ')}`)).toEqual([
    'agent [agent];search [tool] 70000000 0 0',
    'agent [agent];llm [llm] 30000000 7 0',
  ])
})

test('names of all kinds', () => {
  const names = { s0: 'a;b\n字 😀', s1: '__proto__', s2: '', s3: 'x'.repeat(5_000) }
  const profile = readPprof(renderPprof(drawn('a agent 0-9\n  b tool 0-3\n  c tool 3-6\n  d tool 6-8', { names })))
  const leaves = profile.samples.map(({ stack }) => stack.at(-1)).sort()
  expect(leaves).toEqual([' [tool]', '__proto__ [tool]', `${names.s0} [agent]`, `${names.s3} [tool]`].sort())
})

test('an empty run and one that is very deep', () => {
  expect(readPprof(renderPprof(drawn(''))).samples).toEqual([])
  const base = goldenAnalysis.spans[0]!
  const spans = Array.from({ length: 2_000 }, (_, depth) => ({
    ...base, id: `d${depth}`, depth, name: `level ${depth}`, wallNs: 1, ...(depth > 0 && { parentId: `d${depth - 1}` }),
  }))
  const { samples } = readPprof(renderPprof({ ...goldenAnalysis, spans, calls: [] }))
  expect(samples.length).toBe(2_000)
  expect(samples.at(-1)?.stack.length).toBe(512)
  expect(samples.at(-1)?.stack.at(-1)).toBe('level 1999 [agent]')
})

test.each<[number | bigint, string]>([
  [0, ''], [1, '08 01'], [127, '08 7f'], [128, '08 80 01'], [300, '08 ac 02'], [2 ** 32, '08 80 80 80 80 10'],
  [Number.MAX_SAFE_INTEGER, '08 ff ff ff ff ff ff ff 0f'], [1_793_491_200_000_000_001n, '08 81 80 a8 de e7 d7 f0 f1 18'],
])('the number %s', (value, hex) => {
  const writer = new ProtobufWriter()
  writer.number(1, value)
  expect(Array.from(writer.finish(), (byte) => byte.toString(16).padStart(2, '0')).join(' ')).toBe(hex)
})

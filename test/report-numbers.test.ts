import { expect, test } from 'vitest'
import { eighthBar } from '../reports/shared/bar.ts'
import {
  cachedShare, formatCost, formatCount, formatSaving, formatShare, formatTokens, formatWholeShare, plural,
} from '../reports/shared/numbers.ts'
import { addUsage, NO_USAGE, type Usage } from '../src/model/usage.ts'

test('counts have separators', () => {
  expect([0, 999, 1000, 18_204, 1_234_567.6].map(formatCount)).toEqual(['0', '999', '1,000', '18,204', '1,234,568'])
  expect([plural(1, 'call'), plural(1200, 'call'), plural(0, 'call')]).toEqual(['1 call', '1,200 calls', '0 calls'])
})

test('money has the digits that say something', () => {
  const usd = (knownUsd: number): string => formatCost({ knownUsd, unknownCalls: 0, estimatedCalls: 0 })
  expect([0, 1e-9, 0.000041, 0.00047, 0.0213, 0.5, 0.99996, 1.239, 1204.5].map(usd))
    .toEqual(['$0', '<$0.000001', '$0.000041', '$0.00047', '$0.0213', '$0.5000', '$1.00', '$1.24', '$1,204.50'])
})

test('money that is not known is not zero', () => {
  expect(formatCost({ knownUsd: 0, unknownCalls: 1, estimatedCalls: 0 })).toBe('unknown')
  expect(formatCost({ knownUsd: 0.5, unknownCalls: 1, estimatedCalls: 2 })).toBe('≥ ~$0.5000')
})

test('shares', () => {
  expect([0, 0.00001, 0.0001, 0.0021, 0.098, 0.0996, 0.734, 1].map(formatShare))
    .toEqual(['0 %', '<0.01 %', '0.01 %', '0.2 %', '9.8 %', '10 %', '73 %', '100 %'])
  expect([0, 0.001, 0.006, 0.734].map(formatWholeShare)).toEqual(['0 %', '<1 %', '1 %', '73 %'])
})

test('savings', () => {
  expect(formatSaving({ timeNs: 48e7, tokens: { low: 900, high: 2100 }, costUsd: { low: 0, high: 2 } }))
    .toEqual(['480 ms', '900 to 2,100 tokens', 'up to $2.00'])
  expect(formatSaving({ timeNs: { low: 3e8, high: 48e7 } })).toEqual(['300 to 480 ms'])
  expect(formatSaving({ timeNs: { low: 9e8, high: 12e8 } })).toEqual(['900 ms to 1.20 s'])
  expect(formatSaving({})).toEqual([])
})

test('sums of tokens say how far they can be trusted', () => {
  const call = (total: number, cacheRead: number, source: Usage['source']): Usage => ({
    input: { total, uncached: total - cacheRead, cacheRead, cacheWrite: 0 }, complete: true, source,
  })
  const known = addUsage(NO_USAGE, call(1000, 710, 'provider'))
  const partly = addUsage(addUsage(known, undefined), call(500, 0, 'estimated'))
  const text = (usage: typeof known): string => formatTokens(usage.input.total, usage)
  expect([known, partly, addUsage(NO_USAGE, undefined)].map(text)).toEqual(['1,000', '≥ ~1,500', 'unknown'])
  expect(cachedShare(known)).toBe(0.71)
  expect(cachedShare(addUsage(NO_USAGE, call(500, 0, 'estimated')))).toBeUndefined()
})

test('bars in eighths: anything above nothing is visible, nothing is longer than its column', () => {
  expect([0, 0.0001, 0.5, 0.53, 1, 1.2].map((share) => eighthBar(share, 4))).toEqual(['', '▏', '██', '██▏', '████', '████'])
})
